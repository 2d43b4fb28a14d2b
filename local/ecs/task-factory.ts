import { z } from "zod";
import { type Arns, hexId } from "./arns.ts";
import { architectureOfDefinition, demandOf } from "./demand.ts";
import type { Tag } from "./input.ts";
import { type Overrides, overrideOf } from "./overrides.ts";
import type { NetworkInterface, Task, TaskContainer } from "./task.ts";
import type { Attribute, Cluster, ContainerInstance, TaskDefinition } from "./types.ts";

export interface NewTask {
  readonly definition: TaskDefinition;
  readonly cluster: Pick<Cluster, "arn" | "name">;
  /** The host; without one the task runs on Fargate. */
  readonly instance?: ContainerInstance | undefined;
  readonly region: string;
  readonly group: string;
  readonly startedBy?: string | undefined;
  readonly serviceArn?: string | undefined;
  readonly capacityProvider?: string | undefined;
  readonly overrides?: Overrides | undefined;
  /** As given: `awsvpcConfiguration`. */
  readonly networkConfiguration?: unknown;
  readonly tags: readonly Tag[];
  readonly simulated: boolean;
  readonly now: number;
}

/** The attribute that says of a container instance or a task that nothing is executed on it. */
export const simulatedAttribute: Attribute = { name: "tandem.simulated", value: "true" };

/**
 * A task in its first state, PROVISIONING. On a host it has the host's architecture and availability zone, on Fargate the
 * architecture of its definition, X86_64 by default.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#runtime-platform
 */
export function newTask(arns: Arns, options: NewTask): Task {
  const { definition, instance, now, cluster } = options;
  const id = hexId();
  const arn = arns.ecs(`task/${cluster.name}/${id}`);
  const demand = demandOf(definition, [], options.overrides);
  const capacityProviderName = options.capacityProvider ?? instance?.capacityProviderName;
  const architecture = instance?.architecture ?? architectureOfDefinition(definition) ?? "x86_64";
  const subnets = subnetsOf(options.networkConfiguration);
  const zone = Number.parseInt(id.slice(0, 8), 16) % Math.max(subnets.length, 2);
  return {
    arn,
    id,
    cluster: cluster.name,
    clusterArn: cluster.arn,
    taskDefinitionArn: definition.arn,
    family: definition.family,
    launchType: instance?.launchType ?? "FARGATE",
    ...(instance === undefined ? {} : { instanceArn: instance.arn }),
    architecture,
    availabilityZone: instance?.availabilityZone ?? `${options.region}${"abcdef"[zone % 6] ?? "a"}`,
    ...(capacityProviderName === undefined ? {} : { capacityProviderName }),
    group: options.group,
    ...(options.startedBy === undefined ? {} : { startedBy: options.startedBy }),
    ...(options.serviceArn === undefined ? {} : { serviceArn: options.serviceArn }),
    attributes: [
      { name: "ecs.cpu-architecture", value: architecture },
      ...(options.simulated ? [simulatedAttribute] : []),
    ],
    overrides: options.overrides ?? {
      containerOverrides: definition.containerDefinitions.map(({ name }) => ({ name })),
    },
    cpu: demand.cpu,
    memory: demand.memory,
    hostPorts: demand.hostPorts,
    ...(definition.networkMode === "awsvpc" ? { networkInterface: networkInterface(id, subnets[zone]) } : {}),
    connectivity: "CONNECTED",
    createdAt: now,
    updatedAt: now,
    tags: [...options.tags],
    containers: definition.containerDefinitions.map((container) =>
      newContainer(arns, cluster.name, id, container, options.overrides ?? {}),
    ),
    lastStatus: "PROVISIONING",
    desiredStatus: "RUNNING",
    healthStatus: "UNKNOWN",
    version: 1,
  };
}

const networkSchema = z.object({ awsvpcConfiguration: z.object({ subnets: z.array(z.string()) }) });

function subnetsOf(networkConfiguration: unknown): readonly string[] {
  const parsed = networkSchema.safeParse(networkConfiguration);
  return parsed.success ? parsed.data.awsvpcConfiguration.subnets : [];
}

/** The elastic network interface of a task in network mode `awsvpc`, with an address made from the task's id. */
function networkInterface(taskId: string, subnetId = "subnet-00000000"): NetworkInterface {
  const [second, third] = [taskId.slice(0, 2), taskId.slice(2, 4)].map((hex) => Number.parseInt(hex, 16));
  return {
    attachmentId: [8, 4, 4, 4, 12].map((length) => hexId(length / 2)).join("-"),
    networkInterfaceId: `eni-0${taskId.slice(0, 16)}`,
    subnetId,
    privateIpv4Address: `10.0.${second ?? 0}.${Math.max(third ?? 0, 4)}`,
  };
}

function newContainer(
  arns: Arns,
  cluster: string,
  taskId: string,
  definition: TaskDefinition["containerDefinitions"][number],
  overrides: Overrides,
): TaskContainer {
  const { name, image, essential } = definition;
  const override = overrideOf(overrides, name);
  const cpu = override?.cpu ?? definition.cpu;
  const memory = override?.memory ?? definition.memory;
  const memoryReservation = override?.memoryReservation ?? definition.memoryReservation;
  return {
    arn: arns.ecs(`container/${cluster}/${taskId}/${hexId()}`),
    name,
    image,
    cpu,
    ...(memory === undefined ? {} : { memory }),
    ...(memoryReservation === undefined ? {} : { memoryReservation }),
    essential,
    lastStatus: "PENDING",
    healthStatus: "UNKNOWN",
    ports: [],
  };
}
