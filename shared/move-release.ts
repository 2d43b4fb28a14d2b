import { recordOf } from "./admit.ts";
import { type Deps, loadRun } from "./advance.ts";
import { readStageLock } from "./effects/stage-lock.ts";
import type { Source } from "./intake/source.ts";
import { findAccepted, openRun } from "./open-run.ts";
import type { Capacity } from "./pipeline/definition.ts";
import { type Derived, rollbackOf, shiftOf, unquarantineOf } from "./pipeline/derive.ts";
import type { Instant } from "./pipeline/events.ts";
import { serviceKey } from "./pipeline/leaving.ts";
import { type RunStarted, runIdOf } from "./pipeline/pipelines.ts";
import type { Run } from "./pipeline/run.ts";
import { liveRelease, previousRelease, type StageLock } from "./pipeline/stage-lock.ts";

/** Starts runs that move what has been released before: back, onto all architectures again, or by weights. */

/** Who asks, and where. */
export interface Mover {
  readonly deps: Deps;
  readonly source: Source;
  readonly rehearse: (target: RehearsalTarget) => Promise<readonly string[]>;
  readonly pipeline: string;
  readonly stage: string;
  /** The person, as the record shows it. */
  readonly by: string;
  readonly identity: string;
  /** The other names that this person is known by. */
  readonly names?: readonly string[];
  /** From where, for the record. */
  readonly from?: string;
  /** The same id again makes no second run. */
  readonly id: string;
}

/** A revision, and images as `REPOSITORY@DIGEST`, that have to be there still. */
export interface RehearsalTarget {
  readonly taskDefinition: string;
  readonly images: readonly string[];
}

export type Moved = { readonly runId: string } | { readonly problem: string };

/**
 * Goes back to the release before, or to a run's. The stage is held afterwards.
 * @param to the run to go back to; the release before the one that runs when left out
 */
export async function rollBack(mover: Mover, reason: string, to?: string): Promise<Moved> {
  const before = await madeBefore(mover);
  if (before !== undefined) return before;
  const { lock } = await readStageLock(mover.deps.store, mover.pipeline, mover.stage);
  const target = to ?? runOfRelease(previousRelease(lock));
  if (target === undefined) {
    return {
      problem: `stage ${mover.stage} of ${mover.pipeline} has run no other release; say which run to go back to`,
    };
  }
  return move(mover, target, async (run) => {
    const derived = rollbackOf(run, mover.stage, mover.by, reason);
    if ("problem" in derived) return derived;
    const missing = await missingFor(mover, derived);
    if (missing.length === 0) return derived;
    return { problem: `${run.id} cannot run again in stage ${mover.stage}: ${missing.join("; ")}` };
  });
}

/** What the way back needs and is not there any more. A revision that is only inactive is registered once more. */
async function missingFor(
  { rehearse }: Mover,
  { reused, restore }: Exclude<Derived, { readonly problem: string }>,
): Promise<readonly string[]> {
  const images = Object.values(reused).map(({ repositoryUri, digest }) => `${repositoryUri}@${digest}`);
  const problems = await Promise.all(
    Object.values(restore).map((taskDefinition) => rehearse({ taskDefinition, images })),
  );
  return [...new Set(problems.flat())];
}

/** Gives the architectures back that were taken out. */
export async function liftQuarantine(mover: Mover, reason: string): Promise<Moved> {
  const before = await madeBefore(mover);
  if (before !== undefined) return before;
  const { lock } = await readStageLock(mover.deps.store, mover.pipeline, mover.stage);
  const live = liveRelease(lock);
  const quarantined = live?.quarantined;
  if (live === undefined || quarantined === undefined) {
    return { problem: `nothing is in quarantine in stage ${mover.stage} of ${mover.pipeline}` };
  }
  return move(mover, live.runId, (run) => unquarantineOf(run, mover.stage, quarantined, mover.by, reason));
}

export interface ShiftRequest {
  readonly cluster: string;
  readonly service: string;
  readonly to: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly bakeMinutes: number;
}

/**
 * Changes the weights of a service's capacity providers step by step.
 * @param from the strategy that the service has now
 */
export async function shiftWeights(mover: Mover, from: Capacity, request: ShiftRequest): Promise<Moved> {
  const before = await madeBefore(mover);
  if (before !== undefined) return before;
  const { lock } = await readStageLock(mover.deps.store, mover.pipeline, mover.stage);
  const live = liveOf(lock);
  if (live === undefined) return { problem: `stage ${mover.stage} of ${mover.pipeline} runs no release yet` };
  const without = liveRelease(lock)?.quarantined?.[serviceKey(request)];
  if (without !== undefined) {
    const { architecture, reason } = without;
    return {
      problem: `service ${request.service} does without ${architecture} (${reason}); lift that first: tandem unquarantine`,
    };
  }
  return move(mover, live, (run) => shiftOf(run, mover.stage, { ...request, from }, mover.by));
}

function liveOf(lock: StageLock): string | undefined {
  return runOfRelease(liveRelease(lock));
}

function runOfRelease(release: { readonly runId: string } | undefined): string | undefined {
  return release?.runId;
}

/** A run that has moved some services of a release only does not tell of all of them: the one that brought it does. */
async function wholeRun(deps: Deps, runId: string): Promise<Run | undefined> {
  const seen = new Set<string>();
  for (let id = runId; !seen.has(id); ) {
    seen.add(id);
    const { run } = await loadRun(deps.store, id);
    if (run === undefined || !("of" in run.trigger)) return run;
    id = run.trigger.of;
  }
  return undefined;
}

async function move(
  mover: Mover,
  runId: string,
  derive: (run: Run) => Derived | Promise<Derived>,
): Promise<Moved> {
  const { deps, pipeline } = mover;
  const run = await wholeRun(deps, runId);
  if (run === undefined || run.definition.name !== pipeline) {
    return { problem: `there is no run "${runId}" of ${pipeline}` };
  }
  const derived = await derive(run);
  if ("problem" in derived) return derived;
  const target = await keepRequest(mover, run);
  if (target !== run.id) return (await madeOf(mover, target)) ?? move(mover, target, derive);
  const started = await accept(mover, run, derived);
  if (typeof started === "string") return { runId: started };
  await openRun(deps, started, mover.source);
  return { runId: started.runId };
}

/** A request that is sent again means what it meant, whatever the stage runs by now: its target is kept before its run is made. */
interface MoveRequest {
  readonly type: "move.requested";
  readonly at: Instant;
  readonly target: string;
}

function requestStream({ pipeline, id }: Mover): string {
  return `move#${pipeline}/${id}`;
}

/** @returns the run that the request moves: of two who send it at once, what the first has found */
async function keepRequest(mover: Mover, { id: target }: Run): Promise<string> {
  const { streams } = mover.deps.store;
  const request: MoveRequest = { type: "move.requested", at: mover.deps.now(), target };
  if (await streams.append(requestStream(mover), 0, [request])) return target;
  return (await requestedTarget(mover)) ?? target;
}

async function requestedTarget(mover: Mover): Promise<string | undefined> {
  const { events } = await mover.deps.store.streams.load(requestStream(mover));
  const [request] = events as readonly MoveRequest[];
  return request?.target;
}

/** The run that this request has made before; opened, should nobody have come to that. */
async function madeBefore(mover: Mover): Promise<Moved | undefined> {
  const target = await requestedTarget(mover);
  return target === undefined ? undefined : madeOf(mover, target);
}

async function madeOf({ deps, pipeline, id, source }: Mover, target: string): Promise<Moved | undefined> {
  const { run } = await loadRun(deps.store, target);
  if (run === undefined) return undefined;
  const { repository, commit } = run.revision;
  const kept = await deps.store.deliveries.find({ repository, commit, pipeline, id });
  if (kept === undefined || !("runId" in kept.outcome)) return undefined;
  const { runId } = kept.outcome;
  const started = await findAccepted(deps, runId);
  if (started !== undefined) await openRun(deps, started, source);
  return { runId };
}

/** The number, what stands at it, and the record: as every other run begins. */
async function accept(
  { deps, id, identity, names, from }: Mover,
  target: Run,
  derived: Exclude<Derived, { readonly problem: string }>,
): Promise<RunStarted | string> {
  const { intake, deliveries } = deps.store;
  const pipeline = derived.definition.name;
  const { starterNames: _names, starterFrom: _from, ...people } = target.people;
  const starter = {
    starter: identity,
    ...(names === undefined ? {} : { starterNames: names }),
    ...(from === undefined ? {} : { starterFrom: from }),
  };
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const sequence = await intake.draw(pipeline);
    const { before: _before, ...revision } = target.revision;
    const started: RunStarted = {
      type: "run.started",
      at: deps.now(),
      runId: runIdOf(pipeline, sequence),
      sequence,
      revision,
      people: { ...people, ...starter },
      deliveryId: id,
      ...derived,
    };
    if (!(await intake.put(pipeline, sequence, { type: "run", run: started }, started.at))) continue;
    const { outcome } = await deliveries.record(recordOf(started));
    if ("ignored" in outcome) throw new Error(`${id} has been refused before: ${outcome.ignored}`);
    return outcome.runId === started.runId ? started : outcome.runId;
  }
  throw new Error(`pipeline ${pipeline} is contended: ten numbers were closed before they could be used`);
}
