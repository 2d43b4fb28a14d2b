import { setTimeout as pause } from "node:timers/promises";
import { DemoFailure } from "./options.ts";

/** Between two looks. A rollout without an engine takes a fraction of a second, and is there to be seen. */
export const POLL_MS = 60;

/**
 * Looks again and again until there is an answer.
 * @param look undefined is no answer yet
 * @param patienceMs how long to wait
 * @param what it waits for, for the failure's sentence
 * @throws DemoFailure when there is none in time
 */
export async function poll<T>(
  look: () => Promise<T | undefined>,
  patienceMs: number,
  what: string,
  signal: AbortSignal,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new DemoFailure(`${what} did not come within ${patienceMs / 1000} s`);
    await pause(POLL_MS, undefined, { signal });
  }
}
