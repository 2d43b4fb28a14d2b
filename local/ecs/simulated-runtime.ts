import type { ContainerRuntime, RunContainer, RunningContainer } from "../engine.ts";
import { hexId } from "./arns.ts";
import { simulatedEnd } from "./simulated-command.ts";
import { simulatedPage } from "./simulated-page.ts";
import type { Pauses, Timings } from "./timings.ts";

/** A container that is stopped in the middle of its work, as docker reports one that the signal did not end. */
const killed = 137;

/**
 * Stands in for an engine where there is none: containers start, run and stop in time, answer HTTP at their ports, and
 * nothing is executed. Whoever shows such tasks says so (the attribute `tandem.simulated`). How one ends by itself is for `simulated-command.ts`.
 */
export function simulatedRuntime(timings: Timings, pauses: Pauses): ContainerRuntime {
  const pageOf = async (options: RunContainer, port: { containerPort: number; hostPort: number }) => ({
    ...port,
    page: await simulatedPage(options, port.hostPort),
  });
  return {
    async run(options: RunContainer): Promise<RunningContainer> {
      await pauses.wait(timings.simulatedStartMs);
      options.log("simulated: this machine has no container engine, nothing was executed");
      const end: { exit: (code: number) => void } = { exit: () => undefined };
      const exited = new Promise<number>((resolve) => {
        end.exit = resolve;
      });
      const pages = await Promise.all(options.ports.map((port) => pageOf(options, port)));
      void exited.then(() => {
        for (const { page } of pages) page?.close();
      });
      const planned = simulatedEnd({
        environment: options.environment,
        command: [...(options.entryPoint ?? []), ...(options.command ?? [])],
        oneOff: options.oneOff ?? false,
        runMs: timings.simulatedRunMs,
      });
      if (planned !== undefined) {
        for (const line of planned.lines) options.log(line);
        void pauses.wait(planned.afterMs).then(() => end.exit(planned.exitCode));
      }
      return {
        runtimeId: hexId(32),
        imageDigest: options.image.slice(options.image.indexOf("@") + 1),
        ports: pages.map(({ containerPort, hostPort, page }) => ({
          containerPort,
          hostPort: page?.port ?? hostPort,
        })),
        exited,
        exec: () => Promise.resolve(0),
        stop: async () => {
          await pauses.wait(timings.simulatedStopMs);
          end.exit(planned === undefined ? 0 : killed);
        },
      };
    },
  };
}
