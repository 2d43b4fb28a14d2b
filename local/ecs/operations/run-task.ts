import { z } from "zod";
import { AwsError } from "../../service.ts";
import { Assigner, type Assignment } from "../assign.ts";
import { demandOf } from "../demand.ts";
import type { Ecs } from "../ecs.ts";
import { parse, tagsSchema } from "../input.ts";
import { checkLaunch, type Launch, launchOf } from "../launch.ts";
import { scaleOut } from "../managed-instances.ts";
import { overridesSchema } from "../overrides.ts";
import { failureReason } from "../refusals.ts";
import { checkConstraints } from "../registration.ts";
import type { Task } from "../task.ts";
import { newTask } from "../task-factory.ts";
import {
  type Cluster,
  constraintSchema,
  placementStrategySchema,
  strategyItemSchema,
  type TaskDefinition,
} from "../types.ts";
import { usableDefinition } from "./task-definitions.ts";

const schema = z.object({
  cluster: z.string().optional(),
  taskDefinition: z.string({ error: "taskDefinition is required." }),
  count: z.number().int().min(1).max(10, "count must be between 1 and 10.").default(1),
  capacityProviderStrategy: z.array(strategyItemSchema).optional(),
  launchType: z.string().optional(),
  group: z
    .string()
    .regex(/^(?!service:)/, "a task group that begins with service: is a service's.")
    .optional(),
  startedBy: z.string().max(128, "startedBy may have up to 128 characters.").optional(),
  clientToken: z.string().max(64, "clientToken may have up to 64 characters.").optional(),
  overrides: overridesSchema.optional(),
  networkConfiguration: z.unknown().optional(),
  platformVersion: z.string().optional(),
  placementConstraints: z.array(constraintSchema).default([]),
  placementStrategy: z.array(placementStrategySchema).max(5).default([]),
  propagateTags: z.string().optional(),
  tags: tagsSchema.default([]),
});
type Run = z.infer<typeof schema>;

const maxOverridesLength = 8192;
/** How many client tokens are remembered. */
const maxTokens = 1000;

export interface RunResult {
  readonly tasks: readonly Task[];
  readonly failures: readonly { readonly arn: string; readonly reason: string }[];
}

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

/**
 * RunTask: places and starts up to ten tasks at once, those without a host become failures. The same client token with the
 * same request gives the tasks of the first time.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
 */
export function taskStarter(ecs: Ecs): (input: unknown) => RunResult {
  const earlier = new Map<string, { readonly request: string; readonly tasks: readonly Task[] }>();
  return (input) => {
    const wanted = parse(schema, input);
    const cluster = ecs.state.cluster(wanted.cluster);
    const token = wanted.clientToken;
    const request = JSON.stringify(wanted);
    const known = token === undefined ? undefined : earlier.get(token);
    if (known !== undefined) {
      if (known.request === request) return { tasks: known.tasks, failures: [] };
      throw new AwsError("ConflictException", "The clientToken was used with other parameters before.");
    }
    const result = run(ecs, wanted, cluster);
    if (token !== undefined && result.tasks.length > 0) {
      if (earlier.size >= maxTokens) earlier.clear();
      earlier.set(token, { request, tasks: result.tasks });
    }
    return result;
  };
}

/** @throws AwsError for what cannot be run at all. */
function check(ecs: Ecs, wanted: Run, cluster: Cluster): { definition: TaskDefinition; launch: Launch } {
  const definition = usableDefinition(ecs, wanted.taskDefinition);
  const { overrides, placementConstraints } = wanted;
  if (JSON.stringify(overrides ?? {}).length > maxOverridesLength) {
    throw invalid(`overrides may have up to ${maxOverridesLength} characters.`);
  }
  const names = definition.containerDefinitions.map(({ name }) => name);
  const unknown = overrides?.containerOverrides?.find(({ name }) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalid(`Override for container named ${unknown.name} is not a container in the TaskDefinition.`);
  }
  checkConstraints([...definition.placementConstraints, ...placementConstraints]);
  const launch = launchOf(ecs.state, cluster, wanted);
  checkLaunch(ecs.state, launch, definition, wanted);
  const needsHost = launch.strategy.length === 0 && launch.launchType !== "FARGATE";
  if (needsHost && ecs.state.instancesOf(cluster.name).length === 0) {
    throw invalid("No Container Instances were found in your cluster.");
  }
  return { definition, launch };
}

function run(ecs: Ecs, wanted: Run, cluster: Cluster): RunResult {
  const { arns, context, simulated, state } = ecs;
  const { definition, launch } = check(ecs, wanted, cluster);
  const group = wanted.group ?? `family:${definition.family}`;
  const tasks: Task[] = [];
  const failures: { arn: string; reason: string }[] = [];
  for (const assignment of assign(ecs, wanted, cluster, definition, launch, group)) {
    if (!assignment.ok) {
      const { refused, provider } = assignment;
      const reason = failureReason(refused, provider !== undefined);
      failures.push({ arn: refused.closest?.arn ?? cluster.arn, reason });
      continue;
    }
    const task = newTask(arns, {
      definition,
      cluster,
      instance: assignment.instance,
      region: context.region,
      group,
      startedBy: wanted.startedBy,
      capacityProvider: assignment.provider,
      overrides: wanted.overrides,
      networkConfiguration: wanted.networkConfiguration,
      tags: [...(wanted.propagateTags === "TASK_DEFINITION" ? definition.tags : []), ...wanted.tags],
      simulated,
      now: context.now(),
    });
    state.addTask(task);
    tasks.push(task);
  }
  for (const task of tasks) ecs.runner.start(task, definition);
  return { tasks, failures };
}

/** Assigns a host to each task; Managed Instances start one where none has room. */
function assign(
  ecs: Ecs,
  wanted: Run,
  cluster: Cluster,
  definition: TaskDefinition,
  launch: Launch,
  group: string,
): readonly Assignment[] {
  const { state } = ecs;
  const demand = demandOf(definition, wanted.placementConstraints, wanted.overrides);
  const managed = state.managedProvidersOf(cluster.name);
  const attempt = (): Assignment[] => {
    const assigner = new Assigner({
      strategy: launch.strategy,
      launchType: launch.launchType ?? "EC2",
      hosts: state.hostsOf(cluster.name, group),
      demand,
      group,
      placementStrategy: wanted.placementStrategy,
      counts: new Map(),
    });
    return Array.from({ length: wanted.count }, () => assigner.next());
  };
  let assigned = attempt();
  // A host takes one task at least, so that this ends.
  for (let started = 0; started < wanted.count; started++) {
    const waiting = assigned.filter((one) => !one.ok && managed.has(one.provider ?? ""));
    const [first] = waiting;
    if (first?.provider === undefined) break;
    const waitingThere = waiting.filter(({ provider }) => provider === first.provider).length;
    if (scaleOut(ecs, cluster.name, first.provider, demand, waitingThere) !== undefined) break;
    assigned = attempt();
  }
  return assigned;
}
