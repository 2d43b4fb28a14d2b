import { type Counts, nextProvider, providerToShrink } from "./capacity.ts";
import { isTripped } from "./circuit-breaker.ts";
import { demandOf } from "./demand.ts";
import { explainRefusal, type Host, place, type Refusal, withTask } from "./placement.ts";
import { type Condition, isComplete, type RollingState, rollingLimits, rollingStep } from "./rolling.ts";
import { isActive, type Task } from "./task.ts";
import type { Deployment, Service, TaskDefinition } from "./types.ts";

/** What the reconciler sees of a task. */
export type TaskView = Pick<
  Task,
  | "arn"
  | "startedBy"
  | "taskDefinitionArn"
  | "lastStatus"
  | "desiredStatus"
  | "healthStatus"
  | "startedAt"
  | "capacityProviderName"
  | "instanceArn"
>;

export interface Situation {
  readonly service: Service;
  /** The service's tasks that are not STOPPED yet. */
  readonly tasks: readonly TaskView[];
  readonly definitionOf: (arn: string) => TaskDefinition | undefined;
  /** The cluster's container instances. */
  readonly hosts: readonly Host[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Action =
  | {
      readonly type: "start";
      readonly deployment: string;
      readonly instanceArn: string;
      readonly capacityProvider?: string;
    }
  | { readonly type: "stop"; readonly taskArn: string; readonly reason: string }
  | {
      readonly type: "unplaceable";
      readonly message: string;
      readonly reason: Refusal | "NO_INSTANCE";
      readonly capacityProviders: readonly string[];
    }
  | { readonly type: "complete"; readonly deployment: string }
  | { readonly type: "fail"; readonly deployment: string }
  | { readonly type: "retire"; readonly deployment: string }
  | { readonly type: "steady" }
  | { readonly type: "drained" }
  | { readonly type: "wake"; readonly at: number };

/** How a task of a service counts. During the grace period a failing health check is not held against it. */
export function conditionOf(
  task: TaskView,
  definition: TaskDefinition | undefined,
  service: Pick<Service, "healthCheckGracePeriodSeconds">,
  now: number,
): Condition {
  if (task.lastStatus !== "RUNNING") return "starting";
  const checked =
    definition?.containerDefinitions.some(({ healthCheck }) => healthCheck !== undefined) ?? false;
  if (!checked || task.healthStatus === "HEALTHY") return "healthy";
  if (task.healthStatus === "UNKNOWN") return "starting";
  const graceEnds = (task.startedAt ?? now) + service.healthCheckGracePeriodSeconds * 1000;
  return now < graceEnds ? "starting" : "unhealthy";
}

type Grouped = Readonly<Record<Condition, readonly TaskView[]>>;

const count = (grouped: Grouped): Readonly<Record<Condition, number>> => ({
  healthy: grouped.healthy.length,
  starting: grouped.starting.length,
  unhealthy: grouped.unhealthy.length,
});

function countBy(tasks: readonly TaskView[], key: (task: TaskView) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(key(task), (counts.get(key(task)) ?? 0) + 1);
  return counts;
}

const providerOf = (task: TaskView): string => task.capacityProviderName ?? "";

/** Picks the tasks to stop: from the provider with most beyond its share, there from the fullest host. */
function pick(tasks: readonly TaskView[], number: number, service: Service): readonly TaskView[] {
  let left = [...tasks];
  const picked: TaskView[] = [];
  while (picked.length < number && left.length > 0) {
    const counts: Counts = countBy(left, providerOf);
    const provider = providerToShrink(service.capacityProviderStrategy, counts);
    const hosts = countBy(left, (task) => task.instanceArn);
    const candidates = left.filter((task) => providerOf(task) === provider);
    const chosen = candidates.toSorted(
      (one, other) => (hosts.get(other.instanceArn) ?? 0) - (hosts.get(one.instanceArn) ?? 0),
    )[0];
    if (chosen === undefined) break;
    picked.push(chosen);
    left = left.filter((task) => task !== chosen);
  }
  return picked;
}

function* stops(
  grouped: Grouped,
  numbers: Readonly<Record<Condition, number>>,
  service: Service,
  reasonOf: (task: TaskView, condition: Condition) => string,
): Generator<Action> {
  for (const condition of ["unhealthy", "starting", "healthy"] as const) {
    for (const task of pick(grouped[condition], numbers[condition], service)) {
      yield { type: "stop", taskArn: task.arn, reason: reasonOf(task, condition) };
    }
  }
}

/** Places `number` tasks of the deployment, one after the other, each on what the ones before have left. */
function* starts(
  situation: Situation,
  deployment: Deployment,
  tasks: readonly TaskView[],
  number: number,
): Generator<Action> {
  const { service } = situation;
  const definition = situation.definitionOf(deployment.taskDefinitionArn);
  if (definition === undefined) return;
  const demand = demandOf(definition, service.placementConstraints);
  const strategy = service.capacityProviderStrategy;
  const counts = countBy(tasks, providerOf);
  const hosts = new Map(situation.hosts.map((host) => [host.instance.arn, host]));
  const full = new Set<string | undefined>();
  for (let index = 0; index < number; index++) {
    const provider = strategy.length > 0 ? nextProvider(strategy, counts) : undefined;
    counts.set(provider ?? "", (counts.get(provider ?? "") ?? 0) + 1);
    if (full.has(provider)) continue;
    const candidates = [...hosts.values()].filter(
      ({ instance }) => strategy.length === 0 || instance.capacityProviderName === provider,
    );
    const placement = place(candidates, demand, service.placementStrategy);
    if (placement.ok) {
      const { arn } = placement.host.instance;
      hosts.set(arn, withTask(placement.host, demand, `service:${service.name}`));
      const start = { type: "start", deployment: deployment.id, instanceArn: arn } as const;
      yield provider === undefined ? start : { ...start, capacityProvider: provider };
    } else {
      full.add(provider);
      const capacityProviders = provider === undefined ? [] : [provider];
      yield {
        type: "unplaceable",
        message: explainRefusal(placement),
        reason: placement.reason,
        capacityProviders,
      };
    }
  }
}

/**
 * What the service scheduler does now, from the state alone: the same state gives the same actions, whatever
 * happened before. An empty list means that nothing is to be done until something changes.
 */
export function reconcile(situation: Situation): readonly Action[] {
  const { service, now } = situation;
  if (service.status === "INACTIVE") return [];
  const active = situation.tasks.filter(isActive);
  if (service.status === "DRAINING") {
    if (situation.tasks.length === 0) return [{ type: "drained" }];
    const reason = "Service was deleted.";
    return active.map(({ arn }) => ({ type: "stop", taskArn: arn, reason }));
  }
  const primary = service.deployments.find(({ status }) => status === "PRIMARY");
  if (primary === undefined) return [];
  const breaker = service.deploymentConfiguration.deploymentCircuitBreaker;
  if (
    primary.rolloutState === "IN_PROGRESS" &&
    isTripped(primary.failedTasks, breaker, service.desiredCount)
  ) {
    return [{ type: "fail", deployment: primary.id }];
  }
  return roll(situation, primary, active, now);
}

function roll(
  situation: Situation,
  primary: Deployment,
  active: readonly TaskView[],
  now: number,
): readonly Action[] {
  const { service } = situation;
  // A task on a draining host is replaced under the same limits as one of a former deployment.
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
  const draining = new Set(
    situation.hosts
      .filter(({ instance }) => instance.status === "DRAINING")
      .map(({ instance }) => instance.arn),
  );
  const stays = (task: TaskView): boolean => task.startedBy === primary.id && !draining.has(task.instanceArn);
  const group = (tasks: readonly TaskView[]): Grouped => {
    const grouped: Record<Condition, TaskView[]> = { healthy: [], starting: [], unhealthy: [] };
    for (const task of tasks) {
      grouped[conditionOf(task, situation.definitionOf(task.taskDefinitionArn), service, now)].push(task);
    }
    return grouped;
  };
  const mine = active.filter(stays);
  const current = group(mine);
  const former = group(active.filter((task) => !stays(task)));
  const paused = primary.pausedUntil > now;
  const state: RollingState = {
    desiredCount: service.desiredCount,
    limits: rollingLimits(service.desiredCount, service.deploymentConfiguration),
    current: count(current),
    former: count(former),
    mayStart: primary.rolloutState !== "FAILED" && !paused,
  };
  const step = rollingStep(state);
  // A deployment that failed without a rollback leaves the former tasks in service.
  const keepFormer = primary.rolloutState === "FAILED";
  const actions: Action[] = [
    ...stops(current, step.stopCurrent, service, (_task, condition) =>
      condition === "unhealthy"
        ? "Task failed container health checks"
        : `Scaling activity initiated by deployment ${primary.id}`,
    ),
    ...(keepFormer
      ? []
      : stops(
          former,
          step.stopFormer,
          service,
          () => `Scaling activity initiated by deployment ${primary.id}`,
        )),
    ...starts(situation, primary, mine, step.start),
    ...retired(situation, primary),
  ];
  const formerLeft = situation.tasks.filter((task) => !stays(task)).length;
  const complete = isComplete(state, formerLeft);
  if (complete && primary.rolloutState === "IN_PROGRESS")
    actions.push({ type: "complete", deployment: primary.id });
  if (complete && !service.steady) actions.push({ type: "steady" });
  if (paused && mine.length < service.desiredCount) actions.push({ type: "wake", at: primary.pausedUntil });
  actions.push(...graceEnds(situation, mine, now));
  return actions;
}

/** Deployments that are not PRIMARY any more and have no task left disappear from the service. */
function retired(situation: Situation, primary: Deployment): readonly Action[] {
  const busy = new Set(situation.tasks.map(({ startedBy }) => startedBy));
  return situation.service.deployments
    .filter(({ id }) => id !== primary.id && !busy.has(id))
    .map(({ id }) => ({ type: "retire", deployment: id }));
}

/** When a grace period ends, an unhealthy task is looked at again. */
function graceEnds(situation: Situation, mine: readonly TaskView[], now: number): readonly Action[] {
  const grace = situation.service.healthCheckGracePeriodSeconds * 1000;
  return mine
    .filter(
      ({ healthStatus, startedAt }) =>
        healthStatus === "UNHEALTHY" && startedAt !== undefined && now < startedAt + grace,
    )
    .map(({ startedAt }) => ({ type: "wake", at: (startedAt ?? now) + grace }));
}
