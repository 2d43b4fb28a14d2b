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

/** A deployment of a service has come to an end. */
export interface DeploymentChange {
  readonly type: "deployment";
  readonly cluster: string;
  readonly service: string;
  readonly deploymentId: string;
  readonly state: "COMPLETED" | "FAILED";
  readonly reason: string;
}

/** `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE`. */
const SERVICE_ARN = /^arn:[^:]+:ecs:[^:]*:\d*:service\/([^/]+)\/([^/]+)$/;

/** Reads the event of a deployment; one in progress, or what is no such event, is ignored with a reason. */
export function parseDeploymentChange(payload: unknown): DeploymentChange | Ignored {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) return { type: "ignored", reason: `no ECS event: ${z.prettifyError(parsed.error)}` };
  const { resources, detail } = parsed.data;
  const [, cluster, service] = SERVICE_ARN.exec(resources[0] ?? "") ?? [];
  if (cluster === undefined || service === undefined) {
    return { type: "ignored", reason: `${resources[0]} is no ARN of a service in a cluster` };
  }
  const state = endOf(detail.eventName);
  if (state === undefined)
    return { type: "ignored", reason: `${detail.eventName} is no end of a deployment` };
  const { deploymentId, reason = "" } = detail;
  return { type: "deployment", cluster, service, deploymentId, state, reason };
}

function endOf(eventName: string): DeploymentChange["state"] | undefined {
  switch (eventName) {
    case "SERVICE_DEPLOYMENT_COMPLETED":
      return "COMPLETED";
    case "SERVICE_DEPLOYMENT_FAILED":
      return "FAILED";
    default:
      return undefined;
  }
}
