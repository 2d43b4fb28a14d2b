import { createHash } from "node:crypto";
import { lastPart } from "./arns.ts";
import type { Ecs } from "./ecs.ts";
import { architectureOf, resourcesOf } from "./instance-types.ts";
import { registerInstance, removeInstance } from "./instances.ts";
import type { EcsState } from "./state.ts";
import type { AutoScalingGroup, CapacityProvider, LaunchTemplate } from "./types.ts";

/**
 * The cluster that an instance of the template joins: `ECS_CLUSTER` in the user data, as the agent reads it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
 */
export function clusterOfUserData(userData: string): string {
  return /ECS_CLUSTER=["']?([A-Za-z0-9_-]+)/.exec(userData)?.[1] ?? "default";
}

/** Ids that stay the same when a group is applied again. */
const instanceId = (group: string, index: number): string =>
  `i-0${createHash("sha256").update(`${group}/${index}`).digest("hex").slice(0, 16)}`;

/** The capacity provider over an Auto Scaling group: there is one at most. */
export function providerOfGroup(state: EcsState, group: string): CapacityProvider | undefined {
  return [...state.capacityProviders.values()].find(
    ({ status, autoScalingGroupArn }) =>
      status === "ACTIVE" && autoScalingGroupArn !== undefined && lastPart(autoScalingGroupArn) === group,
  );
}

/** The type of a group's instance: a mixed instances policy's types take turns, without one the launch template's counts. */
export function instanceTypeOf(
  group: AutoScalingGroup,
  template: LaunchTemplate | undefined,
  index: number,
): string {
  const { instanceTypes } = group;
  return instanceTypes[index % Math.max(instanceTypes.length, 1)] ?? template?.instanceType ?? "t3.small";
}

/** Adapts the number of a group's EC2 instances to its desired capacity, and lets them register or disappear. */
export function scaleGroup(ecs: Ecs, group: AutoScalingGroup): void {
  const wanted = Array.from({ length: group.desiredCapacity }, (_, index) => instanceId(group.name, index));
  const gone = group.instanceIds.filter((id) => !wanted.includes(id));
  for (const instance of [...ecs.state.instances.values()]) {
    if (!gone.includes(instance.ec2InstanceId)) continue;
    removeInstance(ecs, instance, `Host EC2 (instance ${instance.ec2InstanceId}) terminated.`);
  }
  group.instanceIds = wanted;
  instancesAppear(ecs);
}

export const zoneOf = ({ availabilityZones }: AutoScalingGroup, index: number): string | undefined =>
  availabilityZones[index % availabilityZones.length];

/** Registers the EC2 instances that are up and whose cluster exists by now (the agent keeps trying until it does). */
export function instancesAppear(ecs: Ecs): void {
  const registered = new Set([...ecs.state.instances.values()].map(({ ec2InstanceId }) => ec2InstanceId));
  for (const group of ecs.state.autoScalingGroups.values()) {
    const template = ecs.state.launchTemplates.get(group.launchTemplateId);
    if (template === undefined) continue;
    group.instanceIds.forEach((id, index) => {
      if (!registered.has(id)) boot(ecs, group, template, id, index);
    });
  }
}

function boot(ecs: Ecs, group: AutoScalingGroup, template: LaunchTemplate, id: string, index: number): void {
  const cluster = ecs.state.clusters.get(clusterOfUserData(template.userData));
  if (cluster?.status !== "ACTIVE") return;
  const instanceType = instanceTypeOf(group, template, index);
  registerInstance(ecs, cluster, {
    ec2InstanceId: id,
    instanceType,
    architecture: architectureOf(instanceType),
    availabilityZone: zoneOf(group, index) ?? `${ecs.context.region}a`,
    ...resourcesOf(instanceType),
    attributes: [{ name: "ecs.ami-id", value: template.imageId }],
    capacityProviderName: providerOfGroup(ecs.state, group.name)?.name,
  });
}
