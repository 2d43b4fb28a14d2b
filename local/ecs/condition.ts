import type { Condition } from "./rolling.ts";
import type { Task } from "./task.ts";
import type { Service, TaskDefinition } from "./types.ts";

/** What the scheduler sees of a task. */
export type TaskView = Pick<
  Task,
  | "arn"
  | "startedBy"
  | "taskDefinitionArn"
  | "lastStatus"
  | "desiredStatus"
  | "healthStatus"
  | "startedAt"
  | "capacityProviderName"
  | "instanceArn"
  | "targets"
>;

/** How a task of a service counts. During the grace period a failing health check is not held against it. */
export function conditionOf(
  task: TaskView,
  definition: TaskDefinition | undefined,
  service: Pick<Service, "healthCheckGracePeriodSeconds">,
  now: number,
): Condition {
  if (task.lastStatus !== "RUNNING") return "starting";
  const checked =
    definition?.containerDefinitions.some(({ healthCheck }) => healthCheck !== undefined) ?? false;
  const passes = !checked || task.healthStatus === "HEALTHY";
  if (passes && (task.targets ?? []).every(({ state }) => state === "healthy")) return "healthy";
  if (!isUnhealthy(task)) return "starting";
  const graceEnds = (task.startedAt ?? now) + service.healthCheckGracePeriodSeconds * 1000;
  return now < graceEnds ? "starting" : "unhealthy";
}

const failedTarget = ({ targets = [] }: Pick<TaskView, "targets">) =>
  targets.find(({ state }) => state === "unhealthy");

/** Whether a health check of the task fails: one of its containers', or one of a load balancer. */
export const isUnhealthy = (task: Pick<TaskView, "healthStatus" | "targets">): boolean =>
  task.healthStatus === "UNHEALTHY" || failedTarget(task) !== undefined;

/** Why an unhealthy task is stopped. */
export function unhealthyReason(task: TaskView): string {
  const target = failedTarget(task);
  if (task.healthStatus === "UNHEALTHY" || target === undefined) return "Task failed container health checks";
  return `Task failed ELB health checks in (target-group ${target.targetGroupArn})`;
}
