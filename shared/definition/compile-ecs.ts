import type {
  CircuitBreaker,
  DeploymentStrategy,
  EcsDeployment,
  OneOffTask,
  ShiftStep,
  TaskDefinitionSource,
} from "../pipeline/definition.ts";
import { defined } from "./defined.ts";
import type { EcsFile } from "./schema-ecs.ts";
import { milliseconds } from "./schema-words.ts";

const minutesOf = (text: string) => milliseconds(text) / 60_000;

/** A deployment of a checked file as the core sees it. */
export function deploymentOf(file: EcsFile): EcsDeployment {
  const { cluster, service, containers, capacity, alarms, missingArchitecture, onArchitectureFailure } = file;
  const { needs, pair } = file;
  return {
    cluster,
    service,
    containers,
    ...defined({ capacity, alarms, missingArchitecture, onArchitectureFailure, needs, pair }),
    ...defined({
      taskDefinition: file.taskDefinition === undefined ? undefined : taskDefinitionOf(file.taskDefinition),
      strategy: strategyOf(file),
      circuitBreaker: file.circuitBreaker === undefined ? undefined : breakerOf(file.circuitBreaker),
      bakeMinutes: file.bake === undefined ? undefined : minutesOf(file.bake),
      before: file.before === undefined ? undefined : tasksOf(file.before),
      after: file.after === undefined ? undefined : tasksOf(file.after),
      shift: file.shift?.map(
        ({ weights, bake }): ShiftStep => ({
          weights,
          bakeMinutes: bake === undefined ? 0 : minutesOf(bake),
        }),
      ),
    }),
  };
}

function taskDefinitionOf(from: NonNullable<EcsFile["taskDefinition"]>): TaskDefinitionSource {
  return typeof from === "string" ? { from } : { from: "file", ...from };
}

function strategyOf({ strategy, traffic }: EcsFile): DeploymentStrategy | undefined {
  if (strategy === undefined) return undefined;
  const { percent, every } = traffic ?? {};
  return {
    type: strategy,
    ...defined({ percent, stepMinutes: every === undefined ? undefined : minutesOf(every) }),
  };
}

function breakerOf({ rollback, threshold }: NonNullable<EcsFile["circuitBreaker"]>): CircuitBreaker {
  if (threshold === undefined) return { rollback };
  return "count" in threshold
    ? { rollback, threshold: { type: "count", value: threshold.count } }
    : { rollback, threshold: { type: "percent", value: threshold.percent } };
}

type OneOffFile = Extract<NonNullable<EcsFile["before"]>, readonly unknown[]>[number];

function tasksOf(tasks: OneOffFile | readonly OneOffFile[]): readonly OneOffTask[] {
  const list: readonly OneOffFile[] = "run" in tasks ? [tasks] : tasks;
  return list.map(({ run, container, command, architecture, timeout }) => ({
    run,
    container,
    command,
    timeoutMinutes: minutesOf(timeout),
    ...defined({ architecture }),
  }));
}
