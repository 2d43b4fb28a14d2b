import type { Demand } from "./placement.ts";
import type { Constraint, TaskDefinition } from "./types.ts";

const architectureAttribute: Readonly<Record<string, string>> = { X86_64: "x86_64", ARM64: "arm64" };

/**
 * What a task of the definition takes from its host. CPU and memory of the task, where given, stand for the sum of
 * its containers; a container without a hard limit takes its soft one.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 */
export function demandOf(definition: TaskDefinition, constraints: readonly Constraint[] = []): Demand {
  const containers = definition.containerDefinitions;
  const sum = (pick: (container: (typeof containers)[number]) => number): number =>
    containers.reduce((total, container) => total + pick(container), 0);
  const architecture = architectureAttribute[definition.runtimePlatform?.cpuArchitecture ?? ""];
  return {
    cpu: definition.cpu === undefined ? sum(({ cpu }) => cpu) : cpuUnits(definition.cpu),
    memory:
      definition.memory === undefined
        ? sum(({ memory, memoryReservation }) => memoryReservation ?? memory ?? 0)
        : mebibytes(definition.memory),
    hostPorts: containers.flatMap(({ portMappings }) =>
      portMappings.flatMap(({ hostPort }) => (hostPort === undefined || hostPort === 0 ? [] : [hostPort])),
    ),
    constraints: [...definition.placementConstraints, ...constraints],
    ...(architecture === undefined ? {} : { architecture }),
  };
}

/** `1024`, `1 vCPU` or `.5 vcpu` in CPU units. */
export function cpuUnits(text: string): number {
  const match = /^([\d.]+)\s*(vcpu)?$/i.exec(text.trim());
  if (match === null) return Number.NaN;
  return match[2] === undefined ? Number(match[1]) : Number(match[1]) * 1024;
}

/** `512`, `1GB` or `0.5 GB` in MiB. */
export function mebibytes(text: string): number {
  const match = /^([\d.]+)\s*(gb)?$/i.exec(text.trim());
  if (match === null) return Number.NaN;
  return match[2] === undefined ? Number(match[1]) : Number(match[1]) * 1024;
}
