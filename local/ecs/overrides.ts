import { z } from "zod";

/** `overrides` of RunTask: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html */
export const overridesSchema = z.looseObject({
  containerOverrides: z
    .array(
      z.looseObject({
        name: z.string(),
        command: z.array(z.string()).optional(),
        environment: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
        cpu: z.number().int().min(0).optional(),
        memory: z.number().int().min(4).optional(),
        memoryReservation: z.number().int().min(4).optional(),
      }),
    )
    .optional(),
  cpu: z.string().optional(),
  memory: z.string().optional(),
});
export type Overrides = z.infer<typeof overridesSchema>;

/** The container's override, if the task has one for it. */
export function overrideOf(
  overrides: Overrides,
  container: string,
): NonNullable<Overrides["containerOverrides"]>[number] | undefined {
  return overrides.containerOverrides?.find(({ name }) => name === container);
}
