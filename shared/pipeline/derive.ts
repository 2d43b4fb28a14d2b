import { withWeights } from "./capacity.ts";
import type {
  Capacity,
  EcsDeployment,
  PipelineDefinition,
  ShiftStep,
  StageDefinition,
} from "./definition.ts";
import type { PublishedIndex, Trigger } from "./events.ts";
import { serviceKey } from "./leaving.ts";
import { deploymentsOf, type Run, type Stage } from "./run.ts";
import type { QuarantinedService } from "./stage-lock.ts";
import { keepsRelease } from "./steps.ts";

/**
 * Runs that build nothing and only move what an earlier run has released, in one stage of it: back to it, on all its
 * architectures again, or by weights.
 */

/** What such a run begins with; or why there can be none. */
export type Derived =
  | {
      readonly definition: PipelineDefinition;
      readonly trigger: Trigger;
      readonly reused: Readonly<Record<string, PublishedIndex>>;
      readonly restore: Readonly<Record<string, string>>;
    }
  | { readonly problem: string };

/**
 * The whole release of a run, in reverse order, as it ran then: the same index, the same task definitions. What rings rings
 * because of the release that is left, and nothing of it is gone back to.
 */
export function rollbackOf(target: Run, stage: string, by: string, reason: string): Derived {
  return derived(target, stage, { type: "rollback", by, to: target.id, reason }, (definition) => ({
    ...plain(definition),
    onFailure: "stay",
    deploy: definition.deploy
      .map((one): EcsDeployment => {
        const { alarms: _alarms, bakeMinutes: _bakeMinutes, ...rest } = plainDeployment(one);
        const needs = definition.deploy.flatMap((other) =>
          other.needs?.includes(one.service) ? [other.service] : [],
        );
        return needs.length === 0 ? rest : { ...rest, needs };
      })
      .reverse(),
  }));
}

/** The release that the stage runs once more, with the capacity it had before an architecture was taken out. */
export function unquarantineOf(
  live: Run,
  stage: string,
  quarantined: Readonly<Record<string, QuarantinedService>>,
  by: string,
  reason: string,
): Derived {
  return derived(live, stage, { type: "unquarantine", by, of: live.id, reason }, (definition) => ({
    ...plain(definition),
    deploy: definition.deploy
      .filter((target) => Object.hasOwn(quarantined, serviceKey(target)))
      .map((target) => {
        const capacity = quarantined[serviceKey(target)]?.capacity;
        return { ...plainDeployment(target), ...(capacity === undefined ? {} : { capacity }) };
      }),
  }));
}

export interface Shift {
  readonly cluster: string;
  readonly service: string;
  /** The strategy that the service has now. */
  readonly from: Capacity;
  /** Percent of the tasks, by capacity provider; what is not named shares the rest as it does now. */
  readonly to: Readonly<Record<string, number>>;
  /** How many steps to make of it. */
  readonly steps: number;
  readonly bakeMinutes: number;
}

/** The release that the stage runs, with other weights step by step. */
export function shiftOf(live: Run, stage: string, shift: Shift, by: string): Derived {
  const weights = shiftWeights(shift);
  if ("problem" in weights) return weights;
  return derived(live, stage, { type: "shift", by, of: live.id }, (definition) => ({
    ...plain(definition),
    deploy: definition.deploy
      .filter((target) => target.cluster === shift.cluster && target.service === shift.service)
      .map((target) => {
        const { capacity: _capacity, ...rest } = plainDeployment(target);
        return { ...rest, shift: weights.steps };
      }),
  }));
}

function derived(
  run: Run,
  name: string,
  trigger: Trigger,
  change: (stage: StageDefinition) => StageDefinition,
): Derived {
  const stage = run.stages.find(({ definition }) => definition.name === name);
  if (stage === undefined || (stage.state.status !== "succeeded" && !keptRelease(stage))) {
    return { problem: `${run.id} has not succeeded in stage ${name}: there is nothing to go to` };
  }
  const definition = change(stage.definition);
  const restore: Record<string, string> = {};
  for (const { prepared, state } of deploymentsOf(stage.state)) {
    if ("taskDefinition" in state && state.taskDefinition !== undefined)
      restore[serviceKey(prepared)] = state.taskDefinition;
  }
  const lacking = definition.deploy.filter((target) => !Object.hasOwn(restore, serviceKey(target)));
  if (definition.deploy.length === 0 || lacking.length > 0) {
    const names = lacking.map(serviceKey).join(", ");
    return { problem: `${run.id} says nothing of ${names || `any service of stage ${name}`}` };
  }
  const reused = publishedBy(run);
  if ("problem" in reused) return reused;
  return {
    definition: { ...run.definition, stages: [definition] },
    trigger,
    reused: reused.indexes,
    restore,
  };
}

/** A shift that went back to the weights before: the release has stayed. */
function keptRelease({ definition, state }: Stage): boolean {
  return (
    state.status === "rolled-back" &&
    state.deployments.every((one) => one.state.status === "succeeded" || keepsRelease(definition, one))
  );
}

function publishedBy(
  run: Run,
): { readonly indexes: Readonly<Record<string, PublishedIndex>> } | { readonly problem: string } {
  const indexes: Record<string, PublishedIndex> = {};
  for (const { definition, state } of run.images) {
    if (state.status !== "published") return { problem: `${run.id} has not published ${definition.name}` };
    const { repositoryUri, digest, size, mediaType, children } = state;
    const { commit } = run.revision;
    indexes[definition.name] = {
      runId: run.id,
      sequence: run.sequence,
      commit,
      repositoryUri,
      digest,
      size,
      mediaType,
      children,
    };
  }
  return { indexes };
}

/** Without what was asked of the release the first time: it has been approved, and its tasks have run. */
function plain({ name, url, order, onFailure, pauseAt, deploy }: StageDefinition): StageDefinition {
  return {
    name,
    deploy,
    // The pauses that a release has put on the service are taken off again: nobody is asked.
    ...(pauseAt === undefined ? {} : { pauseAt: [] }),
    ...(url === undefined ? {} : { url }),
    ...(order === undefined ? {} : { order }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

function plainDeployment({
  before: _before,
  after: _after,
  shift: _shift,
  needs: _needs,
  taskDefinition: _taskDefinition,
  ...rest
}: EcsDeployment): EcsDeployment {
  return rest;
}

/** Weights in whole percents, from those there are to those that are wanted, in even steps. */
function shiftWeights({
  from,
  to,
  steps,
  bakeMinutes,
}: Shift): { readonly steps: readonly ShiftStep[] } | { readonly problem: string } {
  const unknown = Object.keys(to).filter((name) => !Object.hasOwn(from, name));
  const known = Object.keys(from);
  if (unknown.length > 0) {
    const names = known.join(", ");
    return { problem: `the service has no capacity provider ${unknown.join(", ")}; it has ${names}` };
  }
  const total = Object.values(to).reduce((sum, percent) => sum + percent, 0);
  const rest = known.filter((name) => !Object.hasOwn(to, name));
  if (total > 100 || (rest.length === 0 && total !== 100)) {
    return { problem: `the shares add up to ${total} %; they must be 100 % together` };
  }
  const sum = Object.values(from).reduce((all, { weight }) => all + weight, 0);
  const now = (name: string) => (sum === 0 ? 0 : ((from[name]?.weight ?? 0) / sum) * 100);
  const restNow = rest.reduce((all, name) => all + now(name), 0);
  const goal = (name: string) =>
    to[name] ?? (restNow === 0 ? (100 - total) / rest.length : (now(name) / restNow) * (100 - total));
  const list = Array.from({ length: steps }, (_, index): ShiftStep => {
    const part = (index + 1) / steps;
    const weights = known.map((name) => [name, Math.round(now(name) + (goal(name) - now(name)) * part)]);
    return { weights: Object.fromEntries(weights), bakeMinutes: index + 1 === steps ? 0 : bakeMinutes };
  });
  const last = list.at(-1);
  if (
    last === undefined ||
    Object.values(withWeights(from, last.weights)).every(({ weight }) => weight === 0)
  ) {
    return { problem: "no capacity provider would have a weight above 0" };
  }
  return { steps: list };
}
