import { ContainerError } from "../engine/errors.ts";
import type { RunningContainer } from "../engine.ts";
import { reasonOf } from "../errors.ts";
import { type LaunchDependencies, launchContainer } from "./container-launch.ts";
import { taskStateChange } from "./events.ts";
import { watchHealth } from "./health.ts";
import type { StopCode, Task, TaskContainer, TaskStatus } from "./task.ts";
import type { Pauses, Timings } from "./timings.ts";
import type { TaskDefinition } from "./types.ts";

export interface RunnerDependencies extends LaunchDependencies {
  readonly timings: Timings;
  readonly pauses: Pauses;
  /** Takes a task out of its load balancer before its containers are stopped; resolves when its requests have ended. */
  readonly drain?: (task: Task) => Promise<void>;
  /** Called after every change of a task, its event already emitted. */
  readonly changed: (task: Task) => void;
}

interface Live {
  readonly task: Task;
  readonly definition: TaskDefinition;
  readonly running: Map<TaskContainer, RunningContainer>;
  /** Resolves when the task is to end, whoever wants it so. */
  readonly ending: Promise<void>;
  readonly end: () => void;
  done: Promise<void>;
}

const defaultStopTimeoutSeconds = 30;

/**
 * Takes tasks through their lifecycle, on a real engine or a simulated one.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export class TaskRunner {
  private readonly deps: RunnerDependencies;
  private readonly live = new Map<string, Live>();
  private closing = false;

  constructor(deps: RunnerDependencies) {
    this.deps = deps;
  }

  /** Starts a new task. Everything that happens to it is said by `changed`; nothing is thrown. */
  start(task: Task, definition: TaskDefinition): void {
    const signal: { end: () => void } = { end: () => undefined };
    const ending = new Promise<void>((resolve) => {
      signal.end = resolve;
    });
    const live: Live = {
      task,
      definition,
      running: new Map(),
      ending,
      end: signal.end,
      done: Promise.resolve(),
    };
    this.live.set(task.arn, live);
    this.announce(task);
    live.done = this.run(live);
  }

  /**
   * Asks a task to stop; the first reason counts. An agent that does not answer cannot be told: the task goes on until the
   * agent is back. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (connectivity)
   */
  stop(task: Task, code: StopCode, reason: string): void {
    if (task.desiredStatus === "STOPPED") return;
    this.wantStopped(task, code, reason);
    this.changedNow(task);
    if (task.connectivity === "CONNECTED") this.live.get(task.arn)?.end();
  }

  /** The task's host is gone for good, and the task with it. */
  lost(task: Task, reason: string): void {
    this.wantStopped(task, "TerminationNotice", reason);
    this.changedNow(task);
    this.live.get(task.arn)?.end();
  }

  /** The agent of the task's host answers again, or does not any more. */
  connected(task: Task, connected: boolean): void {
    task.connectivity = connected ? "CONNECTED" : "DISCONNECTED";
    this.changedNow(task);
    if (connected && task.desiredStatus === "STOPPED") this.live.get(task.arn)?.end();
  }

  /** Stops every container, without a word about it, and resolves when all have ended. */
  async close(): Promise<void> {
    this.closing = true;
    for (const live of this.live.values()) live.end();
    await Promise.all([...this.live.values()].map(({ done }) => done));
  }

  private wantStopped(task: Task, code: StopCode, reason: string): void {
    if (task.desiredStatus === "STOPPED") return;
    task.desiredStatus = "STOPPED";
    task.stopCode = code;
    task.stoppedReason = reason;
    task.stoppingAt = this.deps.context.now();
  }

  private async run(live: Live): Promise<void> {
    const { task } = live;
    try {
      this.move(task, "PENDING");
      await this.startContainers(live);
      if (!this.isEnding(task)) await this.becomeRunning(live);
      await live.ending;
    } catch (error) {
      this.failed(task, error);
    }
    await this.windDown(live);
  }

  private async startContainers(live: Live): Promise<void> {
    const { task } = live;
    task.pullStartedAt = this.deps.context.now();
    for (const container of task.containers) {
      const definition = live.definition.containerDefinitions.find(({ name }) => name === container.name);
      if (definition === undefined || this.isEnding(task)) continue;
      try {
        const running = await launchContainer(this.deps, task, container, definition);
        live.running.set(container, running);
        container.imageDigest ??= running.imageDigest;
        container.runtimeId = running.runtimeId;
        container.ports = running.ports;
        void running.exited.then((exitCode) => this.containerExited(live, container, exitCode));
      } catch (error) {
        container.reason =
          error instanceof ContainerError ? `${error.code}: ${error.message}` : String(error);
        throw error;
      }
    }
    task.pullStoppedAt = this.deps.context.now();
  }

  /** RUNNING is only said of containers that are still up a moment after they were started. */
  private async becomeRunning(live: Live): Promise<void> {
    const { task } = live;
    this.move(task, "ACTIVATING");
    await Promise.race([this.deps.pauses.wait(this.deps.timings.settleMs), live.ending]);
    if (this.isEnding(task)) return;
    task.startedAt = this.deps.context.now();
    for (const container of task.containers) {
      if (container.lastStatus === "PENDING") container.lastStatus = "RUNNING";
    }
    this.move(task, "RUNNING");
    for (const [container, running] of live.running) {
      const check = live.definition.containerDefinitions.find(
        ({ name }) => name === container.name,
      )?.healthCheck;
      if (check !== undefined) this.watch(live, container, running, check);
    }
  }

  private watch(
    live: Live,
    container: TaskContainer,
    running: RunningContainer,
    check: NonNullable<TaskDefinition["containerDefinitions"][number]["healthCheck"]>,
  ): void {
    const report = (status: TaskContainer["healthStatus"]): void => {
      if (this.isEnding(live.task) || container.healthStatus === status) return;
      container.healthStatus = status;
      live.task.healthStatus = healthOf(live);
      this.changedNow(live.task);
    };
    void watchHealth(running, check, this.deps.pauses, live.ending, report);
  }

  private containerExited(live: Live, container: TaskContainer, exitCode: number): void {
    const { task } = live;
    container.exitCode = exitCode;
    container.lastStatus = "STOPPED";
    if (!container.essential || this.isEnding(task)) return;
    this.wantStopped(task, "EssentialContainerExited", "Essential container in task exited");
    live.end();
  }

  private failed(task: Task, error: unknown): void {
    const reason =
      error instanceof ContainerError
        ? `${error.code}: ${error.message}`
        : `The local endpoint failed to start the task: ${reasonOf(error)}`;
    this.wantStopped(task, "TaskFailedToStart", reason);
  }

  private async windDown(live: Live): Promise<void> {
    const { task, definition } = live;
    live.end();
    if (live.running.size > 0) {
      this.move(task, "DEACTIVATING");
      if (!this.closing) await this.deps.drain?.(task);
      this.move(task, "STOPPING");
    }
    await Promise.all(
      [...live.running].map(async ([container, running]) => {
        const own = definition.containerDefinitions.find(({ name }) => name === container.name);
        try {
          await running.stop(this.closing ? 0 : (own?.stopTimeout ?? defaultStopTimeoutSeconds));
          container.exitCode = await running.exited;
        } catch (error) {
          container.reason = `CannotStopContainerError: ${reasonOf(error)}`;
        }
      }),
    );
    for (const container of task.containers) container.lastStatus = "STOPPED";
    this.move(task, "DEPROVISIONING");
    task.stoppedAt = this.deps.context.now();
    this.live.delete(task.arn);
    this.move(task, "STOPPED");
  }

  private isEnding(task: Task): boolean {
    return this.closing || task.desiredStatus === "STOPPED";
  }

  private move(task: Task, status: TaskStatus): void {
    task.lastStatus = status;
    this.changedNow(task);
  }

  private changedNow(task: Task): void {
    task.version += 1;
    this.announce(task);
  }

  private announce(task: Task): void {
    if (this.closing) return;
    task.updatedAt = this.deps.context.now();
    this.deps.context.emit(taskStateChange(task));
    this.deps.changed(task);
  }
}

/** A task is healthy when all its checked essential containers are, and unhealthy when one is. */
function healthOf(live: Live): Task["healthStatus"] {
  const checked = live.task.containers.filter(
    ({ name, essential }) =>
      essential &&
      live.definition.containerDefinitions.some((one) => one.name === name && one.healthCheck !== undefined),
  );
  if (checked.some(({ healthStatus }) => healthStatus === "UNHEALTHY")) return "UNHEALTHY";
  return checked.every(({ healthStatus }) => healthStatus === "HEALTHY") ? "HEALTHY" : "UNKNOWN";
}
