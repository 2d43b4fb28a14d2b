import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Kills a process that leads a group, with the whole group. A group that has gone is fine. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals = "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

const ROUNDS = 20;
const ROUND_MILLISECONDS = 10;

/**
 * Kills all processes that have a variable in the environment they were started with, and waits until they are gone. It finds
 * those that have left their process group (daemons); where there is no /proc it finds none.
 *
 * @param variable `NAME=value`
 */
export async function killWithVariable(variable: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const pids = await processesWith(variable);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await sleep(ROUND_MILLISECONDS);
  }
}

async function processesWith(variable: string): Promise<readonly number[]> {
  const entries = await readdir("/proc").catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
      .map(async (entry) => {
        const environment = await readFile(`/proc/${entry}/environ`, "latin1").catch(() => "");
        return environment.split("\0").includes(variable) ? Number(entry) : undefined;
      }),
  );
  return found.filter((pid) => pid !== undefined);
}
