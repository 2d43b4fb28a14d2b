import type { ContainerInstance, Service, Task } from "@aws-sdk/client-ecs";
import type { ClusterView, HostView, TaskView } from "../pipeline/cluster-view.ts";
import type { ServiceRollout, TaskGroup } from "../pipeline/rollout-view.ts";
import type { Aws } from "./aws.ts";
import { describeInstances, instanceArchitecture, PAGE } from "./container-instances.ts";
import { isError } from "./context.ts";

/** What `local/`'s ECS marks tasks with that are no containers. */
const SIMULATED = "tandem.simulated";
/** What ECS describes at most in one call: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html */
const SERVICES = 10;

/**
 * A cluster's hosts, and the tasks of some of its services. Calls: `2 × ⌈hosts / 100⌉` (the container instances), `⌈services / 10⌉`
 * (DescribeServices), and for each service `2 × ⌈tasks / 100⌉` (ListTasks and DescribeTasks).
 */
export async function lookAtCluster(
  aws: Aws,
  cluster: string,
  names: readonly string[],
): Promise<ClusterView> {
  const [hosts, services, tasks] = await Promise.all([
    hostsOf(aws, cluster),
    describeServices(aws, cluster, names),
    Promise.all(names.map((name) => tasksOf(aws, cluster, name))),
  ]);
  const byArn = new Map(hosts.map((host) => [host.containerInstanceArn, host]));
  return {
    name: cluster,
    hosts: hosts.map(hostView),
    services: names.map((name, index) => ({
      name,
      desired: services.find(({ serviceName }) => serviceName === name)?.desiredCount ?? 0,
      tasks: (tasks[index] ?? []).map((task) => taskView(task, byArn)),
    })),
    simulated: tasks.flat().some(isSimulated),
  };
}

/** The tasks of a service, those of its newest deployment and those of older ones. Calls: as for a cluster's service. */
export async function lookAtRollout(aws: Aws, cluster: string, name: string): Promise<ServiceRollout> {
  const [services, tasks] = await Promise.all([
    describeServices(aws, cluster, [name]),
    tasksOf(aws, cluster, name),
  ]);
  const [service] = services;
  const primary = service?.deployments?.find(({ status }) => status === "PRIMARY");
  const silent = tasks.flatMap((task) =>
    attribute(task, "ecs.cpu-architecture") === undefined ? (task.containerInstanceArn ?? []) : [],
  );
  const hosts = silent.length === 0 ? [] : await describeInstances(aws, cluster, [...new Set(silent)]);
  const byArn = new Map(hosts.map((host) => [host.containerInstanceArn, host]));
  return {
    cluster,
    service: name,
    desired: service?.desiredCount ?? 0,
    state: primary?.rolloutState,
    reason: primary?.rolloutStateReason,
    groups: groupsOf(tasks, byArn, primary?.id),
    simulated: tasks.some(isSimulated),
  };
}

type Hosts = ReadonlyMap<string | undefined, ContainerInstance>;

function groupsOf(tasks: readonly Task[], hosts: Hosts, ours: string | undefined): readonly TaskGroup[] {
  const groups = new Map<string, TaskGroup>();
  for (const task of tasks) {
    const architecture = architectureOf(task, hosts);
    const side = task.startedBy === ours ? "new" : "old";
    const group = groups.get(`${architecture} ${side}`) ?? { architecture, side, running: 0, pending: 0 };
    const state = task.lastStatus === "RUNNING" ? "running" : "pending";
    groups.set(`${architecture} ${side}`, { ...group, [state]: group[state] + 1 });
  }
  return [...groups.values()];
}

/** All of them, also those that drain: what still runs there is seen. */
async function hostsOf(aws: Aws, cluster: string): Promise<readonly ContainerInstance[]> {
  const arns: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await aws.ecs.listContainerInstances({
        cluster,
        maxResults: PAGE,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      arns.push(...(page.containerInstanceArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    if (isError(error, "ClusterNotFoundException")) return [];
    throw error;
  }
  return describeInstances(aws, cluster, arns);
}

async function describeServices(
  aws: Aws,
  cluster: string,
  names: readonly string[],
): Promise<readonly Service[]> {
  const pages: Promise<readonly Service[]>[] = [];
  for (let at = 0; at < names.length; at += SERVICES) {
    const services = names.slice(at, at + SERVICES);
    pages.push(
      aws.ecs.describeServices({ cluster, services }).then(
        ({ services: found = [] }) => found,
        (error: unknown) => {
          if (isError(error, "ClusterNotFoundException")) return [];
          throw error;
        },
      ),
    );
  }
  return (await Promise.all(pages)).flat();
}

/** Those that run or start; of a service or cluster that is gone, none. */
async function tasksOf(aws: Aws, cluster: string, serviceName: string): Promise<readonly Task[]> {
  const pages: (readonly Task[])[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await aws.ecs.listTasks({
        cluster,
        serviceName,
        desiredStatus: "RUNNING",
        maxResults: PAGE,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      if (page.taskArns?.length) {
        const { tasks = [] } = await aws.ecs.describeTasks({ cluster, tasks: page.taskArns });
        pages.push(tasks);
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  } catch (error) {
    if (isError(error, "ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"))
      return [];
    throw error;
  }
  return pages.flat();
}

function hostView(host: ContainerInstance): HostView {
  const {
    containerInstanceArn = "",
    attributes = [],
    status = "",
    agentConnected,
    capacityProviderName,
  } = host;
  return {
    id: lastPart(containerInstanceArn),
    architecture: instanceArchitecture(host) ?? "unknown",
    status,
    capacityProvider: capacityProviderName,
    instanceType: attributes.find(({ name }) => name === "ecs.instance-type")?.value,
    connected: agentConnected,
  };
}

function taskView(task: Task, hosts: Hosts): TaskView {
  const { taskArn = "", lastStatus = "", taskDefinitionArn = "", containerInstanceArn, stoppedReason } = task;
  return {
    id: lastPart(taskArn),
    architecture: architectureOf(task, hosts),
    status: lastStatus,
    taskDefinition: taskDefinitionArn,
    host: containerInstanceArn === undefined ? undefined : lastPart(containerInstanceArn),
    stopReason: stoppedReason,
  };
}

function architectureOf(task: Task, hosts: Hosts): string {
  const host = hosts.get(task.containerInstanceArn);
  return attribute(task, "ecs.cpu-architecture") ?? (host && instanceArchitecture(host)) ?? "unknown";
}

function attribute({ attributes = [] }: Task, name: string): string | undefined {
  return attributes.find((one) => one.name === name)?.value;
}

function isSimulated({ attributes = [] }: Task): boolean {
  return attributes.some(({ name }) => name === SIMULATED);
}

const lastPart = (arn: string): string => arn.split("/").at(-1) ?? arn;
