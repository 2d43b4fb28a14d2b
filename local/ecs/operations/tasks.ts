import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { describeTask, seconds } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse } from "../input.ts";
import type { Task } from "../task.ts";
import { type Cluster, launchTypeSchema } from "../types.ts";
import { taskStarter } from "./run-task.ts";

const listSchema = pageSchema.extend({
  cluster: z.string().optional(),
  containerInstance: z.string().optional(),
  family: z.string().optional(),
  serviceName: z.string().optional(),
  startedBy: z.string().optional(),
  desiredStatus: z.enum(["RUNNING", "PENDING", "STOPPED"]).default("RUNNING"),
  launchType: launchTypeSchema.optional(),
});
export function taskOperations(ecs: Ecs): Record<string, Operation> {
  const { state } = ecs;
  const runTask = taskStarter(ecs);

  const find = (cluster: Cluster, nameOrArn: string): Task | undefined => {
    const arn = ecs.arns.ecs(`task/${cluster.name}/${lastPart(nameOrArn)}`);
    return state.tasks.get(arn) ?? state.stopped.get(arn);
  };

  const matches = (wanted: z.infer<typeof listSchema>, cluster: Cluster, task: Task): boolean =>
    task.cluster === cluster.name &&
    (wanted.serviceName === undefined ||
      task.serviceArn?.endsWith(`/${lastPart(wanted.serviceName)}`) === true) &&
    (wanted.family === undefined || task.family === wanted.family) &&
    (wanted.startedBy === undefined || task.startedBy === wanted.startedBy) &&
    (wanted.containerInstance === undefined ||
      lastPart(task.instanceArn ?? "") === lastPart(wanted.containerInstance)) &&
    (wanted.launchType === undefined || wanted.launchType === task.launchType);

  return {
    RunTask: async (input) => {
      const { tasks, failures } = runTask(input);
      return { tasks: tasks.map((task) => describeTask(task, seconds)), failures };
    },

    StopTask: async (input) => {
      const wanted = parse(
        z.object({
          cluster: z.string().optional(),
          task: z.string(),
          reason: z
            .string()
            .max(1024, "reason may have up to 1024 characters.")
            .default("Task stopped by user"),
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
