import type { CapacityProviderStrategyItem } from "@aws-sdk/client-ecs";
import type { Registered } from "./task-definitions.ts";

/** A deployment of a service, as long as ECS shows it, and for the checks also afterwards. */
export interface ServiceDeployment {
  readonly id: string;
  readonly revision: Registered;
  /** The deployment it rolls back, when ECS has begun it on its own. */
  readonly rollbackOf: string | undefined;
  readonly createdAt: number;
  status: "PRIMARY" | "ACTIVE";
  rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  reason: string;
  /** ECS has begun a rollback of it. */
  isRolledBack: boolean;
  /** At some moment every wanted task ran it. */
  hasRun: boolean;
}

export interface RunningTask {
  readonly arn: string;
  readonly deployment: ServiceDeployment;
  readonly architecture: "x86_64" | "arm64";
  isRunning: boolean;
}

export interface Service {
  readonly cluster: string;
  readonly name: string;
  readonly arn: string;
  /** The circuit breaker rolls back. */
  readonly rollsBack: boolean;
  readonly desired: number;
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  strategy: CapacityProviderStrategyItem[];
  /** What ECS shows: the primary first. */
  deployments: ServiceDeployment[];
  /** Every deployment that somebody has asked for. */
  readonly history: ServiceDeployment[];
  /** Where a rollback goes back to. */
  steady: Registered;
  tasks: RunningTask[];
}

export function primaryOf(service: Service): ServiceDeployment {
  const primary = service.deployments.find(({ status }) => status === "PRIMARY");
  if (primary === undefined) throw new Error(`service ${service.name} has no primary deployment`);
  return primary;
}
