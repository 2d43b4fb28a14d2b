import type { Task } from "@aws-sdk/client-ecs";
import { CPU_ARCHITECTURES } from "../pipeline/architectures.ts";
import type { CpuArchitecture } from "../pipeline/definition.ts";
import type { HostNames } from "../pipeline/shares.ts";
import type { SeenTask } from "../pipeline/task-failures.ts";
import type { Aws } from "./aws.ts";
import { describeInstances, instanceArchitecture, PAGE } from "./container-instances.ts";
import { lastWords, type Stopped } from "./last-words.ts";

export interface ServiceName {
  readonly cluster: string;
  readonly service: string;
}

/** The tasks of one deployment. */
export interface DeploymentTasks extends ServiceName {
  /** `ecs-svc/…`: what ECS says has started them. */
  readonly deploymentId: string;
  /** What is behind the service, for tasks that have no host yet or no longer. */
  readonly hosts?: HostNames;
}

/**
 * The tasks of one deployment, those that run, those that start, and those that have stopped within the last hour (ECS forgets
 * them then), with the architecture of their hosts.
 *
 * Calls: `2 × (⌈running / 100⌉ + ⌈stopped / 100⌉)` (ListTasks and DescribeTasks; at least one list of each), counting all tasks of
 * the service; `⌈hosts / 100⌉` (DescribeContainerInstances) for tasks that do not say their architecture themselves; at most 5 for the
 * logs of failures that ECS gives no reason for. The lists of pages follow on each other, everything else goes side by side.
 */
export async function describeServiceTasks(aws: Aws, wanted: DeploymentTasks): Promise<readonly SeenTask[]> {
  const tasks = await serviceTasks(aws, wanted);
  const ours = tasks.filter(({ startedBy }) => startedBy === wanted.deploymentId);
  const architectures = await hostsOf(aws, wanted.cluster, ours);
  const placed = ours.map((task) => ({
    task,
    architecture: architectureOf(task, architectures, wanted.hosts),
  }));
  const words = await lastWords(
    aws,
    placed.filter(({ task }) => hasFailed(task)),
  );
  return placed.map((one) => seenTask(one, words));
}

/** All tasks of a service that ECS still knows. */
export async function serviceTasks(aws: Aws, wanted: ServiceName): Promise<readonly Task[]> {
  const [running, stopped] = await Promise.all([
    tasksOf(aws, wanted, "RUNNING"),
    tasksOf(aws, wanted, "STOPPED"),
  ]);
  // A task that stops between the two lists is in both.
  return [...new Map([...running, ...stopped].map((task) => [task.taskArn, task])).values()];
}

async function tasksOf(
  aws: Aws,
  { cluster, service }: ServiceName,
  desiredStatus: "RUNNING" | "STOPPED",
): Promise<readonly Task[]> {
  const described: Promise<readonly Task[]>[] = [];
  let nextToken: string | undefined;
  do {
    const page = await aws.ecs.listTasks({
      cluster,
      serviceName: service,
      desiredStatus,
      maxResults: PAGE,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    if (page.taskArns?.length) {
      const pending = aws.ecs
        .describeTasks({ cluster, tasks: page.taskArns })
        .then(({ tasks = [] }) => tasks);
      // Awaited below, all together; a failure meanwhile is no unhandled one.
      pending.catch(() => undefined);
      described.push(pending);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return (await Promise.all(described)).flat();
}

function ownArchitecture({ attributes = [] }: Task): string | undefined {
  return attributes.find(({ name }) => name === "ecs.cpu-architecture")?.value;
}

/** The architectures of the hosts of tasks that do not say it themselves, by the hosts' ARNs. */
async function hostsOf(
  aws: Aws,
  cluster: string,
  tasks: readonly Task[],
): Promise<ReadonlyMap<string, CpuArchitecture | undefined>> {
  const silent = tasks.filter((task) => ownArchitecture(task) === undefined);
  const arns = new Set(silent.flatMap(({ containerInstanceArn }) => containerInstanceArn ?? []));
  const instances = arns.size === 0 ? [] : await describeInstances(aws, cluster, [...arns]);
  return new Map(instances.map((one) => [one.containerInstanceArn ?? "", instanceArchitecture(one)]));
}

function architectureOf(
  task: Task,
  architectures: ReadonlyMap<string, string | undefined>,
  hosts: DeploymentTasks["hosts"],
): string | undefined {
  return (
    ownArchitecture(task) ??
    architectures.get(task.containerInstanceArn ?? "") ??
    providerArchitecture(task.capacityProviderName, hosts)
  );
}

function seenTask(one: Stopped, words: Awaited<ReturnType<typeof lastWords>>): SeenTask {
  const { task, architecture } = one;
  const { containers = [], stoppedReason, stoppedAt, startedAt } = task;
  const failed = hasFailed(task);
  return {
    architecture,
    state: stateOf(task),
    failed,
    ...(stateOf(task) === "stopped" && !failed && startedAt !== undefined ? { retired: true } : {}),
    ...(stoppedReason === undefined ? {} : { reason: stoppedReason }),
    ...(stoppedAt === undefined ? {} : { stoppedAt: stoppedAt.getTime() }),
    containers: containers.map((container) => {
      const { name = "", imageDigest, exitCode } = container;
      const reason = container.reason ?? (failed ? words(one, container) : undefined);
      return {
        name,
        ...(imageDigest === undefined ? {} : { digest: imageDigest }),
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(reason === undefined ? {} : { reason }),
      };
    }),
  };
}

/** Of a provider with hosts of one architecture, a task is known before it has a host. */
function providerArchitecture(provider = "", hosts: HostNames = {}): string | undefined {
  const [only, ...others] = CPU_ARCHITECTURES.filter((one) => hosts[one]?.includes(provider));
  return others.length === 0 ? only : undefined;
}

/** A task that has been told to stop is on its way, whatever it still does. */
function stateOf({ desiredStatus, lastStatus }: Task): SeenTask["state"] {
  if (desiredStatus === "STOPPED" || lastStatus === "STOPPED") return "stopped";
  return lastStatus === "RUNNING" ? "running" : "pending";
}

/**
 * Whether a stopped task failed: not when ECS needed it no longer, when its host went, or when a person stopped it.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
function hasFailed(task: Task): boolean {
  if (stateOf(task) !== "stopped") return false;
  switch (task.stopCode) {
    case "TaskFailedToStart":
    case "EssentialContainerExited":
      return true;
    case "ServiceSchedulerInitiated":
      // The scheduler also stops what is unhealthy.
      return /\b(?:failed|unhealthy)\b/i.test(task.stoppedReason ?? "");
    case undefined:
      return task.containers?.some(({ exitCode = 0 }) => exitCode !== 0 && exitCode !== 143) ?? false;
    default:
      return false;
  }
}
