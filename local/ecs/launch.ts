import { isDeepStrictEqual } from "node:util";
import { AwsError } from "../service.ts";
import { compatibilitiesOf } from "./compatibility.ts";
import type { EcsState } from "./state.ts";
import { checkStrategy, kindOfProvider } from "./strategy.ts";
import type {
  Cluster,
  Constraint,
  LaunchType,
  PlacementStrategy,
  Service,
  StrategyItem,
  TaskDefinition,
} from "./types.ts";

/** Where tasks are to run: by a strategy, or else by a launch type. */
export interface Launch {
  readonly strategy: readonly StrategyItem[];
  readonly launchType: LaunchType | undefined;
}

/** What a request says of where its tasks are to run. */
export interface LaunchRequest {
  readonly launchType?: string | undefined;
  readonly capacityProviderStrategy?: readonly StrategyItem[] | undefined;
}

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

/**
 * A strategy or a launch type, never both; without either the cluster's default strategy, and without that EC2.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html (capacityProviderStrategy, launchType)
 *
 * @throws AwsError InvalidParameterException
 */
export function launchOf(state: EcsState, cluster: Cluster, wanted: LaunchRequest): Launch {
  const { capacityProviderStrategy, launchType } = wanted;
  if (launchType !== undefined && capacityProviderStrategy !== undefined) {
    throw invalid(
      "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    );
  }
  if (launchType !== undefined) return { strategy: [], launchType: launchTypeOf(launchType) };
  const strategy = capacityProviderStrategy ?? cluster.defaultStrategy;
  checkStrategy(state, strategy, cluster);
  return strategy.length > 0 ? { strategy, launchType: undefined } : { strategy: [], launchType: "EC2" };
}

function launchTypeOf(text: string): LaunchType {
  if (text === "EC2" || text === "FARGATE" || text === "EXTERNAL") return text;
  if (text === "MANAGED_INSTANCES") {
    throw invalid(
      "Managed Instances are used with capacityProviderStrategy: name a capacity provider of theirs, and leave launchType out.",
    );
  }
  throw invalid(`The launch type ${text} is not valid: EC2, FARGATE or EXTERNAL.`);
}

const mustForce =
  "When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.";

/**
 * What UpdateService makes of a service's launch type and strategy. Another strategy needs `forceNewDeployment`; an empty one
 * goes back to the launch type that the service was created with, else to the cluster's default strategy.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html (capacityProviderStrategy)
 *
 * @throws AwsError InvalidParameterException
 */
export function launchOfUpdate(
  state: EcsState,
  cluster: Cluster,
  service: Pick<Service, "capacityProviderStrategy" | "launchType" | "createdLaunchType">,
  wanted: {
    readonly capacityProviderStrategy?: readonly StrategyItem[] | undefined;
    readonly force: boolean;
  },
): Launch {
  const present: Launch = { strategy: service.capacityProviderStrategy, launchType: service.launchType };
  const { capacityProviderStrategy: strategy } = wanted;
  if (strategy === undefined || isDeepStrictEqual(strategy, present.strategy)) return present;
  if (present.launchType === "EXTERNAL") {
    throw invalid("Capacity provider strategies are not supported with EXTERNAL launch type.");
  }
  checkStrategy(state, strategy, cluster);
  if (!wanted.force) throw invalid(mustForce);
  if (strategy.length > 0) return { strategy, launchType: undefined };
  if (service.createdLaunchType !== undefined) return { strategy: [], launchType: service.createdLaunchType };
  if (cluster.defaultStrategy.length > 0) return { strategy: cluster.defaultStrategy, launchType: undefined };
  throw invalid(
    "No launch type to fall back to for empty capacity provider strategy. Your service was not created with a launch type.",
  );
}

/** What else of a request depends on where its tasks run. */
export interface LaunchDetails {
  readonly networkConfiguration?: unknown;
  readonly platformVersion?: unknown;
  readonly placementConstraints: readonly Constraint[];
  readonly placementStrategy: readonly PlacementStrategy[];
  readonly loadBalancers?: unknown;
  readonly serviceRegistries?: unknown;
}

/**
 * Whether the definition can run there, with what else the request asks for.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html (what EXTERNAL tasks cannot have)
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 *
 * @throws AwsError InvalidParameterException
 */
export function checkLaunch(
  state: EcsState,
  launch: Launch,
  definition: TaskDefinition,
  details: LaunchDetails,
): void {
  const provider = launch.strategy[0]?.capacityProvider;
  const kind = (provider === undefined ? launch.launchType : kindOfProvider(state, provider)) ?? "EC2";
  const given = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
  const refuse = (what: string): AwsError => invalid(`${what} are not supported with ${kind} launch type.`);
  if (kind === "EXTERNAL" && given(details.loadBalancers)) throw refuse("Load balancers");
  if (kind === "EXTERNAL" && given(details.serviceRegistries)) throw refuse("Service registries");
  if (!compatibilitiesOf(definition).includes(kind)) {
    throw invalid(`Task definition does not support launch_type ${kind}.`);
  }
  checkNetwork(definition, details.networkConfiguration);
  if (kind === "FARGATE") {
    if (details.placementConstraints.length > 0) throw refuse("Placement constraints");
    if (details.placementStrategy.length > 0) throw refuse("Placement strategies");
  } else if (details.platformVersion !== undefined) {
    throw invalid(`The platform version must be null when specifying an ${kind} launch type.`);
  }
}

function checkNetwork(definition: TaskDefinition, networkConfiguration: unknown): void {
  const given = networkConfiguration !== undefined && networkConfiguration !== null;
  if (definition.networkMode === "awsvpc" && !given) {
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (definition.networkMode !== "awsvpc" && given) {
    throw invalid("Network Configuration is not valid for the given networkMode of this task definition.");
  }
}
