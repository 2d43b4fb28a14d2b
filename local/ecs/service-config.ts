import { isDeepStrictEqual } from "node:util";
import { AwsError } from "../service.ts";
import type { DeploymentConfiguration } from "./types.ts";

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
  const { maximumPercent, minimumHealthyPercent, strategy, lifecycleHooks } = configuration;
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
  if (strategy !== "ROLLING") {
    throw new AwsError(
      "UnsupportedFeatureException",
      `The local endpoint emulates the deployment strategy ROLLING, not ${strategy}.`,
    );
  }
  if (lifecycleHooks !== undefined && lifecycleHooks.length > 0) {
    throw new AwsError(
      "UnsupportedFeatureException",
      "The local endpoint does not emulate deployment lifecycle hooks.",
    );
  }
}
