import type { RunningContainer } from "../engine.ts";
import type { HealthStatus } from "./task.ts";
import type { Pauses } from "./timings.ts";
import type { ContainerDefinition } from "./types.ts";

export type HealthCheck = NonNullable<ContainerDefinition["healthCheck"]>;

/** The command to run, without the `CMD` or `CMD-SHELL` in front; nothing for `NONE`. */
export function healthCommand(command: readonly string[]): readonly string[] | undefined {
  const [kind = "", ...rest] = command;
  if (kind === "NONE") return undefined;
  if (kind === "CMD") return rest;
  if (kind === "CMD-SHELL") return ["/bin/sh", "-c", rest.join(" ")];
  return command;
}

/**
 * Runs a container's health check until `ending` resolves. Healthy after one success; unhealthy after `retries` failures
 * in a row, those within the start period not counted. Unlike docker, which waits for one interval first, the first check
 * is made at once: nobody waits 30 seconds for a laptop.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
 */
export async function watchHealth(
  container: RunningContainer,
  check: HealthCheck,
  pauses: Pauses,
  ending: Promise<void>,
  report: (status: HealthStatus) => void,
): Promise<void> {
  const command = healthCommand(check.command);
  if (command === undefined) return;
  const state = { ended: false };
  void ending.then(() => {
    state.ended = true;
  });
  const startedAt = performance.now();
  let failures = 0;
  while (!state.ended) {
    const exitCode = await container.exec(command, check.timeout);
    if (state.ended) return;
    if (exitCode === 0) {
      failures = 0;
      report("HEALTHY");
    } else if (performance.now() - startedAt >= check.startPeriod * 1000) {
      failures += 1;
      if (failures >= check.retries) report("UNHEALTHY");
    }
    await Promise.race([pauses.wait(check.interval * 1000), ending]);
  }
}
