import { isFargateSize } from "./fargate.ts";
import type { LaunchType, TaskDefinition } from "./types.ts";

type Checked = Pick<TaskDefinition, "cpu" | "memory" | "networkMode" | "placementConstraints">;

/** Why Fargate refuses the definition, in ECS's words; `undefined` when it takes it. */
export function fargateProblem(definition: Checked): string | undefined {
  const { cpu, memory, networkMode } = definition;
  if (networkMode !== "awsvpc") return "Fargate only supports network mode ‘awsvpc’.";
  if (cpu === undefined) return "Fargate requires that 'cpu' be defined at the task level.";
  if (memory === undefined) return "Fargate requires that 'memory' be defined at the task level.";
  if (!isFargateSize(cpu, memory)) {
    return `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. See the Amazon ECS documentation for the valid values.`;
  }
  if (definition.placementConstraints.length > 0) {
    return "Fargate task definitions do not support placement constraints.";
  }
  return undefined;
}

/**
 * The launch types that a definition can be started on, whatever it says it requires.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#requires_compatibilities
 */
export function compatibilitiesOf(definition: Checked): LaunchType[] {
  const { networkMode } = definition;
  const all: readonly (readonly [LaunchType, boolean])[] = [
    // ECS Anywhere has no network interfaces to give to tasks.
    ["EXTERNAL", networkMode !== "awsvpc"],
    ["EC2", true],
    ["MANAGED_INSTANCES", networkMode !== "bridge"],
    ["FARGATE", fargateProblem(definition) === undefined],
  ];
  return all.filter(([, compatible]) => compatible).map(([launchType]) => launchType);
}
