import type { EventDraft } from "../service.ts";
import { describeTask } from "./describe.ts";
import type { HookExecution } from "./strategies/lifecycle.ts";
import type { Task } from "./task.ts";
import type { Service } from "./types.ts";

const source = "aws.ecs";
const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
/** Deployment and action events carry whole seconds. */
const isoSeconds = (milliseconds: number): string => iso(milliseconds).replace(/\.\d+Z$/, "Z");

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html */
export function taskStateChange(task: Task): EventDraft {
  return {
    source,
    detailType: "ECS Task State Change",
    resources: [task.arn],
    detail: { ...describeTask(task, iso), updatedAt: iso(task.updatedAt) },
  };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html */
export function instanceStateChange(
  arn: string,
  clusterArn: string,
  description: unknown,
  now: number,
): EventDraft {
  const detail = typeof description === "object" ? description : {};
  return {
    source,
    detailType: "ECS Container Instance State Change",
    resources: [arn],
    detail: { ...detail, clusterArn, accountType: "aws", updatedAt: iso(now) },
  };
}

const deploymentEventTypes = {
  SERVICE_DEPLOYMENT_IN_PROGRESS: "INFO",
  SERVICE_DEPLOYMENT_COMPLETED: "INFO",
  SERVICE_DEPLOYMENT_FAILED: "ERROR",
} as const;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
export function deploymentStateChange(
  service: Pick<Service, "arn">,
  eventName: keyof typeof deploymentEventTypes,
  deploymentId: string,
  reason: string,
  now: number,
): EventDraft {
  return {
    source,
    detailType: "ECS Deployment State Change",
    resources: [service.arn],
    detail: {
      eventType: deploymentEventTypes[eventName],
      eventName,
      deploymentId,
      updatedAt: isoSeconds(now),
      reason,
    },
  };
}

const actionEventTypes = {
  SERVICE_STEADY_STATE: "INFO",
  SERVICE_TASK_START_IMPAIRED: "WARN",
  SERVICE_TASK_PLACEMENT_FAILURE: "ERROR",
} as const;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html */
export function serviceAction(
  service: Pick<Service, "arn">,
  clusterArn: string,
  eventName: keyof typeof actionEventTypes,
  now: number,
  more: Readonly<Record<string, unknown>> = {},
): EventDraft {
  return {
    source,
    detailType: "ECS Service Action",
    resources: [service.arn],
    detail: {
      eventType: actionEventTypes[eventName],
      eventName,
      clusterArn,
      ...more,
      createdAt: isoSeconds(now),
    },
  };
}

const failedHooks: ReadonlySet<HookExecution["status"]> = new Set(["FAILED", "TIMED_OUT"]);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html */
export function hookStateChange(
  service: Pick<Service, "arn">,
  clusterArn: string,
  serviceDeploymentArn: string,
  execution: HookExecution,
  now: number,
): EventDraft {
  return {
    source,
    detailType: "ECS Hook State Change",
    resources: [serviceDeploymentArn],
    detail: {
      eventType: failedHooks.has(execution.status) ? "ERROR" : "INFO",
      eventName: `HOOK_${execution.status}`,
      hookId: execution.hookId,
      hookType: execution.targetType,
      expiresAt: isoSeconds(execution.expiresAt),
      lifecycleStage: execution.stage,
      clusterArn,
      serviceArn: service.arn,
      serviceDeploymentArn,
      updatedAt: iso(now),
    },
  };
}
