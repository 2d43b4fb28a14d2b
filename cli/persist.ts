import { setTimeout as pause } from "node:timers/promises";
import { EXIT, Failure } from "./failure.ts";

/** An answer may get lost on its way: so often it is asked for. */
const ATTEMPTS = 3;
const PAUSE_MS = 200;

/**
 * Asks again when nothing has answered. What is asked carries an id of its own, so that a request that got through and one
 * that is made again are one.
 */
export async function persist<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      const passing = error instanceof Failure && error.exitCode === EXIT.unreachable;
      if (!passing || error.code === "not-tandem" || attempt === ATTEMPTS) throw error;
    }
    await pause(PAUSE_MS);
  }
}
