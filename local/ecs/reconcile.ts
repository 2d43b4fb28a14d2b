import { Assigner, type Assignment } from "./assign.ts";
import { isTripped } from "./circuit-breaker.ts";
import { conditionOf, isUnhealthy, type TaskView, unhealthyReason } from "./condition.ts";
import { demandOf } from "./demand.ts";
import type { Demand, Host } from "./placement.ts";
import { explainRefusal, failureReason } from "./refusals.ts";
import { type Condition, isComplete, type RollingState, rollingLimits, rollingStep } from "./rolling.ts";
import { recordOf } from "./service-records.ts";
import { pickToStop } from "./shrink.ts";
import { alarmFailure, breakerFailure, type Failure, hookFailure } from "./strategies/failure.ts";
import { modeOf, nextPosition, positionOf, progressOf } from "./strategies/progress.ts";
import { isActive } from "./task.ts";
import type { Deployment, Service, ServiceDeployment, TaskDefinition } from "./types.ts";

export interface Situation {
  readonly service: Service;
  /** The service's tasks that are not STOPPED yet. */
  readonly tasks: readonly TaskView[];
  readonly definitionOf: (arn: string) => TaskDefinition | undefined;
  /** The cluster's container instances. */
  readonly hosts: readonly Host[];
  /** The capacity providers of Managed Instances: they start a host when one is missing. */
  readonly managedProviders: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type Action =
  | {
      readonly type: "start";
      readonly deployment: string;
      /** Absent on Fargate. */
      readonly instanceArn?: string;
      readonly capacityProvider?: string;
    }
  | { readonly type: "stop"; readonly taskArn: string; readonly reason: string }
  | {
      readonly type: "unplaceable";
      readonly message: string;
      readonly reason: string;
      readonly capacityProviders: readonly string[];
    }
  | {
      readonly type: "scaleOut";
      readonly capacityProvider: string;
      readonly demand: Demand;
      /** How many tasks found no host. */
      readonly tasks: number;
    }
  | { readonly type: "complete"; readonly deployment: string }
  | { readonly type: "fail"; readonly deployment: string; readonly failure: Failure }
  /** A stop of the service deployment that was asked for: with a rollback, or where it is. */
  | { readonly type: "rollBack" }
  | { readonly type: "abort" }
  | { readonly type: "nextStage" }
  | { readonly type: "expireHooks" }
  | { readonly type: "retire"; readonly deployment: string }
  | { readonly type: "steady" }
  | { readonly type: "drained" }
  | { readonly type: "wake"; readonly at: number };

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

function* stops(
  grouped: Grouped,
  numbers: Readonly<Record<Condition, number>>,
  service: Service,
  reasonOf: (task: TaskView, condition: Condition) => string,
): Generator<Action> {
  for (const condition of ["unhealthy", "starting", "healthy"] as const) {
    for (const task of pickToStop(grouped[condition], numbers[condition], service.capacityProviderStrategy)) {
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
  if (definition === undefined || number <= 0) return;
  const demand = demandOf(definition, service.placementConstraints);
  const assigner = new Assigner({
    strategy: service.capacityProviderStrategy,
    launchType: service.launchType ?? "EC2",
    hosts: situation.hosts,
    demand,
    group: `service:${service.name}`,
    placementStrategy: service.placementStrategy,
    counts: countBy(tasks, providerOf),
  });
  const refused = new Map<string | undefined, { count: number; first: Extract<Assignment, { ok: false }> }>();
  for (let index = 0; index < number; index++) {
    const assignment = assigner.next();
    if (!assignment.ok) {
      const known = refused.get(assignment.provider);
      if (known === undefined) refused.set(assignment.provider, { count: 1, first: assignment });
      else known.count += 1;
      continue;
    }
    const { instance, provider } = assignment;
    yield {
      type: "start",
      deployment: deployment.id,
      ...(instance === undefined ? {} : { instanceArn: instance.arn }),
      ...(provider === undefined ? {} : { capacityProvider: provider }),
    };
  }
  for (const [provider, { count, first }] of refused) {
    if (provider !== undefined && situation.managedProviders.has(provider)) {
      yield { type: "scaleOut", capacityProvider: provider, demand, tasks: count };
    } else {
      yield {
        type: "unplaceable",
        message: explainRefusal(first.refused),
        reason: failureReason(first.refused, provider !== undefined),
        capacityProviders: provider === undefined ? [] : [provider],
      };
    }
  }
}

/**
 * What the service scheduler does now, from the state alone: the same state gives the same actions, whatever
 * happened before. An empty list means that nothing is to be done until something changes.
 */
export function reconcile(situation: Situation): readonly Action[] {
  const { service } = situation;
  if (service.status === "INACTIVE") return [];
  const active = situation.tasks.filter(isActive);
  if (service.status === "DRAINING") {
    if (situation.tasks.length === 0) return [{ type: "drained" }];
    const reason = "Service was deleted.";
    return active.map(({ arn }) => ({ type: "stop", taskArn: arn, reason }));
  }
  const primary = service.deployments.find(({ status }) => status === "PRIMARY");
  if (primary === undefined) return [];
  const record = recordOf(service, primary);
  const end = record?.finishedAt === undefined ? endOf(service, primary, record) : undefined;
  return end === undefined ? schedule(situation, primary, record, active) : [end];
}

/** Whether the deployment is over now, for a reason that is not in its tasks. */
function endOf(
  service: Service,
  primary: Deployment,
  record: ServiceDeployment | undefined,
): Action | undefined {
  if (record?.status === "STOP_REQUESTED") return { type: "abort" };
  if (record?.status === "ROLLBACK_REQUESTED") return { type: "rollBack" };
  if (primary.rolloutState !== "IN_PROGRESS") return undefined;
  const { deploymentCircuitBreaker: breaker, alarms } = service.deploymentConfiguration;
  const fail = (failure: Failure): Action => ({ type: "fail", deployment: primary.id, failure });
  if (isTripped(primary.failedTasks, breaker, service.desiredCount))
    return fail(breakerFailure(breaker.rollback));
  if (record?.alarms?.status === "TRIGGERED" && record.rollback === undefined)
    return fail(alarmFailure(record.alarms.triggered, alarms?.rollback ?? false));
  return undefined;
}

function schedule(
  situation: Situation,
  primary: Deployment,
  record: ServiceDeployment | undefined,
  active: readonly TaskView[],
): readonly Action[] {
  const { service, now } = situation;
  const mode = modeOf(record);
  const base = service.deployments.find(
    ({ id, revisionArn }) => id !== primary.id && revisionArn === record?.baseRevisionArn,
  );
  // A task on a draining host is replaced under the same limits as one of a former deployment.
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
  const draining = new Set(
    situation.hosts
      .filter(({ instance }) => instance.status === "DRAINING")
      .map(({ instance }) => instance.arn),
  );
  const isOf = (task: TaskView, deployment: Deployment | undefined): boolean =>
    deployment !== undefined && task.startedBy === deployment.id;
  const stays = (task: TaskView): boolean => isOf(task, primary) && !draining.has(task.instanceArn ?? "");
  const others = active.filter((task) => !isOf(task, primary));
  const mine = active.filter(stays);
  const leaving = active.filter((task) => isOf(task, primary) && !stays(task));
  const left = situation.tasks.filter((task) => !stays(task));

  // Where nothing holds it up, what is about to be replaced is not brought to the desired count before.
  const ahead = mode === "hold" ? conclusion(situation, primary, record, false, left) : [];
  if (ahead.some(({ type }) => type === "nextStage")) return ahead;

  const actions: Action[] = [];
  if (mode !== "roll" && base !== undefined) {
    const own = others.filter((task) => isOf(task, base));
    const kept = own.filter(({ instanceArn }) => !draining.has(instanceArn ?? ""));
    const left = own.filter(({ instanceArn }) => draining.has(instanceArn ?? ""));
    actions.push(...keep(situation, base, kept, left, base.pausedUntil <= now).actions);
  }
  if (mode === "hold" && record !== undefined && positionOf(record).stage === "RECONCILE_SERVICE")
    actions.push(...strays(record, others, base, primary));
  // What is started for one deployment takes room from the other: one after the other.
  const busy = actions.some(({ type }) => type === "start");
  const mayStart = primary.rolloutState !== "FAILED" && primary.pausedUntil <= now && !busy;
  // A deployment that failed without a rollback leaves the former tasks in service.
  const former = mode === "roll" && primary.rolloutState !== "FAILED" ? [...others, ...leaving] : leaving;
  const kept = keep(situation, primary, mine, former, mayStart && mode !== "hold");
  actions.push(...kept.actions, ...retired(situation, primary, mode === "roll" ? undefined : base));
  actions.push(...conclusion(situation, primary, record, kept.complete, left));
  for (const { pausedUntil } of service.deployments)
    if (pausedUntil > now) actions.push({ type: "wake", at: pausedUntil });
  actions.push(...graceEnds(situation, active, now));
  return actions;
}

/** Brings a deployment to the desired count, and takes tasks that it replaces away, within the limits of a rolling update. */
function keep(
  situation: Situation,
  deployment: Deployment,
  own: readonly TaskView[],
  replaced: readonly TaskView[],
  mayStart: boolean,
): { readonly actions: readonly Action[]; readonly complete: boolean } {
  const { service, now } = situation;
  const group = (tasks: readonly TaskView[]): Grouped => {
    const grouped: Record<Condition, TaskView[]> = { healthy: [], starting: [], unhealthy: [] };
    for (const task of tasks) {
      grouped[conditionOf(task, situation.definitionOf(task.taskDefinitionArn), service, now)].push(task);
    }
    return grouped;
  };
  const current = group(own);
  const former = group(replaced);
  const state: RollingState = {
    desiredCount: service.desiredCount,
    limits: rollingLimits(service.desiredCount, service.deploymentConfiguration),
    current: count(current),
    former: count(former),
    mayStart,
  };
  const step = rollingStep(state);
  const scaling = `Scaling activity initiated by deployment ${deployment.id}`;
  const actions = [
    ...stops(current, step.stopCurrent, service, (task, condition) =>
      condition === "unhealthy" ? unhealthyReason(task) : scaling,
    ),
    ...stops(former, step.stopFormer, service, () => scaling),
    ...starts(situation, deployment, own, step.start),
  ];
  return { actions, complete: isComplete(state, 0) };
}

/** Where a service deployment goes from here, by its lifecycle. */
function conclusion(
  { service, now }: Situation,
  primary: Deployment,
  record: ServiceDeployment | undefined,
  complete: boolean,
  left: readonly TaskView[],
): readonly Action[] {
  const steady: Action[] = complete && left.length === 0 && !service.steady ? [{ type: "steady" }] : [];
  if (record === undefined || record.finishedAt !== undefined || primary.rolloutState !== "IN_PROGRESS")
    return steady;
  const base = service.deployments.find(({ revisionArn }) => revisionArn === record.baseRevisionArn);
  const strayLeft = left.filter(({ startedBy }) => startedBy !== primary.id && startedBy !== base?.id).length;
  const progress = progressOf(record, { now, ready: complete, formerLeft: left.length, strayLeft });
  switch (progress.type) {
    case "expire":
      return [{ type: "expireHooks" }];
    case "back":
      return [{ type: "fail", deployment: primary.id, failure: hookFailure(progress.stage) }];
    case "next":
      if (nextPosition(record) !== undefined) return [{ type: "nextStage" }];
      return [{ type: "complete", deployment: primary.id }, ...steady];
    case "stay":
      return progress.until === undefined ? [] : [{ type: "wake", at: progress.until }];
  }
}

/** Before a blue/green deployment begins, what was left by one that was stopped is removed. */
function strays(
  record: ServiceDeployment,
  others: readonly TaskView[],
  base: Deployment | undefined,
  primary: Deployment,
): readonly Action[] {
  if (record.deploymentConfiguration.strategy === "ROLLING") return [];
  const reason = `Scaling activity initiated by deployment ${primary.id}`;
  return others
    .filter(({ startedBy }) => startedBy !== base?.id)
    .map(({ arn }) => ({ type: "stop", taskArn: arn, reason }));
}

/** Deployments that are not PRIMARY any more and have no task left disappear from the service. */
function retired(
  situation: Situation,
  primary: Deployment,
  serving: Deployment | undefined,
): readonly Action[] {
  const busy = new Set(situation.tasks.map(({ startedBy }) => startedBy));
  return situation.service.deployments
    .filter(({ id }) => id !== primary.id && id !== serving?.id && !busy.has(id))
    .map(({ id }) => ({ type: "retire", deployment: id }));
}

/** When a grace period ends, an unhealthy task is looked at again. */
function graceEnds(situation: Situation, active: readonly TaskView[], now: number): readonly Action[] {
  const grace = situation.service.healthCheckGracePeriodSeconds * 1000;
  return active
    .filter((task) => isUnhealthy(task) && task.startedAt !== undefined && now < task.startedAt + grace)
    .map(({ startedAt }) => ({ type: "wake", at: (startedAt ?? now) + grace }));
}
