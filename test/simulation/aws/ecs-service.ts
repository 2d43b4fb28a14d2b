import type {
  CapacityProviderStrategyItem,
  DeploymentConfiguration,
  PlacementConstraint,
} from "@aws-sdk/client-ecs";
import type { Registered } from "./task-definitions.ts";

/** A deployment that waits for somebody's word. */
export interface Pause {
  readonly hookId: string;
  readonly expiresAt: number;
  status: "AWAITING_ACTION" | "SUCCEEDED" | "FAILED";
}

/** A deployment of a service, as long as ECS shows it, and for the checks also afterwards. */
export interface ServiceDeployment {
  readonly id: string;
  readonly revision: Registered;
  /** The deployment it rolls back, when ECS has begun it on its own. */
  readonly rollbackOf: string | undefined;
  readonly createdAt: number;
  /** The service's capacity providers when it began. */
  readonly strategy: readonly CapacityProviderStrategyItem[];
  /** It fails on arm64 only, and its tasks of the other architecture run. */
  failsOnArm: boolean;
  pause?: Pause;
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
  /** It has ended by itself, with this code. */
  readonly exitCode?: number;
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
  constraints: PlacementConstraint[];
  configuration: DeploymentConfiguration;
  /** What ECS shows: the primary first. */
  deployments: ServiceDeployment[];
  /** Every deployment that somebody has asked for. */
  readonly history: ServiceDeployment[];
  /** Where a rollback goes back to. */
  steady: Registered;
  steadyStrategy: CapacityProviderStrategyItem[];
  tasks: RunningTask[];
}

/** The architectures that tasks of a deployment are placed on, in turn. */
export function architecturesOf(
  { constraints }: Service,
  { strategy }: ServiceDeployment,
): readonly RunningTask["architecture"][] {
  const both = ["x86_64", "arm64"] as const;
  const weight = (name: string) => strategy.find(({ capacityProvider }) => capacityProvider === name)?.weight;
  const open = both.filter((one) => {
    const provider = one === "arm64" ? "graviton" : "x86";
    return strategy.length === 0 || (weight(provider) ?? 0) > 0;
  });
  const allowed = open.filter((one) =>
    constraints.every(
      ({ expression = "" }) => !expression.includes("cpu-architecture in") || expression.includes(`[${one}]`),
    ),
  );
  return allowed.length === 0 ? both : allowed;
}

export function primaryOf(service: Service): ServiceDeployment {
  const primary = service.deployments.find(({ status }) => status === "PRIMARY");
  if (primary === undefined) throw new Error(`service ${service.name} has no primary deployment`);
  return primary;
}
