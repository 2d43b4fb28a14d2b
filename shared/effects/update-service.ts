import type { Deployment, PlacementConstraint, Service } from "@aws-sdk/client-ecs";
import { strategyItems } from "../pipeline/capacity.ts";
import { isOurConstraint, ourConstraint, withConstraint } from "../pipeline/constraints.ts";
import type { Capacity, CpuArchitecture, EcsDeployment, StageDefinition } from "../pipeline/definition.ts";
import type { PreparedDeployment } from "../pipeline/events.ts";
import { deploymentConfiguration } from "../pipeline/service-update.ts";
import type { Aws } from "./aws.ts";

export interface Update {
  readonly current: Service;
  readonly target: EcsDeployment;
  readonly stage: StageDefinition;
  readonly prepared: PreparedDeployment;
  readonly taskDefinition: string;
  /** Undefined: it has the right one. */
  readonly capacity: Capacity | undefined;
}

export interface Updated {
  readonly deploymentId: string;
  /** Nothing had to be changed: ECS will send no event. */
  readonly completed: boolean;
}

/**
 * The one UpdateService of a step, with all that the step changes; none when the service is as it should be. What by itself
 * starts no deployment (capacity, configuration, placement) comes with a forced one.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
 */
export async function updateService(aws: Aws, update: Update): Promise<Updated> {
  const { current, target, stage, prepared, taskDefinition, capacity } = update;
  const architectures = Object.keys(prepared.hosts ?? {}) as ("x86_64" | "arm64")[];
  const configuration: Service["deploymentConfiguration"] = deploymentConfiguration(
    Object.fromEntries(Object.entries(current.deploymentConfiguration ?? {})),
    target,
    stage,
    architectures,
  );
  const constraints = changedConstraints(current, prepared.constrainTo);
  const same = current.taskDefinition === taskDefinition;
  const changes = {
    ...(capacity === undefined ? {} : { capacityProviderStrategy: strategyItems(capacity) }),
    ...(configuration === undefined ? {} : { deploymentConfiguration: configuration }),
    ...(constraints === undefined ? {} : { placementConstraints: constraints }),
  };
  const forced = capacity !== undefined || constraints !== undefined;
  if (same && !forced) return primary(current.deployments, taskDefinition);
  const { service } = await aws.ecs.updateService({
    cluster: target.cluster,
    service: target.service,
    taskDefinition,
    ...changes,
    ...(forced ? { forceNewDeployment: true } : {}),
  });
  return primary(service?.deployments, taskDefinition);
}

/** Ours is put there while an image lacks an architecture, and taken away once it is there again; undefined: it is so. */
export function changedConstraints(
  { placementConstraints = [] }: Service,
  constrainTo: CpuArchitecture | undefined,
): PlacementConstraint[] | undefined {
  const wanted = constrainTo === undefined ? undefined : ourConstraint(constrainTo);
  const ours = placementConstraints.filter(({ expression }) => isOurConstraint(expression));
  const same =
    wanted === undefined ? ours.length === 0 : ours.some(({ expression }) => expression === wanted);
  return same ? undefined : withConstraint(placementConstraints, wanted).map((one) => ({ ...one }));
}

function primary(deployments: readonly Deployment[] | undefined, taskDefinition: string): Updated {
  const ours = deployments?.find((one) => one.status === "PRIMARY" && one.taskDefinition === taskDefinition);
  if (ours?.id === undefined) throw new Error(`ECS names no primary deployment of ${taskDefinition}`);
  return { deploymentId: ours.id, completed: ours.rolloutState === "COMPLETED" };
}
