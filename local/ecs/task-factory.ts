import { z } from "zod";
import { type Arns, hexId } from "./arns.ts";
import { demandOf } from "./demand.ts";
import type { Tag } from "./input.ts";
import type { Task, TaskContainer } from "./task.ts";
import type { Attribute, ContainerInstance, TaskDefinition } from "./types.ts";

export const overridesSchema = z.looseObject({
  containerOverrides: z
    .array(
      z.looseObject({
        name: z.string(),
        command: z.array(z.string()).optional(),
        environment: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
      }),
    )
    .optional(),
});
export type Overrides = z.infer<typeof overridesSchema>;

/** The container's override, if the task has one for it. */
export function overrideOf(
  overrides: Overrides,
  container: string,
): NonNullable<Overrides["containerOverrides"]>[number] | undefined {
  return overrides.containerOverrides?.find(({ name }) => name === container);
}

export interface NewTask {
  readonly definition: TaskDefinition;
  readonly instance: ContainerInstance;
  readonly clusterArn: string;
  readonly group: string;
  readonly startedBy?: string;
  readonly serviceArn?: string;
  readonly capacityProvider?: string;
  readonly overrides?: Overrides;
  readonly tags: readonly Tag[];
  readonly simulated: boolean;
  readonly now: number;
}

/** The attribute that says of a container instance or a task that nothing is executed on it. */
export const simulatedAttribute: Attribute = { name: "tandem.simulated", value: "true" };

/** A task in its first state, PROVISIONING. */
export function newTask(arns: Arns, options: NewTask): Task {
  const { definition, instance, now } = options;
  const id = hexId();
  const arn = arns.ecs(`task/${instance.cluster}/${id}`);
  const demand = demandOf(definition);
  const capacityProviderName = options.capacityProvider ?? instance.capacityProviderName;
  return {
    arn,
    id,
    cluster: instance.cluster,
    clusterArn: options.clusterArn,
    taskDefinitionArn: definition.arn,
    family: definition.family,
    instanceArn: instance.arn,
    architecture: instance.architecture,
    availabilityZone: instance.availabilityZone,
    ...(capacityProviderName === undefined ? {} : { capacityProviderName }),
    group: options.group,
    ...(options.startedBy === undefined ? {} : { startedBy: options.startedBy }),
    ...(options.serviceArn === undefined ? {} : { serviceArn: options.serviceArn }),
    attributes: [
      { name: "ecs.cpu-architecture", value: instance.architecture },
      ...(options.simulated ? [simulatedAttribute] : []),
    ],
    overrides: options.overrides ?? {
      containerOverrides: definition.containerDefinitions.map(({ name }) => ({ name })),
    },
    cpu: demand.cpu,
    memory: demand.memory,
    hostPorts: demand.hostPorts,
    createdAt: now,
    updatedAt: now,
    tags: [...options.tags],
    containers: definition.containerDefinitions.map((container) =>
      newContainer(arns, instance.cluster, id, container),
    ),
    lastStatus: "PROVISIONING",
    desiredStatus: "RUNNING",
    healthStatus: "UNKNOWN",
    version: 1,
  };
}

function newContainer(
  arns: Arns,
  cluster: string,
  taskId: string,
  definition: TaskDefinition["containerDefinitions"][number],
): TaskContainer {
  const { name, image, cpu, memory, memoryReservation, essential } = definition;
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
