import { CreateRepositoryCommand } from "@aws-sdk/client-ecr";
import {
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  PutClusterCapacityProvidersCommand,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type Service,
  type Task,
} from "@aws-sdk/client-ecs";
import type { EcsEndpoint } from "./ecs-endpoint.ts";

const providers = { x86: "t3.medium", graviton: "t4g.medium" } as const;
export type Provider = keyof typeof providers;

/** Registers one more host of a provider. */
export async function addHost(
  endpoint: EcsEndpoint,
  cluster: string,
  provider: Provider,
  id: string,
): Promise<string> {
  const { containerInstance } = await endpoint.ecs.send(
    new RegisterContainerInstanceCommand({
      cluster,
      instanceIdentityDocument: JSON.stringify({ instanceId: id, instanceType: providers[provider] }),
      tags: [{ key: "aws:autoscaling:groupName", value: `${cluster}-${provider}` }],
    }),
  );
  return containerInstance?.containerInstanceArn ?? "";
}

/** A cluster with the providers `x86` and `graviton`, and so many hosts behind each. */
export async function mixedCluster(
  endpoint: EcsEndpoint,
  cluster = "staging",
  hosts: Readonly<Record<Provider, number>> = { x86: 2, graviton: 2 },
): Promise<void> {
  await endpoint.ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  for (const provider of ["x86", "graviton"] as const) {
    await endpoint.ecs.send(
      new CreateCapacityProviderCommand({
        name: provider,
        autoScalingGroupProvider: {
          autoScalingGroupArn: `arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/${cluster}-${provider}`,
        },
      }),
    );
    for (let host = 0; host < hosts[provider]; host++)
      await addHost(endpoint, cluster, provider, `i-${provider}-${host}`);
  }
  await endpoint.ecs.send(
    new PutClusterCapacityProvidersCommand({
      cluster,
      capacityProviders: ["x86", "graviton"],
      defaultCapacityProviderStrategy: [],
    }),
  );
}

export const createRepository = (endpoint: EcsEndpoint, name: string): Promise<unknown> =>
  endpoint.ecr.send(new CreateRepositoryCommand({ repositoryName: name }));

/** Registers a revision of `web` with one container; gives its ARN. */
export async function register(
  endpoint: EcsEndpoint,
  image: string,
  more: Partial<RegisterTaskDefinitionCommandInput> = {},
): Promise<string> {
  const { taskDefinition } = await endpoint.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "web",
      containerDefinitions: [
        { name: "web", image, memory: 128, portMappings: [{ containerPort: 8080, hostPort: 0 }] },
      ],
      ...more,
    }),
  );
  return taskDefinition?.taskDefinitionArn ?? "";
}

/** Creates the service `web` over both providers, weights 1 : 1. */
export async function createWeb(
  endpoint: EcsEndpoint,
  taskDefinition: string,
  more: Partial<CreateServiceCommandInput> = {},
): Promise<Service> {
  const { service } = await endpoint.ecs.send(
    new CreateServiceCommand({
      cluster: "staging",
      serviceName: "web",
      taskDefinition,
      desiredCount: 4,
      capacityProviderStrategy: [
        { capacityProvider: "x86", weight: 1 },
        { capacityProvider: "graviton", weight: 1 },
      ],
      ...more,
    }),
  );
  if (service === undefined) throw new Error("CreateService gave no service");
  return service;
}

export async function describeWeb(endpoint: EcsEndpoint, cluster = "staging"): Promise<Service> {
  const { services = [] } = await endpoint.ecs.send(
    new DescribeServicesCommand({ cluster, services: ["web"] }),
  );
  const [service] = services;
  if (service === undefined) throw new Error("there is no service web");
  return service;
}

/** The tasks of `web` that run, or those that have stopped. */
export async function tasksOfWeb(
  endpoint: EcsEndpoint,
  desiredStatus: "RUNNING" | "STOPPED" = "RUNNING",
  cluster = "staging",
): Promise<readonly Task[]> {
  const { taskArns = [] } = await endpoint.ecs.send(
    new ListTasksCommand({ cluster, serviceName: "web", desiredStatus }),
  );
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await endpoint.ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
  return tasks;
}

export const architectureOf = (task: Task): string | undefined =>
  task.attributes?.find(({ name }) => name === "ecs.cpu-architecture")?.value;

/** How many tasks of each architecture. */
export function byArchitecture(tasks: readonly Task[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const task of tasks) {
    const architecture = architectureOf(task) ?? "?";
    counts[architecture] = (counts[architecture] ?? 0) + 1;
  }
  return counts;
}

/** A member of an event's detail, as text: the `eventName` of a deployment's, the `lastStatus` of a task's. */
export function detailOf(event: { readonly detail: unknown }, member: string): string {
  const { detail } = event;
  if (typeof detail !== "object" || detail === null) return "";
  const value = Object.entries(detail).find(([name]) => name === member)?.[1];
  return value === undefined ? "" : String(value);
}

export const eventName = (event: { readonly detail: unknown }): string => detailOf(event, "eventName");

/** Resolves when a task has reached a state. */
export const taskIs = (endpoint: EcsEndpoint, taskArn: string | undefined, lastStatus: string) =>
  endpoint.event(
    `${lastStatus} of ${taskArn}`,
    (event) => event.resources[0] === taskArn && detailOf(event, "lastStatus") === lastStatus,
  );

/**
 * Resolves when the service's PRIMARY deployment has completed (the one that a rollback went back to, where there was one),
 * or when the deployment that was begun last has failed.
 */
export async function deploymentEnds(
  endpoint: EcsEndpoint,
  name = "SERVICE_DEPLOYMENT_COMPLETED",
): Promise<void> {
  const since = endpoint.events.length;
  const primary = (await describeWeb(endpoint)).deployments?.find(({ status }) => status === "PRIMARY");
  const completes = name === "SERVICE_DEPLOYMENT_COMPLETED";
  if (completes && primary?.rolloutState === "COMPLETED") return;
  const begun = endpoint.events.findLast(
    (event) =>
      eventName(event) === "SERVICE_DEPLOYMENT_IN_PROGRESS" &&
      !detailOf(event, "reason").includes("rolling back"),
  );
  const id = completes || begun === undefined ? primary?.id : detailOf(begun, "deploymentId");
  await endpoint.event(
    `${name} of ${id}`,
    (event) =>
      eventName(event) === name &&
      detailOf(event, "deploymentId") === id &&
      // A rollback completes a deployment that had completed before.
      (!completes || endpoint.events.indexOf(event) >= since),
  );
}
