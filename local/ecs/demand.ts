import type { Architecture } from "../engine.ts";
import { type Overrides, overrideOf } from "./overrides.ts";
import type { Demand } from "./placement.ts";
import type { Constraint, TaskDefinition } from "./types.ts";

const architectureAttribute: Readonly<Record<string, Architecture>> = { X86_64: "x86_64", ARM64: "arm64" };

/** `runtimePlatform.cpuArchitecture` as the attribute spells it; `undefined` when the definition leaves it open. */
export function architectureOfDefinition(definition: TaskDefinition): Architecture | undefined {
  return architectureAttribute[definition.runtimePlatform?.cpuArchitecture ?? ""];
}

/**
 * What a task of the definition takes from its host. CPU and memory of the task, where given, stand for the sum of
 * its containers, each as the task overrides it; a container takes its soft limit of memory where it has one. With a network
 * interface of its own (`awsvpc`) a task takes no port of its host.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
 */
export function demandOf(
  definition: TaskDefinition,
  constraints: readonly Constraint[] = [],
  overrides: Overrides = {},
): Demand {
  const containers = definition.containerDefinitions.map((container) => ({
    ...container,
    ...limitsOf(overrideOf(overrides, container.name)),
  }));
  const taskCpu = overrides.cpu ?? definition.cpu;
  const taskMemory = overrides.memory ?? definition.memory;
  const sum = (pick: (container: (typeof containers)[number]) => number): number =>
    containers.reduce((total, container) => total + pick(container), 0);
  const architecture = architectureOfDefinition(definition);
  const osFamily = definition.runtimePlatform?.operatingSystemFamily;
  return {
    cpu: taskCpu === undefined ? sum(({ cpu }) => cpu) : cpuUnits(taskCpu),
    memory:
      taskMemory === undefined
        ? sum(({ memory, memoryReservation }) => memoryReservation ?? memory ?? 0)
        : mebibytes(taskMemory),
    hostPorts: definition.networkMode === "awsvpc" ? [] : fixedPorts(definition),
    constraints: [...definition.placementConstraints, ...constraints],
    ...(architecture === undefined ? {} : { architecture }),
    ...(osFamily === undefined ? {} : { osFamily }),
  };
}

function fixedPorts({ containerDefinitions, networkMode }: TaskDefinition): number[] {
  const ports = containerDefinitions.flatMap(({ portMappings }) =>
    portMappings.map(
      ({ containerPort, hostPort }) => hostPort ?? (networkMode === "host" ? containerPort : 0),
    ),
  );
  return ports.filter((port) => port !== 0);
}

function limitsOf(override: ReturnType<typeof overrideOf>): { cpu?: number; memory?: number } {
  const { cpu, memory } = override ?? {};
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
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
