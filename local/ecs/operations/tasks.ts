import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { nextProvider } from "../capacity.ts";
import { demandOf } from "../demand.ts";
import { describeTask, seconds } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import { type Host, place, withTask } from "../placement.ts";
import type { Task } from "../task.ts";
import { newTask, overridesSchema } from "../task-factory.ts";
import { type Cluster, constraintSchema, placementStrategySchema, strategyItemSchema } from "../types.ts";
import { checkStrategy } from "./clusters.ts";
import { checkConstraints, findDefinition, usableDefinition } from "./task-definitions.ts";

const runSchema = z.object({
  cluster: z.string().optional(),
  taskDefinition: z.string({ error: "taskDefinition is required." }),
  count: z.number().int().min(1).max(10, "count must be between 1 and 10.").default(1),
  capacityProviderStrategy: z.array(strategyItemSchema).optional(),
  launchType: z.string().optional(),
  group: z.string().optional(),
  startedBy: z.string().max(128).optional(),
  clientToken: z.string().max(64).optional(),
  overrides: overridesSchema.optional(),
  placementConstraints: z.array(constraintSchema).default([]),
  placementStrategy: z.array(placementStrategySchema).default([]),
  propagateTags: z.string().optional(),
  tags: tagsSchema.default([]),
});
type Run = z.infer<typeof runSchema>;
const listSchema = pageSchema.extend({
  cluster: z.string().optional(),
  containerInstance: z.string().optional(),
  family: z.string().optional(),
  serviceName: z.string().optional(),
  startedBy: z.string().optional(),
  desiredStatus: z.enum(["RUNNING", "PENDING", "STOPPED"]).default("RUNNING"),
  launchType: z.string().optional(),
});
const maxOverridesLength = 8192;
/** How many client tokens are remembered. */
const maxTokens = 1000;

export function taskOperations(ecs: Ecs): Record<string, Operation> {
  const { state } = ecs;
  const started = new Map<string, { readonly request: string; readonly tasks: readonly Task[] }>();

  const find = (cluster: Cluster, nameOrArn: string): Task | undefined => {
    const arn = ecs.arns.ecs(`task/${cluster.name}/${lastPart(nameOrArn)}`);
    return state.tasks.get(arn) ?? state.stopped.get(arn);
  };

  /** Places and starts the tasks one after the other; those without a host become failures. */
  function run(wanted: Run, cluster: Cluster): { tasks: Task[]; failures: unknown[] } {
    const definition = usableDefinition(ecs, wanted.taskDefinition);
    checkConstraints([...definition.placementConstraints, ...wanted.placementConstraints]);
    const strategy =
      wanted.capacityProviderStrategy ?? (wanted.launchType === undefined ? cluster.defaultStrategy : []);
    checkStrategy(strategy, cluster);
    const group = wanted.group ?? `family:${definition.family}`;
    const demand = demandOf(definition, wanted.placementConstraints);
    const hosts = new Map<string, Host>(
      state.hostsOf(cluster.name, group).map((host) => [host.instance.arn, host]),
    );
    const counts = new Map<string, number>();
    const tasks: Task[] = [];
    const failures: unknown[] = [];
    for (let index = 0; index < wanted.count; index++) {
      const provider = strategy.length > 0 ? nextProvider(strategy, counts) : undefined;
      if (provider !== undefined) counts.set(provider, (counts.get(provider) ?? 0) + 1);
      const candidates = [...hosts.values()].filter(
        ({ instance }) => provider === undefined || instance.capacityProviderName === provider,
      );
      const placement = place(candidates, demand, wanted.placementStrategy);
      if (!placement.ok) {
        const arn = placement.closest?.arn ?? cluster.arn;
        failures.push({
          arn,
          reason: placement.reason === "NO_INSTANCE" ? "RESOURCE:INSTANCE" : placement.reason,
        });
        continue;
      }
      hosts.set(placement.host.instance.arn, withTask(placement.host, demand, group));
      const task = newTask(ecs.arns, {
        definition,
        instance: placement.host.instance,
        clusterArn: cluster.arn,
        group,
        ...(wanted.startedBy === undefined ? {} : { startedBy: wanted.startedBy }),
        ...(provider === undefined ? {} : { capacityProvider: provider }),
        ...(wanted.overrides === undefined ? {} : { overrides: wanted.overrides }),
        tags: [...(wanted.propagateTags === "TASK_DEFINITION" ? definition.tags : []), ...wanted.tags],
        simulated: ecs.simulated,
        now: ecs.context.now(),
      });
      state.addTask(task);
      tasks.push(task);
    }
    for (const task of tasks) ecs.runner.start(task, definition);
    return { tasks, failures };
  }

  const matches = (wanted: z.infer<typeof listSchema>, cluster: Cluster, task: Task): boolean =>
    task.cluster === cluster.name &&
    (wanted.serviceName === undefined ||
      task.serviceArn?.endsWith(`/${lastPart(wanted.serviceName)}`) === true) &&
    (wanted.family === undefined || task.family === wanted.family) &&
    (wanted.startedBy === undefined || task.startedBy === wanted.startedBy) &&
    (wanted.containerInstance === undefined ||
      lastPart(task.instanceArn) === lastPart(wanted.containerInstance)) &&
    (wanted.launchType === undefined || wanted.launchType === "EC2");

  return {
    RunTask: async (input) => {
      const wanted = parse(runSchema, input);
      const cluster = state.cluster(wanted.cluster);
      if (JSON.stringify(wanted.overrides ?? {}).length > maxOverridesLength) {
        throw new AwsError(
          "InvalidParameterException",
          `overrides may have up to ${maxOverridesLength} characters.`,
        );
      }
      const unknown = wanted.overrides?.containerOverrides?.find(({ name }) => {
        return !findDefinition(ecs, wanted.taskDefinition).containerDefinitions.some(
          (one) => one.name === name,
        );
      });
      if (unknown !== undefined) {
        throw new AwsError(
          "InvalidParameterException",
          `Override for container named ${unknown.name} is not a container in the TaskDefinition.`,
        );
      }
      const request = JSON.stringify(wanted);
      const earlier = wanted.clientToken === undefined ? undefined : started.get(wanted.clientToken);
      if (earlier !== undefined && earlier.request !== request) {
        throw new AwsError("ConflictException", "The clientToken was used with other parameters before.");
      }
      const { tasks, failures } =
        earlier === undefined ? run(wanted, cluster) : { tasks: [...earlier.tasks], failures: [] };
      if (wanted.clientToken !== undefined && tasks.length > 0) {
        if (started.size >= maxTokens) started.clear();
        started.set(wanted.clientToken, { request, tasks });
      }
      return { tasks: tasks.map((task) => describeTask(task, seconds)), failures };
    },

    StopTask: async (input) => {
      const wanted = parse(
        z.object({
          cluster: z.string().optional(),
          task: z.string(),
          reason: z.string().default("Task stopped by user"),
        }),
        input,
      );
      const task = find(state.cluster(wanted.cluster), wanted.task);
      if (task === undefined) {
        throw new AwsError("InvalidParameterException", "The referenced task was not found.");
      }
      ecs.runner.stop(task, "UserInitiated", wanted.reason);
      return { task: describeTask(task, seconds) };
    },

    ListTasks: async (input) => {
      const wanted = parse(listSchema, input);
      const cluster = state.cluster(wanted.cluster);
      if (wanted.serviceName !== undefined && state.service(cluster, wanted.serviceName) === undefined) {
        throw new AwsError("ServiceNotFoundException", "Service not found.");
      }
      const stopping = wanted.desiredStatus === "STOPPED";
      const candidates = [...state.tasksOf(cluster.name), ...(stopping ? state.stopped.all() : [])];
      const found = candidates.filter(
        (task) => (task.desiredStatus === "STOPPED") === stopping && matches(wanted, cluster, task),
      );
      // desiredStatus PENDING is accepted and finds nothing: ECS never sets it.
      const { items, ...rest } = page(
        wanted.desiredStatus === "PENDING" ? [] : found,
        wanted.nextToken,
        wanted.maxResults,
      );
      return { taskArns: items.map(({ arn }) => arn), ...rest };
    },

    DescribeTasks: async (input) => {
      const wanted = parse(
        z.object({
          cluster: z.string().optional(),
          tasks: z
            .array(z.string())
            .min(1, "Tasks cannot be empty.")
            .max(100, "At most 100 tasks can be described at once."),
          include: z.array(z.string()).default([]),
        }),
        input,
      );
      const cluster = state.cluster(wanted.cluster);
      const found = wanted.tasks.map((name) => ({ name, task: find(cluster, name) }));
      return {
        tasks: found.flatMap(({ task }) =>
          task === undefined
            ? []
            : [
                {
                  ...describeTask(task, seconds),
                  ...(wanted.include.includes("TAGS") ? { tags: task.tags } : {}),
                },
              ],
        ),
        failures: found
          .filter(({ task }) => task === undefined)
          .map(({ name }) => ({
            arn: ecs.arns.ecs(`task/${cluster.name}/${lastPart(name)}`),
            reason: "MISSING",
          })),
      };
    },
  };
}
