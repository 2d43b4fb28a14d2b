import { z } from "zod";
import { hexId } from "./arns.ts";
import type { Ecs } from "./ecs.ts";
import { parse } from "./input.ts";
import { instanceRequirementsSchema, matchingTypes } from "./instance-requirements.ts";
import { architectureOf, resourcesOf } from "./instance-types.ts";
import { newInstance, registerInstance } from "./instances.ts";
import { type Demand, Placer } from "./placement.ts";
import type { CapacityProvider } from "./types.ts";

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateManagedInstancesProviderConfiguration.html */
export const managedProviderSchema = z.looseObject({
  infrastructureRoleArn: z.string({ error: "infrastructureRoleArn is required." }),
  instanceLaunchTemplate: z.looseObject(
    {
      ec2InstanceProfileArn: z.string({ error: "ec2InstanceProfileArn is required." }),
      networkConfiguration: z.looseObject({ subnets: z.array(z.string()).optional() }),
      instanceRequirements: instanceRequirementsSchema.optional(),
    },
    { error: "instanceLaunchTemplate is required." },
  ),
});

/** The instance types that the provider may start, the smallest first. */
export function typesOf(provider: CapacityProvider): readonly string[] {
  const { instanceLaunchTemplate } = parse(managedProviderSchema, provider.managedInstancesProvider);
  return matchingTypes(instanceLaunchTemplate.instanceRequirements ?? {});
}

/** A host is chosen for so many of the waiting tasks at most; for the rest others follow. */
const maxTasksPerHost = 10;

/**
 * Starts one of the provider's instances for tasks that found no host: the smallest type that takes them all (ten at most),
 * else the largest that takes one. It registers at once, and the scheduler looks again. Idle instances stay.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ManagedInstances.html
 *
 * @returns why no instance can be started.
 */
export function scaleOut(
  ecs: Ecs,
  clusterName: string,
  providerName: string,
  demand: Demand,
  tasks: number,
): string | undefined {
  const provider = ecs.state.capacityProviders.get(providerName);
  const cluster = ecs.state.cluster(clusterName);
  if (provider === undefined) return `The capacity provider ${providerName} does not exist.`;
  const number = ecs.state.instancesOf(clusterName).length;
  const candidates = typesOf(provider).map((instanceType) => ({
    ec2InstanceId: `i-0${hexId(8)}`,
    instanceType,
    architecture: architectureOf(instanceType),
    availabilityZone: `${ecs.context.region}${number % 2 === 0 ? "a" : "b"}`,
    ...resourcesOf(instanceType),
    attributes: [],
    capacityProviderName: provider.name,
    launchType: "MANAGED_INSTANCES" as const,
  }));
  const room = (candidate: (typeof candidates)[number]): number => {
    const host = {
      instance: newInstance(ecs, cluster, candidate),
      freeCpu: candidate.cpu,
      freeMemory: candidate.memory,
      usedPorts: new Set<number>(),
      tasks: 0,
      groupTasks: 0,
      groups: [],
    };
    const placer = new Placer([host], demand, "");
    let placed = 0;
    while (placed < Math.min(tasks, maxTasksPerHost) && placer.place().ok) placed += 1;
    return placed;
  };
  const rooms = candidates.map((candidate) => ({ candidate, room: room(candidate) }));
  const most = Math.max(0, ...rooms.map((one) => one.room));
  const chosen = rooms.find((one) => one.room === most);
  if (chosen === undefined || most === 0) {
    const size = `${demand.cpu} CPU units and ${demand.memory} MiB`;
    return `no instance type of the capacity provider ${providerName} has ${size}${demand.architecture === undefined ? "" : ` on ${demand.architecture}`} and meets the placement constraints.`;
  }
  registerInstance(ecs, cluster, chosen.candidate);
  return undefined;
}
