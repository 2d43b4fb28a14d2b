import type { Architecture } from "../engine.ts";
import { hexId } from "./arns.ts";
import { describeInstance } from "./describe.ts";
import type { Ecs } from "./ecs.ts";
import { instanceStateChange } from "./events.ts";
import { simulatedAttribute } from "./task-factory.ts";
import type { Attribute, Cluster, ContainerInstance } from "./types.ts";

export interface NewInstance {
  readonly ec2InstanceId: string;
  readonly instanceType: string;
  readonly architecture: Architecture;
  readonly availabilityZone: string;
  readonly cpu: number;
  readonly memory: number;
  readonly attributes: readonly Attribute[];
  readonly capacityProviderName?: string | undefined;
  readonly tags?: ContainerInstance["tags"];
}

/**
 * Registers a container instance with what the agent says of it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html (attributes)
 */
export function registerInstance(ecs: Ecs, cluster: Cluster, wanted: NewInstance): ContainerInstance {
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
  const instance: ContainerInstance = {
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
    registeredAt: ecs.context.now(),
    version: 1,
    tags: wanted.tags ?? [],
  };
  ecs.state.instances.set(instance.arn, instance);
  announceInstance(ecs, instance);
  ecs.scheduler.kickCluster(cluster.name);
  return instance;
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
