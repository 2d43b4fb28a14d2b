import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Task } from "@aws-sdk/client-ecs";
import type { AwsClients } from "./clients.ts";
import { PROJECT } from "./local-up.ts";
import { eventually } from "./poll.ts";

const TEMPLATE = join(PROJECT, "examples", "mixed-cluster", "template.yml");

export const SERVICE = "web";

/**
 * A cluster from the example's own template: two hosts of each architecture, and the service `web` with four tasks.
 * @param image what it runs at first, by digest
 */
export async function createCluster(aws: AwsClients, cluster: string, image: string): Promise<void> {
  const parameters = {
    ClusterName: cluster,
    CapacityProviderPrefix: `${cluster}-`,
    VpcId: "vpc-00000000000000000",
    SubnetIds: "subnet-00000000000000001,subnet-00000000000000002",
    Image: image,
  };
  await aws.cloudFormation.createStack({
    StackName: cluster,
    TemplateBody: await readFile(TEMPLATE, "utf8"),
    Capabilities: ["CAPABILITY_IAM"],
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
  });
  await eventually(async () => {
    const { Stacks = [] } = await aws.cloudFormation.describeStacks({ StackName: cluster });
    const { StackStatus: status = "", StackStatusReason: reason } = Stacks[0] ?? {};
    if (/FAILED|ROLLBACK/.test(status)) throw new Error(`stack ${cluster} is ${status}: ${reason}`);
    return status === "CREATE_COMPLETE" ? true : undefined;
  }, `the stack ${cluster}`);
}

/** Waits until the service of a cluster has all its tasks, and nothing rolls. */
export async function steady(aws: AwsClients, cluster: string, patienceMs?: number): Promise<void> {
  await eventually(
    async () => {
      const { deployments = [], runningCount, desiredCount } = await serviceOf(aws, cluster);
      const settled = deployments.length === 1 && deployments[0]?.rolloutState === "COMPLETED";
      return settled && runningCount === desiredCount ? true : undefined;
    },
    `the steady state of ${cluster}/${SERVICE}`,
    patienceMs,
  );
}

export async function serviceOf(aws: AwsClients, cluster: string, name = SERVICE) {
  const { services = [] } = await aws.ecs.describeServices({ cluster, services: [name] });
  const [service] = services;
  if (service === undefined) throw new Error(`cluster ${cluster} has no service ${name}`);
  return service;
}

/**
 * The next revision of a family, with a sidecar instead of the one it may have; the service keeps what it runs.
 * @returns its ARN
 */
export async function addSidecar({ ecs }: AwsClients, family: string, image: string): Promise<string> {
  const { taskDefinition } = await ecs.describeTaskDefinition({ taskDefinition: family });
  const { networkMode, containerDefinitions = [] } = taskDefinition ?? {};
  const others = containerDefinitions.filter(({ name }) => name !== "proxy");
  const proxy = { name: "proxy", image, memory: 64, essential: true };
  const registered = await ecs.registerTaskDefinition({
    family,
    networkMode,
    containerDefinitions: [...others, proxy],
  });
  return registered.taskDefinition?.taskDefinitionArn ?? "";
}

/** The tasks that the service of a cluster runs. */
export async function tasksOf(
  aws: AwsClients,
  cluster: string,
  serviceName = SERVICE,
): Promise<readonly Task[]> {
  const { taskArns = [] } = await aws.ecs.listTasks({ cluster, serviceName });
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await aws.ecs.describeTasks({ cluster, tasks: taskArns });
  return tasks.filter(({ lastStatus }) => lastStatus === "RUNNING");
}

export const architectureOf = ({ attributes = [] }: Task): string =>
  attributes.find(({ name }) => name === "ecs.cpu-architecture")?.value ?? "unknown";

/** How many tasks run on each architecture. */
export function byArchitecture(tasks: readonly Task[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const task of tasks) counts[architectureOf(task)] = (counts[architectureOf(task)] ?? 0) + 1;
  return counts;
}
