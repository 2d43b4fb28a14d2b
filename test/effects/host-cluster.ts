import type { ContainerInstance } from "@aws-sdk/client-ecs";
import { expect } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { type HostedService, hostArchitectures } from "../../shared/effects/hosts.ts";
import { fakeAws, type Provided } from "./fakes.ts";

export const CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/staging";
export const service = (change: Partial<HostedService>): HostedService => ({
  serviceName: "web",
  clusterArn: CLUSTER,
  ...change,
});
export const strategy = (...names: readonly string[]): HostedService["capacityProviderStrategy"] =>
  names.map((capacityProvider) => ({ capacityProvider, weight: 1 }));

export function instance(architecture: string, change: ContainerInstance = {}): ContainerInstance {
  return {
    ec2InstanceId: "i-1",
    agentConnected: true,
    attributes: [{ name: "ecs.cpu-architecture", value: architecture }],
    ...change,
  };
}

/** A cluster with these hosts, listed by the hundred; providers of an Auto Scaling group unless told otherwise. */
export function cluster(instances: readonly ContainerInstance[], more: Provided = {}) {
  const found = instances.map((one, at) => ({ ...one, containerInstanceArn: `arn/${at}` }));
  return fakeAws({
    ...more,
    ecs: {
      listContainerInstances: async ({ status, maxResults = 100, nextToken = "0" }) => {
        expect(status).toBe("ACTIVE");
        const end = Number(nextToken) + maxResults;
        return {
          containerInstanceArns: found
            .slice(Number(nextToken), end)
            .map(({ containerInstanceArn }) => containerInstanceArn),
          ...(end < found.length ? { nextToken: String(end) } : {}),
        };
      },
      describeContainerInstances: async ({ containerInstances = [] }) => {
        expect(containerInstances.length).toBeLessThanOrEqual(100);
        return {
          containerInstances: found.filter(({ containerInstanceArn }) =>
            containerInstances.includes(containerInstanceArn),
          ),
        };
      },
      describeCapacityProviders: async ({ capacityProviders = [], cluster }) => {
        expect(cluster).toBe(CLUSTER);
        return {
          capacityProviders: capacityProviders
            .filter((name) => name !== "ghost")
            .map((name) => ({
              name,
              autoScalingGroupProvider: { autoScalingGroupArn: `arn:…:autoScalingGroupName/asg-${name}` },
            })),
        };
      },
      ...more.ecs,
    },
  });
}

export const behind = (capacityProviderName: string, architecture: string) =>
  instance(architecture, { capacityProviderName });

export async function found(
  aws: Aws,
  one: HostedService,
  document = {},
  capacity?: HostedService["capacityProviderStrategy"],
) {
  const answer = await hostArchitectures(aws, one, document, capacity);
  if ("failure" in answer) throw new Error(answer.failure.reason);
  return answer.found;
}

export async function failure(
  aws: Aws,
  one: HostedService,
  document = {},
  capacity?: HostedService["capacityProviderStrategy"],
) {
  const answer = await hostArchitectures(aws, one, document, capacity);
  if ("found" in answer) throw new Error(`it was found: ${JSON.stringify(answer.found)}`);
  return answer.failure;
}
