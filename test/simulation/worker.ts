import { parentPort, workerData } from "node:worker_threads";
import type { Share } from "./parallel.ts";
import { type Simulated, simulate } from "./simulate.ts";

// Most errors here are the weather's: nobody reads where they came from.
Error.stackTraceLimit = 0;

/** Plays every seed of its share up to the first violation, and hands all results back. */
async function play({ first, last, step }: Share): Promise<readonly Simulated[]> {
  const results: Simulated[] = [];
  for (let seed = first; seed <= last; seed += step) {
    const simulated = await simulate(seed);
    results.push(simulated);
    if (simulated.violation !== undefined) break;
  }
  return results;
}

void play(workerData).then((results) => parentPort?.postMessage(results));
