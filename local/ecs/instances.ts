import type { Architecture } from "../engine.ts";
import { hexId } from "./arns.ts";
import { describeInstance } from "./describe.ts";
import type { Ecs } from "./ecs.ts";
import { instanceStateChange } from "./events.ts";
import { simulatedAttribute } from "./task-factory.ts";
import type { Attribute, Cluster, ContainerInstance, LaunchType } from "./types.ts";

export interface NewInstance {
  readonly ec2InstanceId: string;
  readonly instanceType: string;
  readonly architecture: Architecture;
  readonly availabilityZone: string;
  readonly cpu: number;
  readonly memory: number;
  readonly attributes: readonly Attribute[];
  readonly capacityProviderName?: string | undefined;
  readonly launchType?: LaunchType;
  readonly tags?: ContainerInstance["tags"];
}

/** What an agent says of itself on a host of ECS Anywhere. */
export const externalAttribute: Attribute = { name: "ecs.capability.external" };

/**
 * A container instance with what the agent says of it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html (attributes)
 */
export function newInstance(
  ecs: Pick<Ecs, "arns" | "context" | "simulated">,
  cluster: Cluster,
  wanted: NewInstance,
): ContainerInstance {
  const given = new Map(
    [
      { name: "ecs.availability-zone", value: wanted.availabilityZone },
      { name: "ecs.instance-type", value: wanted.instanceType },
      { name: "ecs.os-type", value: "linux" },
      { name: "ecs.os-family", value: "LINUX" },
      { name: "ecs.cpu-architecture", value: wanted.architecture },
      ...(ecs.simulated ? [simulatedAttribute] : []),
      ...wanted.attributes,
    ].map((attribute) => [attribute.name, attribute]),
  );
  return {
    arn: ecs.arns.ecs(`container-instance/${cluster.name}/${hexId()}`),
    cluster: cluster.name,
    ec2InstanceId: wanted.ec2InstanceId,
    instanceType: wanted.instanceType,
    architecture: wanted.architecture,
    availabilityZone: wanted.availabilityZone,
    cpu: wanted.cpu,
    memory: wanted.memory,
    status: "ACTIVE",
    attributes: [...given.values()],
    capacityProviderName: wanted.capacityProviderName,
    launchType: wanted.launchType ?? "EC2",
    agentConnected: true,
    registeredAt: ecs.context.now(),
    version: 1,
    tags: wanted.tags ?? [],
  };
}

/** Adds a container instance to the cluster. */
export function registerInstance(ecs: Ecs, cluster: Cluster, wanted: NewInstance): ContainerInstance {
  const instance = newInstance(ecs, cluster, wanted);
  ecs.state.instances.set(instance.arn, instance);
  announceInstance(ecs, instance);
  ecs.scheduler.kickCluster(cluster.name);
  return instance;
}

/** Takes a container instance out of its cluster. What runs on it stops, and services replace it elsewhere. */
export function removeInstance(ecs: Ecs, instance: ContainerInstance, reason: string): void {
  instance.status = "INACTIVE";
  instance.version += 1;
  announceInstance(ecs, instance);
  for (const task of [...ecs.state.usageOf(instance.arn).tasks]) ecs.runner.lost(task, reason);
  ecs.state.instances.delete(instance.arn);
  ecs.scheduler.kickCluster(instance.cluster);
}

/**
 * Tells whether the instance's agent answers. While it does not, no task is placed there and none can be stopped; what runs
 * goes on. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
 */
export function setConnected(ecs: Ecs, instance: ContainerInstance, connected: boolean): void {
  if (instance.agentConnected === connected) return;
  instance.agentConnected = connected;
  instance.version += 1;
  announceInstance(ecs, instance);
  for (const task of [...ecs.state.usageOf(instance.arn).tasks]) ecs.runner.connected(task, connected);
  ecs.scheduler.kickCluster(instance.cluster);
}

/** Emits the instance's state, and lets the scheduler look at what the change means. */
export function announceInstance(ecs: Ecs, instance: ContainerInstance): void {
  const { context, state } = ecs;
  const description = describeInstance(state, instance, (milliseconds) =>
    new Date(milliseconds).toISOString(),
  );
  const { arn } = state.cluster(instance.cluster);
  context.emit(instanceStateChange(instance.arn, arn, description, context.now()));
}
