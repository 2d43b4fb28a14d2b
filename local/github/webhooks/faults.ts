import { z } from "zod";

/**
 * What can be made to go wrong with a delivery, as it does on the real net: `lose` never reaches the receiver,
 * `double` reaches it twice, `delay` reaches it late, and so perhaps after a later one.
 */
export const deliveryFaultSchema = z.strictObject({
  /** `push`, `pull_request`, `release`, `ping`, or `*` for any. */
  event: z.enum(["push", "pull_request", "release", "ping", "*"]),
  mode: z.enum(["lose", "double", "delay"]),
  /** How many deliveries it still hits. */
  times: z.number().int().min(1).max(1_000_000).default(1),
  milliseconds: z.number().min(0).max(600_000).default(1_000),
});

export type DeliveryFault = z.infer<typeof deliveryFaultSchema>;

/** The faults that have been asked for. Those of one event are spent in the order in which they came. */
export class DeliveryFaults {
  #faults: DeliveryFault[] = [];

  add(fault: DeliveryFault): void {
    this.#faults.push({ ...fault });
  }

  clear(): void {
    this.#faults = [];
  }

  list(): readonly DeliveryFault[] {
    return this.#faults;
  }

  /** The fault that hits the next delivery of an event. */
  take(event: string): DeliveryFault | undefined {
    const fault = this.#faults.find((one) => one.event === event || one.event === "*");
    if (fault === undefined) return undefined;
    fault.times -= 1;
    if (fault.times === 0) this.#faults = this.#faults.filter((one) => one !== fault);
    return fault;
  }
}
