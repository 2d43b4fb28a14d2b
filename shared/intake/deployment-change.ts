import { z } from "zod";
import type { Ignored } from "./codecommit-push.ts";

/**
 * `ECS Deployment State Change`,
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
 */
const schema = z.object({
  resources: z.array(z.string()).min(1),
  detail: z.object({
    eventName: z.string(),
    deploymentId: z.string(),
    reason: z.string().optional(),
  }),
});

/** A deployment of a service has begun, or has come to an end. */
export interface DeploymentChange {
  readonly type: "deployment";
  readonly cluster: string;
  readonly service: string;
  readonly deploymentId: string;
  readonly state: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  readonly reason: string;
}

/**
 * `ECS Hook State Change`, when a PAUSE hook waits.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
 */
const hookSchema = z.object({
  detail: z.object({
    eventName: z.string(),
    hookId: z.string(),
    serviceDeploymentArn: z.string(),
    lifecycleStage: z.string(),
    expiresAt: z.union([z.string(), z.number()]).optional(),
  }),
});

/** ECS waits for an answer. */
export interface HookAwaiting {
  readonly type: "hook";
  readonly cluster: string;
  readonly service: string;
  readonly hookId: string;
  readonly serviceDeploymentArn: string;
  readonly lifecycleStage: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** `arn:aws:ecs:REGION:ACCOUNT:service-deployment/CLUSTER/SERVICE/ID`. */
const SERVICE_DEPLOYMENT_ARN = /^arn:[^:]+:ecs:[^:]*:\d*:service-deployment\/([^/]+)\/([^/]+)\/[^/]+$/;

/** ECS's own: a day. */
const HOOK_MILLISECONDS = 86_400_000;

/** Reads the event of a hook that waits. */
export function parseHookChange(payload: unknown, now: number): HookAwaiting | Ignored {
  const parsed = hookSchema.safeParse(payload);
  if (!parsed.success) return { type: "ignored", reason: `no hook event: ${z.prettifyError(parsed.error)}` };
  const { eventName, hookId, serviceDeploymentArn, lifecycleStage, expiresAt } = parsed.data.detail;
  if (eventName !== "HOOK_AWAITING_ACTION") {
    return { type: "ignored", reason: `${eventName} asks for nothing` };
  }
  const [, cluster, service] = SERVICE_DEPLOYMENT_ARN.exec(serviceDeploymentArn) ?? [];
  if (cluster === undefined || service === undefined) {
    return { type: "ignored", reason: `${serviceDeploymentArn} is no ARN of a service deployment` };
  }
  const until = expiresAt === undefined ? Number.NaN : new Date(expiresAt).getTime();
  return {
    type: "hook",
    cluster,
    service,
    hookId,
    serviceDeploymentArn,
    lifecycleStage,
    expiresAt: Number.isNaN(until) ? now + HOOK_MILLISECONDS : until,
  };
}

/** `ECS Task State Change` of a task that we started. */
const taskSchema = z.object({
  detail: z.object({ taskArn: z.string(), lastStatus: z.string(), startedBy: z.string().optional() }),
});

export interface TaskStopped {
  readonly type: "task";
  readonly taskArn: string;
  readonly runId: string;
}

/** Reads the event of a one-off task that has stopped. */
export function parseTaskChange(payload: unknown): TaskStopped | Ignored {
  const parsed = taskSchema.safeParse(payload);
  if (!parsed.success) return { type: "ignored", reason: `no task event: ${z.prettifyError(parsed.error)}` };
  const { taskArn, lastStatus, startedBy } = parsed.data.detail;
  const runId = /^tandem\/(.+)$/.exec(startedBy ?? "")?.[1];
  if (runId === undefined) return { type: "ignored", reason: `${taskArn} was not started by Tandem` };
  if (lastStatus !== "STOPPED") return { type: "ignored", reason: `${taskArn} is ${lastStatus}` };
  return { type: "task", taskArn, runId };
}

/** `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE`. */
const SERVICE_ARN = /^arn:[^:]+:ecs:[^:]*:\d*:service\/([^/]+)\/([^/]+)$/;

/** Reads the event of a deployment; what is no such event is ignored with a reason. */
export function parseDeploymentChange(payload: unknown): DeploymentChange | Ignored {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) return { type: "ignored", reason: `no ECS event: ${z.prettifyError(parsed.error)}` };
  const { resources, detail } = parsed.data;
  const [, cluster, service] = SERVICE_ARN.exec(resources[0] ?? "") ?? [];
  if (cluster === undefined || service === undefined) {
    return { type: "ignored", reason: `${resources[0]} is no ARN of a service in a cluster` };
  }
  const state = stateOf(detail.eventName);
  if (state === undefined)
    return {
      type: "ignored",
      reason: `${detail.eventName} is neither the beginning nor the end of a deployment`,
    };
  const { deploymentId, reason = "" } = detail;
  return { type: "deployment", cluster, service, deploymentId, state, reason };
}

function stateOf(eventName: string): DeploymentChange["state"] | undefined {
  switch (eventName) {
    case "SERVICE_DEPLOYMENT_IN_PROGRESS":
      return "IN_PROGRESS";
    case "SERVICE_DEPLOYMENT_COMPLETED":
      return "COMPLETED";
    case "SERVICE_DEPLOYMENT_FAILED":
      return "FAILED";
    default:
      return undefined;
  }
}
