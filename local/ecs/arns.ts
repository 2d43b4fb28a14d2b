import { randomBytes, randomInt } from "node:crypto";
import type { LocalContext } from "../service.ts";

/** ARNs of ECS in its long format: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html */
export interface Arns {
  readonly ecs: (resource: string) => string;
  readonly autoScalingGroup: (name: string) => string;
}

export function arnsOf(context: Pick<LocalContext, "accountId" | "region">): Arns {
  return {
    ecs: (resource) => `arn:aws:ecs:${context.region}:${context.accountId}:${resource}`,
    autoScalingGroup: (name) =>
      `arn:aws:autoscaling:${context.region}:${context.accountId}:autoScalingGroup:${hexId()}:autoScalingGroupName/${name}`,
  };
}

/** The part after the last `/`: the name or id in a short name or an ARN. */
export function lastPart(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1);
}

/** `FAMILY` and the revision of `family:3` or `arn:…:task-definition/family:3`; the revision may be absent. */
export function definitionName(nameOrArn: string): { readonly family: string; readonly revision?: number } {
  const name = lastPart(nameOrArn);
  const colon = name.indexOf(":");
  if (colon < 0) return { family: name };
  const revision = Number(name.slice(colon + 1));
  return Number.isSafeInteger(revision) ? { family: name.slice(0, colon), revision } : { family: name };
}

/** The id of a task, a container instance, an event. */
export const hexId = (bytes = 16): string => randomBytes(bytes).toString("hex");

/** As in `ecs-svc/0123456789012345678`. */
export const deploymentNumber = (): string =>
  Array.from({ length: 19 }, (_, index) => randomInt(index === 0 ? 1 : 0, 10)).join("");

/** As in `service-deployment/CLUSTER/SERVICE/NCWGC2ZR-taawPAYrIaU5`. */
export const deploymentToken = (): string => randomBytes(15).toString("base64url").replace("_", "-");
