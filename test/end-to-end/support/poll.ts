import { setTimeout as pause } from "node:timers/promises";

const INTERVAL_MS = 50;

/**
 * Looks until there is something to see.
 * @param look undefined means: not yet
 * @param what is waited for, for the failure's message
 * @throws Error when it does not come in time, with what was seen last
 */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  what: string | (() => string),
  patienceMs = 25_000,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > end)
      throw new Error(`${typeof what === "string" ? what : what()} did not come within ${patienceMs} ms`);
    await pause(INTERVAL_MS);
  }
}
