import { setTimeout as delay } from "node:timers/promises";
import { AwsError } from "../service.ts";

/**
 * What can be made to go wrong with an operation:
 * `fail-before` answers with HTTP 500 and does nothing; `lose-reply` does it and drops the connection;
 * `throttle` answers ThrottlingException and does nothing; `delay` waits first.
 */
export type FaultMode = "fail-before" | "lose-reply" | "throttle" | "delay";

export const FAULT_MODES: readonly FaultMode[] = ["fail-before", "lose-reply", "throttle", "delay"];

export interface Fault {
  /** For example `codebuild.StartBuild`. */
  readonly operation: string;
  readonly mode: FaultMode;
  /** How many calls it still hits. */
  readonly times: number;
  /** For `delay`. */
  readonly milliseconds: number;
}

/** Thrown after the operation has run: its reply must not reach the caller. */
export class ReplyLost extends Error {}

/** The faults that have been asked for. Those of one operation are spent in the order in which they came. */
export class FaultSwitch {
  #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push(fault);
  }

  clear(): void {
    this.#faults = [];
  }

  list(): readonly Fault[] {
    return this.#faults;
  }

  /**
   * Runs an operation under the next fault that was asked for it, if any.
   * @throws AwsError when the fault is that it fails, ReplyLost when it ran but the reply is to be lost
   */
  async apply<Result>(operation: string, run: () => Promise<Result>): Promise<Result> {
    const fault = this.#take(operation);
    switch (fault?.mode) {
      case undefined:
        return run();
      case "fail-before":
        throw new AwsError(
          "InternalFailure",
          `The fault switch makes ${operation} fail before it does anything.`,
          500,
        );
      case "throttle":
        throw new AwsError("ThrottlingException", `The fault switch throttles ${operation}: rate exceeded.`);
      case "delay":
        await delay(fault.milliseconds);
        return run();
      case "lose-reply":
        // Also an error's reply is lost.
        await run().catch(() => undefined);
        throw new ReplyLost(operation);
    }
  }

  #take(operation: string): Fault | undefined {
    const index = this.#faults.findIndex((fault) => fault.operation === operation);
    const fault = this.#faults[index];
    if (fault === undefined) return undefined;
    if (fault.times > 1) this.#faults[index] = { ...fault, times: fault.times - 1 };
    else this.#faults.splice(index, 1);
    return fault;
  }
}
