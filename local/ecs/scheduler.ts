import { reasonOf } from "../errors.ts";
import type { LocalContext } from "../service.ts";
import { type Arns, lastPart } from "./arns.ts";
import { failuresAfter, failureThreshold, restartDelayMs, type TaskOutcome } from "./circuit-breaker.ts";
import { conditionOf, isUnhealthy } from "./condition.ts";
import { serviceAction } from "./events.ts";
import type { Demand } from "./placement.ts";
import { type Action, reconcile } from "./reconcile.ts";
import type { Rollout } from "./rollout.ts";
import type { TaskRunner } from "./runner.ts";
import { currentDeployment, recordOf } from "./service-records.ts";
import type { EcsStore } from "./store.ts";
import { requestedStop } from "./strategies/failure.ts";
import type { StageRunner } from "./strategies/stage-runner.ts";
import { isActive, type Task } from "./task.ts";
import { newTask } from "./task-factory.ts";
import type { TaskTargets } from "./task-targets.ts";
import type { Pauses, Timings } from "./timings.ts";
import type { Deployment, Service } from "./types.ts";

export interface SchedulerDependencies {
  readonly context: LocalContext;
  readonly arns: Arns;
  readonly store: EcsStore;
  readonly rollout: Rollout;
  readonly stages: StageRunner;
  /** Registers tasks with the load balancer; none where there is none. */
  readonly targets: TaskTargets | undefined;
  readonly timings: Timings;
  readonly pauses: Pauses;
  readonly simulated: boolean;
  /** Starts Managed Instances for so many tasks that found no host; says why not, if it cannot. */
  readonly scaleOut: (cluster: string, provider: string, demand: Demand, tasks: number) => string | undefined;
}

/** A service event names so many tasks at most; more make more events. */
const tasksPerEvent = 10;

/** From how many failed starts in a row on the service says that it cannot start its tasks. */
const impairedFrom = 3;

/**
 * Carries out what `reconcile` says, whenever something has changed: a task, an instance, the service itself. Nothing is
 * polled; many changes in one turn cost one look.
 */
export class Scheduler {
  private readonly deps: SchedulerDependencies;
  private runner: TaskRunner | undefined;
  private readonly due = new Set<string>();
  /** Services with a task that found no host, by cluster: looked at again when room is made there. */
  private readonly starved = new Map<string, Set<string>>();
  /** When services will be looked at again without a change. */
  private readonly waking = new Map<string, number>();
  /** The tasks that have been healthy at some time. */
  private readonly healthy = new WeakSet<Task>();
  private closed = false;

  constructor(deps: SchedulerDependencies) {
    this.deps = deps;
  }

  /** The runner reports to the scheduler, so it comes after it. */
  attach(runner: TaskRunner): void {
    this.runner = runner;
  }

  close(): void {
    this.closed = true;
  }

  /** Looks at the service before the next turn ends. */
  kick(service: Pick<Service, "arn">): void {
    if (this.closed || this.due.has(service.arn)) return;
    this.due.add(service.arn);
    setImmediate(() => {
      this.due.delete(service.arn);
      const current = this.deps.store.state.services.get(service.arn);
      if (current === undefined || this.closed) return;
      try {
        this.look(current);
      } catch (error) {
        this.deps.context.say(`ecs: the service ${current.name} could not be scheduled: ${reasonOf(error)}`);
      }
    });
  }

  private save(): void {
    this.deps.store.save().catch((error: unknown) => {
      this.deps.context.say(`ecs: the state could not be written: ${reasonOf(error)}`);
    });
  }

  kickCluster(cluster: string): void {
    for (const service of this.deps.store.state.servicesOf(cluster)) this.kick(service);
  }

  /** A task has changed: count what it means for its deployment, and look at whoever may act on it. */
  taskChanged(task: Task): void {
    const { state } = this.deps.store;
    if (task.lastStatus === "STOPPED") {
      state.retireTask(task);
      for (const arn of this.starved.get(task.cluster) ?? []) this.kick({ arn });
    }
    const service = task.serviceArn === undefined ? undefined : state.services.get(task.serviceArn);
    if (service === undefined) return;
    if (task.lastStatus === "ACTIVATING" && task.targets === undefined) this.registerTargets(service, task);
    const outcome = this.outcomeOf(task, service);
    if (outcome !== undefined) this.count(service, task, outcome);
    this.kick(service);
  }

  /** Where the task's revision is registered. */
  private registerTargets(service: Service, task: Task): void {
    const deployment = service.deployments.find(({ id }) => id === task.startedBy);
    const revision = service.revisions.find(({ arn }) => arn === deployment?.revisionArn);
    if (revision === undefined || revision.targets.length === 0) return;
    const instance = this.deps.store.state.instances.get(task.instanceArn ?? "");
    try {
      this.deps.targets?.register(task, revision.targets, instance?.ec2InstanceId);
    } catch (error) {
      this.deps.rollout.note(service, `was unable to register targets: ${reasonOf(error)}`);
    }
  }

  /** What the change says of the task's deployment; a task becomes healthy once. */
  private outcomeOf(task: Task, service: Service): TaskOutcome | undefined {
    if (task.lastStatus === "STOPPED") return hasFailed(task) ? "failed" : undefined;
    if (!isActive(task) || this.healthy.has(task)) return undefined;
    const definition = this.deps.store.state.definitionOf(task.taskDefinitionArn);
    if (conditionOf(task, definition, service, this.deps.context.now()) !== "healthy") return undefined;
    this.healthy.add(task);
    return "healthy";
  }

  private count(service: Service, task: Task, outcome: TaskOutcome): void {
    const deployment = service.deployments.find(({ id }) => id === task.startedBy);
    if (deployment === undefined) return;
    const { context, timings } = this.deps;
    const breaker = service.deploymentConfiguration.deploymentCircuitBreaker;
    deployment.failedTasks = failuresAfter(deployment.failedTasks, outcome, breaker);
    if (outcome === "failed") {
      const pause = restartDelayMs(deployment.failedTasks, timings.firstRestartMs, timings.longestRestartMs);
      deployment.pausedUntil = context.now() + pause;
      if (deployment.failedTasks === impairedFrom) this.impaired(service);
    }
    const record = recordOf(service, deployment);
    // Once it has tripped, the record keeps what tripped it: the tasks after that are those of the rollback.
    if (record === undefined || deployment.rolloutState !== "IN_PROGRESS") return;
    if (record.circuitBreaker.status === "TRIGGERED") return;
    record.circuitBreaker.failureCount = deployment.failedTasks;
    record.circuitBreaker.threshold = failureThreshold(breaker, service.desiredCount);
    record.updatedAt = context.now();
  }

  private impaired(service: Service): void {
    this.deps.rollout.note(service, "is unable to consistently start tasks successfully.");
    this.emit(service, "SERVICE_TASK_START_IMPAIRED");
  }

  private emit(
    service: Service,
    name: Parameters<typeof serviceAction>[2],
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const { context, store } = this.deps;
    const { arn } = store.state.cluster(service.cluster);
    context.emit(serviceAction(service, arn, name, context.now(), more));
  }

  private look(service: Service): void {
    const { state } = this.deps.store;
    this.starved.get(service.cluster)?.delete(service.arn);
    const actions = reconcile({
      service,
      tasks: [...state.tasksOfService(service.arn)],
      definitionOf: (arn) => state.definitionOf(arn),
      hosts: state.hostsOf(service.cluster, `service:${service.name}`),
      managedProviders: state.managedProvidersOf(service.cluster),
      now: this.deps.context.now(),
    });
    if (actions.length === 0) return;
    const started: Task[] = [];
    const stopped: Task[] = [];
    for (const action of actions) this.carryOut(service, action, started, stopped);
    this.say(service, "has started", started, "tasks");
    this.say(service, "has stopped", stopped, "running tasks");
    this.save();
  }

  private say(service: Service, verb: string, tasks: readonly Task[], noun: string): void {
    if (tasks.length > 0) service.steady = false;
    for (let first = 0; first < tasks.length; first += tasksPerEvent) {
      const some = tasks.slice(first, first + tasksPerEvent);
      const names = some.map(({ id }) => `(task ${id})`).join(" ");
      this.deps.rollout.note(service, `${verb} ${some.length} ${noun}: ${names}.`);
    }
  }

  private carryOut(service: Service, action: Action, started: Task[], stopped: Task[]): void {
    const { rollout, store } = this.deps;
    const deploymentOf = (id: string): Deployment | undefined =>
      service.deployments.find((one) => one.id === id);
    switch (action.type) {
      case "start":
        this.start(service, action, started);
        break;
      case "stop": {
        const task = store.state.tasks.get(action.taskArn);
        if (task === undefined) break;
        stopped.push(task);
        this.runner?.stop(task, "ServiceSchedulerInitiated", action.reason);
        break;
      }
      case "unplaceable":
        this.unplaceable(service, action);
        break;
      case "scaleOut":
        this.scaleOut(service, action);
        break;
      case "complete": {
        const deployment = deploymentOf(action.deployment);
        if (deployment !== undefined) rollout.complete(service, deployment);
        break;
      }
      case "fail": {
        const deployment = deploymentOf(action.deployment);
        if (deployment !== undefined) rollout.fail(service, deployment, action.failure);
        this.kick(service);
        break;
      }
      case "rollBack":
      case "abort":
      case "nextStage":
      case "expireHooks":
        this.moveOn(service, action.type);
        this.kick(service);
        break;
      case "retire":
        service.deployments = service.deployments.filter(({ id }) => id !== action.deployment);
        break;
      case "steady":
        service.steady = true;
        rollout.note(service, "has reached a steady state.");
        this.emit(service, "SERVICE_STEADY_STATE");
        break;
      case "drained":
        service.status = "INACTIVE";
        service.deployments = [];
        break;
      case "wake":
        this.wake(service, action.at);
        break;
      default:
        action satisfies never;
    }
  }

  /** What concerns the service deployment that is going on, and no task. */
  private moveOn(service: Service, what: "rollBack" | "abort" | "nextStage" | "expireHooks"): void {
    const { rollout, stages } = this.deps;
    const record = currentDeployment(service);
    if (record === undefined) return;
    if (what === "nextStage") stages.next(service, record);
    else if (what === "expireHooks") stages.expire(service, record);
    else if (what === "abort" || !rollout.rollBack(service, record, requestedStop))
      rollout.abort(service, record);
  }

  /** Looks again at the given time; the earliest of several counts. */
  private wake(service: Service, at: number): void {
    const { context, pauses } = this.deps;
    if ((this.waking.get(service.arn) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.waking.set(service.arn, at);
    void pauses.wait(at - context.now()).then(() => {
      if (this.waking.get(service.arn) === at) this.waking.delete(service.arn);
      this.kick(service);
    });
  }

  private start(service: Service, action: Extract<Action, { type: "start" }>, started: Task[]): void {
    const { arns, context, simulated, store } = this.deps;
    const { state } = store;
    const deployment = service.deployments.find(({ id }) => id === action.deployment);
    const definition =
      deployment === undefined ? undefined : state.definitionOf(deployment.taskDefinitionArn);
    const instance = state.instances.get(action.instanceArn ?? "");
    if (deployment === undefined || definition === undefined) return;
    if (action.instanceArn !== undefined && instance === undefined) return;
    const propagated = service.configuration.propagateTags;
    const task = newTask(arns, {
      definition,
      instance,
      cluster: state.cluster(service.cluster),
      region: context.region,
      group: `service:${service.name}`,
      startedBy: deployment.id,
      serviceArn: service.arn,
      capacityProvider: action.capacityProvider,
      networkConfiguration: service.configuration.networkConfiguration,
      tags: propagated === "SERVICE" ? service.tags : propagated === "TASK_DEFINITION" ? definition.tags : [],
      simulated,
      now: context.now(),
    });
    state.addTask(task);
    started.push(task);
    this.runner?.start(task, definition);
  }

  /** Managed Instances start a host for what found none; that it is there is the next look's to see. */
  private scaleOut(service: Service, action: Extract<Action, { type: "scaleOut" }>): void {
    const { capacityProvider, demand, tasks } = action;
    const problem = this.deps.scaleOut(service.cluster, capacityProvider, demand, tasks);
    if (problem === undefined) return;
    const capacityProviders = [capacityProvider];
    const message = `was unable to place a task. Reason: ${problem}`;
    this.unplaceable(service, {
      type: "unplaceable",
      message,
      reason: "RESOURCE:INSTANCE",
      capacityProviders,
    });
  }

  private unplaceable(service: Service, action: Extract<Action, { type: "unplaceable" }>): void {
    const starved = this.starved.get(service.cluster) ?? new Set<string>();
    starved.add(service.arn);
    this.starved.set(service.cluster, starved);
    service.steady = false;
    if (!this.deps.rollout.note(service, action.message)) return;
    const { state } = this.deps.store;
    const providers = action.capacityProviders.map(
      (name) => state.capacityProviders.get(lastPart(name))?.arn ?? name,
    );
    this.emit(service, "SERVICE_TASK_PLACEMENT_FAILURE", {
      ...(providers.length > 0 ? { capacityProviderArns: providers } : {}),
      reason: action.reason,
    });
  }
}

/**
 * Whether a task has failed: it never reached RUNNING, or was stopped for its health checks. One that ends after it was
 * RUNNING is replaced, but not counted.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
function hasFailed(task: Task): boolean {
  const onItsOwn = task.stopCode === "TaskFailedToStart" || task.stopCode === "EssentialContainerExited";
  const unhealthy = isUnhealthy(task) && task.stopCode === "ServiceSchedulerInitiated";
  return (onItsOwn && task.startedAt === undefined) || unhealthy;
}
