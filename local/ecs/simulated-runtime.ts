import type { ContainerRuntime, RunContainer, RunningContainer } from "../engine.ts";
import { hexId } from "./arns.ts";
import type { Pauses, Timings } from "./timings.ts";

/** Host ports as docker hands them out on a container instance; nothing listens on them. */
const firstDynamicPort = 32_768;
const dynamicPorts = 28_232;

/**
 * Stands in for an engine where there is none: containers start, run and stop in time, and nothing is executed. Whoever
 * shows such tasks says so (the attribute `tandem.simulated`).
 */
export function simulatedRuntime(timings: Timings, pauses: Pauses): ContainerRuntime {
  let lastPort = 0;
  const nextPort = (): number => {
    lastPort = (lastPort + 1) % dynamicPorts;
    return firstDynamicPort + lastPort;
  };
  return {
    async run(options: RunContainer): Promise<RunningContainer> {
      await pauses.wait(timings.simulatedStartMs);
      options.log("simulated: this machine has no container engine, nothing was executed");
      const end: { exit: (code: number) => void } = { exit: () => undefined };
      const exited = new Promise<number>((resolve) => {
        end.exit = resolve;
      });
      return {
        runtimeId: hexId(32),
        imageDigest: options.image.slice(options.image.indexOf("@") + 1),
        ports: options.ports.map(({ containerPort, hostPort }) => ({
          containerPort,
          hostPort: hostPort === 0 ? nextPort() : hostPort,
        })),
        exited,
        exec: () => Promise.resolve(0),
        stop: async () => {
          await pauses.wait(timings.simulatedStopMs);
          end.exit(0);
        },
      };
    },
  };
}
