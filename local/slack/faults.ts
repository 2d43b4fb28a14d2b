import { z } from "zod";

/** `fail`: 500, and nothing is said; `lose`: it is said, and the answer gets lost; `throttle`: 429; `delay`: late. */
export const slackFaultSchema = z.strictObject({
  mode: z.enum(["fail", "lose", "throttle", "delay"]),
  times: z.int().min(1).max(1_000).default(1),
  /** Of the Web API's methods only this one, e.g. `chat.update`. */
  method: z.string().optional(),
  milliseconds: z.int().min(0).max(60_000).default(1_000),
});

export type SlackFault = z.infer<typeof slackFaultSchema>;

/** What goes wrong with the next requests, in the order in which it was asked for. */
export class SlackFaults {
  #pending: readonly SlackFault[] = [];

  list(): readonly SlackFault[] {
    return this.#pending;
  }

  add(fault: SlackFault): void {
    this.#pending = [...this.#pending, fault];
  }

  clear(): void {
    this.#pending = [];
  }

  /** @param method of the Web API; nothing for a webhook */
  strike(method?: string): SlackFault | undefined {
    const next = this.#pending.find((one) => one.method === undefined || one.method === method);
    if (next === undefined) return undefined;
    this.#pending = this.#pending.flatMap((one) =>
      one !== next ? [one] : one.times > 1 ? [{ ...one, times: one.times - 1 }] : [],
    );
    return next;
  }
}
