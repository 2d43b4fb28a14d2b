import { z } from "zod";
import { hookStages, lifecycleStages } from "./stages.ts";

/** One run of a lifecycle hook, as `lifecycleHookDetails` of DescribeServiceDeployments shows it. */
export const hookExecutionSchema = z.object({
  hookId: z.string(),
  /** Its position in `lifecycleHooks`. */
  hook: z.number(),
  stage: z.enum(hookStages),
  targetType: z.enum(["AWS_LAMBDA", "PAUSE"]),
  targetArn: z.string().optional(),
  status: z.enum(["AWAITING_ACTION", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT"]),
  expiresAt: z.number(),
  timeoutAction: z.enum(["ROLLBACK", "CONTINUE"]),
  /** Passed to the function with the next call. */
  details: z.unknown().optional(),
});
export type HookExecution = z.infer<typeof hookExecutionSchema>;

export const lifecycleSchema = z.object({
  /** The stages it goes through, made when it began (and anew for a rollback). */
  course: z.array(z.object({ stage: z.enum(lifecycleStages), step: z.number() })),
  /** Where in the course it is. */
  at: z.number(),
  enteredAt: z.number(),
  /** Until when it bakes there. */
  until: z.number().optional(),
  /** The hooks of this place in the course. */
  hooks: z.array(hookExecutionSchema),
});
export type Lifecycle = z.infer<typeof lifecycleSchema>;
