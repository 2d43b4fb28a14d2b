import type { EcsDeployment, OneOffTask, StageDefinition } from "./definition.ts";
import type { TaskKey } from "./events.ts";
import { type Deployment, deploymentsOf, type OneOffState, type Run } from "./run.ts";

/**
 * In which order the deployments of a stage come, what each of them does step by step, and who goes back when one fails.
 * Pure: `plan` and `evolve` both ask here, so that they agree.
 */

/** `WHEN/INDEX`. */
export function taskName({ when, index }: Pick<TaskKey, "when" | "index">): string {
  return `${when}/${index}`;
}

/** What the stage's definition says of a deployment. */
export function targetOf(stage: StageDefinition, { prepared }: Deployment): EcsDeployment | undefined {
  return stage.deploy.find(
    ({ cluster, service }) => cluster === prepared.cluster && service === prepared.service,
  );
}

export interface NextTask {
  readonly when: TaskKey["when"];
  readonly index: number;
  readonly definition: OneOffTask;
  /** Undefined: it has not been asked for. */
  readonly state: OneOffState | undefined;
}

/** The first one-off task that has not succeeded; undefined when all have. */
export function nextTask(
  target: EcsDeployment | undefined,
  deployment: Deployment,
  when: TaskKey["when"],
): NextTask | undefined {
  for (const [index, definition] of (target?.[when] ?? []).entries()) {
    const state = deployment.tasks?.[taskName({ when, index })];
    if (state?.status !== "succeeded") return { when, index, definition, state };
  }
  return undefined;
}

/** The one-off task of a run that ECS runs under this ARN; undefined when nobody waits for it. */
export function runningTask(run: Run, taskArn: string): TaskKey | undefined {
  for (const { definition, state } of run.stages) {
    for (const { prepared, tasks } of deploymentsOf(state)) {
      for (const [name, task] of Object.entries(tasks ?? {})) {
        if (task.status !== "running" || task.taskArn !== taskArn) continue;
        const when = name.startsWith("before/") ? "before" : "after";
        const index = Number(name.split("/")[1]);
        const { cluster, service } = prepared;
        return { stage: definition.name, cluster, service, when, index };
      }
    }
  }
  return undefined;
}

/** How many steps there are: the release, and a shift of weights for each that the pipeline lists. */
export function stepsOf(target: EcsDeployment | undefined): number {
  return 1 + (target?.shift?.length ?? 0);
}

/** Minutes that a step must hold before the next, or before the deployment has succeeded. */
export function bakeMinutesOf(target: EcsDeployment | undefined, step: number): number {
  return (step === 0 ? target?.bakeMinutes : target?.shift?.[step - 1]?.bakeMinutes) ?? 0;
}

/** Whether the deployment and all its one-off tasks are done. */
export function isDone(stage: StageDefinition, deployment: Deployment): boolean {
  return (
    deployment.state.status === "succeeded" &&
    nextTask(targetOf(stage, deployment), deployment, "after") === undefined
  );
}

/**
 * The deployments that have to come to their end before the stage can end, or go back: ECS is at work on them, or somebody has
 * claimed them. What only waits (it bakes, or is between two steps) waits no longer once it has to go back.
 */
export function underWay(stage: StageDefinition, deployments: readonly Deployment[]): readonly Deployment[] {
  const failed = deployments.filter(({ state }) => state.status === "failed");
  return deployments.filter((one) => isUnderWay(one, goesBack(stage, failed, one)));
}

function isUnderWay(deployment: Deployment, isToGoBack: boolean): boolean {
  const { state, tasks } = deployment;
  switch (state.status) {
    case "requested":
    case "in-progress":
      return true;
    case "failed":
      return false;
    case "baking":
      return !isToGoBack;
    case "pending":
    case "succeeded": {
      const waits = isBetween(deployment) && !isToGoBack;
      const running = ["requested", "running"];
      return waits || Object.values(tasks ?? {}).some(({ status }) => running.includes(status));
    }
  }
}

/** A step is done, or an architecture has been taken out, and what follows has not begun. */
function isBetween({ state, step = 0, quarantine }: Deployment): boolean {
  return state.status === "pending" && (step > 0 || quarantine !== undefined);
}

/** Whether a service has to go back because others have failed. */
export function goesBack(
  stage: StageDefinition,
  failed: readonly Deployment[],
  deployment: Deployment,
): boolean {
  if (failed.length === 0) return false;
  return stage.onFailure !== "stay" || failed.some((one) => isPaired(stage, one, deployment));
}

/** Nothing has been done about it yet, nor is anybody about to. */
export function isUntouched({ state, step = 0, tasks, quarantine }: Deployment): boolean {
  return state.status === "pending" && step === 0 && quarantine === undefined && tasks === undefined;
}

/** The deployments whose turn it is, or has been: those before them are done. */
export function startable(stage: StageDefinition, deployments: readonly Deployment[]): readonly Deployment[] {
  const open = new Set(
    deployments.filter((one) => !isDone(stage, one)).map(({ prepared }) => prepared.service),
  );
  return deployments.filter((deployment, index) => {
    const target = targetOf(stage, deployment);
    // Two services of one name, in two clusters: both are meant.
    if (stage.order === "parallel") return (target?.needs ?? []).every((name) => !open.has(name));
    return deployments.slice(0, index).every((one) => isDone(stage, one) || isPaired(stage, one, deployment));
  });
}

function isPaired(stage: StageDefinition, a: Deployment, b: Deployment): boolean {
  const pair = targetOf(stage, a)?.pair;
  return a !== b && pair !== undefined && pair === targetOf(stage, b)?.pair;
}

/**
 * The services that have to go back once nothing is under way any more, the last moved first: those already moved, if the
 * pipeline says so, the other of a pair always, and the one that failed if it has been moved and nobody took it back.
 */
export function toReturn(stage: StageDefinition, deployments: readonly Deployment[]): readonly Deployment[] {
  const failed = deployments.filter(({ state }) => state.status === "failed");
  if (failed.length === 0) return [];
  const moved = deployments.filter((one) => isMoved(one));
  return moved
    .filter((deployment) => {
      const { state, step = 0 } = deployment;
      if (state.status !== "failed") return goesBack(stage, failed, deployment);
      // ECS takes its own revision back; whether also what came with it, only a look tells.
      if (state.rolledBack) return changesMore(deployment);
      // One service by itself that ECS left as it is stays so, as its own settings say; a step back is ours to make.
      if (step > 0 || state.undo === true || hasAfter(deployment)) return true;
      return moved.some(
        (one) =>
          one !== deployment &&
          (isPaired(stage, one, deployment) || (stage.onFailure !== "stay" && one.state.status !== "failed")),
      );
    })
    .reverse();
}

/** Whether a service has been changed, or may have been. */
function isMoved(deployment: Deployment): boolean {
  const { state, prepared } = deployment;
  const begun =
    state.status === "in-progress" ||
    state.status === "baking" ||
    state.status === "succeeded" ||
    isBetween(deployment) ||
    (state.status === "failed" &&
      (state.deploymentId !== undefined ||
        state.rolledBack ||
        hasAfter(deployment) ||
        changesMoreThanAtFirst(deployment)));
  return begun && (state.taskDefinition !== prepared.baseTaskDefinition || changesMore(deployment));
}

/** Something beside the task definition. */
function changesMore(deployment: Deployment): boolean {
  const { capacity, constrainTo, baseConstrainTo } = deployment.prepared;
  return capacity !== undefined || constrainTo !== baseConstrainTo || changesMoreThanAtFirst(deployment);
}

function changesMoreThanAtFirst({ step = 0, quarantine }: Deployment): boolean {
  return step > 0 || quarantine !== undefined;
}

/** A task after the deployment has failed: the release is out, and must not stay. */
function hasAfter({ tasks }: Deployment): boolean {
  return Object.entries(tasks ?? {}).some(
    ([name, { status }]) => name.startsWith("after/") && status === "failed",
  );
}

/** A shift of weights has failed, and nothing else of the stage goes back: the release stays, with the weights before. */
export function keepsRelease(stage: StageDefinition, deployment: Deployment): boolean {
  const { state, step = 0 } = deployment;
  const alone = stage.deploy.length === 1 || stage.onFailure === "stay";
  return state.status === "failed" && step > 0 && alone && !hasAfter(deployment);
}

export function isReturned({ back }: Deployment): boolean {
  return back?.status === "succeeded" || back?.status === "failed";
}
