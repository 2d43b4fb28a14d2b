import { z } from "zod";

/**
 * Faults that EventBridge may show ("at least once, unordered", best effort for service events), switched on by tests and
 * demonstrations: an event that is lost, delivered twice, or late.
 */
export const faultSchema = z
  .strictObject({
    /** Only events of this detail type; absent: any. */
    detailType: z.string().optional(),
    mode: z.enum(["lose", "double", "delay"]),
    /** How many events it strikes. */
    times: z.int().min(1).default(1),
    /** For `delay`: how late. */
    milliseconds: z.int().min(0).max(86_400_000).optional(),
  })
  .refine((fault) => fault.mode !== "delay" || fault.milliseconds !== undefined, {
    error: "a delay needs milliseconds",
    path: ["milliseconds"],
  });

export type Fault = z.infer<typeof faultSchema>;

/** The faults that are waiting for an event. */
export interface Faults {
  add(fault: Fault): void;
  list(): readonly Fault[];
  clear(): void;
  /** Takes the first fault that fits an event, once. */
  strike(detailType: string): Fault | undefined;
}

export function createFaults(): Faults {
  let faults: readonly Fault[] = [];
  return {
    add(fault) {
      faults = [...faults, fault];
    },
    list: () => faults,
    clear() {
      faults = [];
    },
    strike(detailType) {
      const struck = faults.find(
        (fault) => fault.detailType === undefined || fault.detailType === detailType,
      );
      if (struck === undefined) return undefined;
      faults = faults.flatMap((fault) => {
        if (fault !== struck) return [fault];
        return fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : [];
      });
      return struck;
    },
  };
}
