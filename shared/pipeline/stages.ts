import type { Mode } from "./definition.ts";
import {
  type Contender,
  type LeaveOutcome,
  liveRelease,
  roundOf,
  type StageLock,
  type StageLockEvent,
  type StageRelease,
  without,
} from "./stage-lock.ts";

/** The answer to a run that wants the stage, and what to append first. */
export interface Entry {
  readonly events: readonly StageLockEvent[];
  readonly answer:
    | { readonly type: "entered" }
    | { readonly type: "waits"; readonly behind: string; readonly held: boolean }
    | { readonly type: "superseded"; readonly by: string }
    /** It has been here: whoever asks is late. */
    | { readonly type: "left" };
  /** Runs that gave way to this one; each is to be told. */
  readonly displaced: readonly string[];
}

/**
 * Decides whether a run may have the stage. Asking again gives the same answer and no events.
 * @param gated whether an approval stands between entering and deploying
 * @param before in `queued` mode, the pipeline's earlier runs that have not ended
 * @param urgent a way back: it waits for no hold and for nobody who waits himself, only for deployments under way
 */
export function enterStage(
  lock: StageLock,
  run: Contender,
  mode: Mode,
  gated: boolean,
  before: readonly Contender[] = [],
  urgent = false,
): Entry {
  if (lock.holder?.runId === run.runId) return { events: [], answer: { type: "entered" }, displaced: [] };
  const gone = lock.gone.find(({ runId }) => runId === run.runId);
  if (gone !== undefined) {
    const answer =
      gone.by === undefined ? { type: "left" as const } : { type: "superseded" as const, by: gone.by };
    return { events: [], answer, displaced: [] };
  }
  const newer = newerThan(lock, run, mode);
  const queued = lock.queue.some(({ runId }) => runId === run.runId);
  if (newer !== undefined) {
    const giving = queued ? displacing([run.runId], newer) : [];
    return { events: giving, answer: { type: "superseded", by: newer }, displaced: [] };
  }

  const passes = urgent || mode === "superseded";
  const older = passes ? lock.queue.filter(({ sequence }) => sequence < run.sequence) : [];
  const holder = lock.holder;
  const gives = passes && holder?.phase === "gated" ? holder : undefined;
  const displaced = [...older, ...(gives === undefined ? [] : [gives])].map(({ runId }) => runId);
  const giving = displacing(displaced, run.runId);

  const behind = urgent
    ? holderOf(lock, gives !== undefined)
    : (obstacle(lock, run, mode, gives !== undefined) ?? firstToPass(lock, before));
  if (behind === undefined) {
    const entered: StageLockEvent = { type: "stage.entered", ...run, phase: gated ? "gated" : "deploying" };
    return { events: [...giving, entered], answer: { type: "entered" }, displaced };
  }
  const queueing: readonly StageLockEvent[] = queued ? [] : [{ type: "stage.queued", ...run }];
  return { events: [...giving, ...queueing], answer: { type: "waits", ...behind }, displaced };
}

function displacing(runs: readonly string[], by: string): readonly StageLockEvent[] {
  return runs.map((runId) => ({ type: "stage.displaced", runId, by }));
}

/** The run this one may not overtake backwards, if there is one. */
function newerThan(lock: StageLock, run: Contender, mode: Mode): string | undefined {
  if (lock.sequence > run.sequence) return lock.newest;
  if (mode !== "superseded") return undefined;
  if (lock.holder !== undefined && lock.holder.sequence > run.sequence) return lock.holder.runId;
  return lock.queue.find(({ sequence }) => sequence > run.sequence)?.runId;
}

function obstacle(
  lock: StageLock,
  run: Contender,
  mode: Mode,
  holderGives: boolean,
): { readonly behind: string; readonly held: boolean } | undefined {
  if (lock.hold !== undefined) return { behind: lock.hold.runId, held: true };
  const holder = holderOf(lock, holderGives);
  if (holder !== undefined) return holder;
  if (mode === "superseded") return undefined;
  const before = lock.queue.find(({ sequence }) => sequence < run.sequence);
  return before === undefined ? undefined : { behind: before.runId, held: false };
}

function holderOf(
  { holder }: StageLock,
  gives: boolean,
): { readonly behind: string; readonly held: boolean } | undefined {
  return holder === undefined || gives ? undefined : { behind: holder.runId, held: false };
}

/** The first earlier run that is still to come through this stage. */
function firstToPass(
  lock: StageLock,
  before: readonly Contender[],
): { readonly behind: string; readonly held: boolean } | undefined {
  const first = before.find(
    ({ runId, sequence }) => sequence > lock.sequence && !lock.gone.some((gone) => gone.runId === runId),
  );
  return first === undefined ? undefined : { behind: first.runId, held: false };
}

/** What follows from a run's wish to deploy. */
export interface Beginning {
  readonly events: readonly StageLockEvent[];
  /** Set when the run has the stage no more. */
  readonly displacedBy?: string;
  /** Older runs that waited and can never have their turn now; each is to be told. */
  readonly displaced: readonly string[];
}

/**
 * Moves the holder from its gate to its deployments; a run that has been displaced is told by whom.
 * @param round how often the gate has been voided
 */
export function beginStage(lock: StageLock, runId: string, round = 0): Beginning {
  const { holder } = lock;
  if (holder?.runId !== runId) return { events: [], displacedBy: takerOf(lock, runId), displaced: [] };
  const known = holder.round ?? 0;
  if (known > round || (known === round && holder.phase === "deploying"))
    return { events: [], displaced: [] };
  const displaced = lock.queue
    .filter(({ sequence }) => sequence < holder.sequence)
    .map((contender) => contender.runId);
  const deploying: StageLockEvent = { type: "stage.deploying", runId, ...roundOf(round) };
  return { events: [...displacing(displaced, runId), deploying], displaced };
}

/**
 * Says that the holder waits at its gate again, so that a newer run can take its place.
 * @param round how often the gate has been voided
 * @returns what to append, and the run to wake
 */
export function reopenGate(
  { holder, queue }: StageLock,
  runId: string,
  round: number,
): { readonly events: readonly StageLockEvent[]; readonly next?: string } {
  if (holder?.runId !== runId || (holder.round ?? 0) >= round) return { events: [] };
  const next = queue[0]?.runId;
  return { events: [{ type: "stage.gated", runId, round }], ...(next === undefined ? {} : { next }) };
}

/** Who took the place of a run that does not have the stage any more. */
export function takerOf(lock: StageLock, runId: string): string {
  const by = lock.gone.find((gone) => gone.runId === runId)?.by;
  return by ?? lock.holder?.runId ?? lock.newest ?? "another run";
}

/** What a run leaves behind in a stage. */
export interface Leaving {
  readonly outcome: LeaveOutcome;
  readonly release?: StageRelease;
  /** Services (`CLUSTER/SERVICE`) that run it as it is meant to run, unless the release says otherwise. */
  readonly whole?: readonly string[];
  /** Why the stage is to be held: after a rollback, ECS's or ours. */
  readonly hold?: string;
}

/**
 * Gives the stage up. When it is held, nobody is next.
 * @returns what to append, and the run to wake
 */
export function leaveStage(
  lock: StageLock,
  runId: string,
  { outcome, release, hold, whole = [] }: Leaving,
): { readonly events: readonly StageLockEvent[]; readonly next?: string } {
  const rest = without(lock.queue, runId);
  const next = rest[0]?.runId;
  // Whoever never came in leaves, too: an invocation that is late must not bring it there.
  const isGone = lock.gone.some((gone) => gone.runId === runId);
  if (isGone) return { events: [], ...(next === undefined ? {} : { next }) };
  if (lock.holder?.runId !== runId) {
    return { events: [{ type: "stage.left", runId, outcome }], ...(next === undefined ? {} : { next }) };
  }
  const left: StageLockEvent = {
    type: "stage.left",
    runId,
    outcome,
    ...(release === undefined ? {} : { release: stillQuarantined(lock, release, whole) }),
  };
  if (hold !== undefined) return { events: [left, { type: "stage.held", runId, reason: hold }] };
  return { events: [left], ...(next === undefined ? {} : { next }) };
}

/** A run that only moves some services of the same release leaves the others as they were. */
function stillQuarantined(lock: StageLock, release: StageRelease, whole: readonly string[]): StageRelease {
  const live = liveRelease(lock);
  if (live?.quarantined === undefined || live.release !== release.release) return release;
  const before = Object.entries(live.quarantined).filter(([service]) => !whole.includes(service));
  const quarantined = { ...Object.fromEntries(before), ...release.quarantined };
  return Object.keys(quarantined).length === 0 ? release : { ...release, quarantined };
}
