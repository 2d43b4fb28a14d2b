import { isDeepStrictEqual } from "node:util";
import { AwsError } from "../service.ts";
import type { DeploymentConfiguration } from "./deployment-configuration.ts";
import { rollingHookStages, stagesWithoutPause } from "./strategies/stages.ts";

/** Members of a service that are kept as given. */
const keptMembers = [
  "loadBalancers",
  "serviceRegistries",
  "networkConfiguration",
  "platformVersion",
  "serviceConnectConfiguration",
  "volumeConfigurations",
  "vpcLatticeConfigurations",
  "availabilityZoneRebalancing",
  "enableECSManagedTags",
  "enableExecuteCommand",
  "propagateTags",
];

/**
 * Members that start a deployment when UpdateService changes them; the task definition does as well, and
 * `forceNewDeployment` always. `desiredCount`, `deploymentConfiguration`, `capacityProviderStrategy`,
 * `placementConstraints`, `placementStrategy` and the like do not.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
 */
const deployingMembers = [
  "loadBalancers",
  "serviceRegistries",
  "networkConfiguration",
  "platformVersion",
  "serviceConnectConfiguration",
  "volumeConfigurations",
  "vpcLatticeConfigurations",
];

export type ServiceConfiguration = Readonly<Record<string, unknown>>;

/** The members of a request that a service keeps as given. */
export function keptConfiguration(input: ServiceConfiguration): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).filter(
      ([name, value]) => keptMembers.includes(name) && value !== undefined && value !== null,
    ),
  );
}

/** Whether the change from one configuration to the other starts a deployment. */
export function startsDeployment(from: ServiceConfiguration, to: ServiceConfiguration): boolean {
  return deployingMembers.some((name) => !isDeepStrictEqual(from[name], to[name]));
}

/**
 * What the service scheduler cannot work with, and what this endpoint does not emulate.
 *
 * @throws AwsError InvalidParameterException or UnsupportedFeatureException
 */
export function checkDeploymentConfiguration(configuration: DeploymentConfiguration): void {
  const { maximumPercent, minimumHealthyPercent, strategy } = configuration;
  if (maximumPercent === 100 && minimumHealthyPercent === 100) {
    throw new AwsError(
      "InvalidParameterException",
      "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
    );
  }
  if (maximumPercent < minimumHealthyPercent || maximumPercent === 0) {
    throw new AwsError(
      "InvalidParameterException",
      "maximumPercent must be greater than minimumHealthyPercent.",
    );
  }
  if (configuration.earlySuccessCriteria !== undefined && configuration.earlySuccessCriteria !== null) {
    throw new AwsError(
      "UnsupportedFeatureException",
      "The local endpoint does not emulate earlySuccessCriteria: leave it out.",
    );
  }
  if (strategy !== "CANARY" && configuration.canaryConfiguration !== undefined)
    throw invalid("canaryConfiguration is only valid with the deployment strategy CANARY.");
  if (strategy !== "LINEAR" && configuration.linearConfiguration !== undefined)
    throw invalid("linearConfiguration is only valid with the deployment strategy LINEAR.");
  checkHooks(configuration);
}

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

const mostHooks = 10;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html#pause-hooks-constraints */
function checkHooks({ strategy, lifecycleHooks = [] }: DeploymentConfiguration): void {
  for (const type of ["AWS_LAMBDA", "PAUSE"])
    if (lifecycleHooks.filter(({ targetType }) => targetType === type).length > mostHooks)
      throw invalid(`A service can have at most ${mostHooks} lifecycle hooks of the type ${type}.`);
  for (const {
    targetType,
    hookTargetArn,
    roleArn,
    lifecycleStages,
    timeoutConfiguration,
  } of lifecycleHooks) {
    if (targetType === "PAUSE" && (hookTargetArn !== undefined || roleArn !== undefined))
      throw invalid("A PAUSE lifecycle hook has neither hookTargetArn nor roleArn.");
    if (targetType === "AWS_LAMBDA" && hookTargetArn === undefined)
      throw invalid("An AWS_LAMBDA lifecycle hook needs hookTargetArn.");
    if (targetType === "AWS_LAMBDA" && (timeoutConfiguration?.timeoutInMinutes ?? 0) > minutesOfADay)
      throw invalid(`The time-out of an AWS_LAMBDA lifecycle hook is at most ${minutesOfADay} minutes.`);
    for (const stage of lifecycleStages) {
      if (targetType === "PAUSE" && stagesWithoutPause.has(stage))
        throw invalid(`A PAUSE lifecycle hook cannot be configured at ${stage}.`);
      if (strategy === "ROLLING" && !rollingHookStages.has(stage))
        throw invalid(
          `A rolling update shifts no traffic: a lifecycle hook at ${stage} would never run. It has the stages ${[...rollingHookStages].join(", ")}.`,
        );
    }
  }
}

const minutesOfADay = 1440;
