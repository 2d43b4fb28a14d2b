import type { Capacity, CpuArchitecture } from "./definition.ts";
import type { Instant } from "./events.ts";

/**
 * The lock and the order of one stage of one pipeline. A stage is held by one run at a time, from its gate to the end of
 * its deployments; its sequence never decreases. Kept in a stream of its own, `stage#PIPELINE/STAGE`, whose
 * last item carries this state, so that no decision reads history.
 */
export interface StageLock {
  /** The sequence of the newest run that began to deploy here; 0 before the first. */
  readonly sequence: number;
  /** That run. */
  readonly newest?: string;
  readonly holder?: Holder;
  /** Runs that wait, in the order of their sequence. */
  readonly queue: readonly Contender[];
  /** Set by a rollback: nothing enters until somebody releases it. */
  readonly hold?: Hold;
  /** At most `GONE` runs that left or gave way, the newest last: an invocation that is late must not bring them back. */
  readonly gone: readonly Gone[];
  /** What the stage has run, at most `RELEASES`, the newest last: the last is what it runs now. */
  readonly releases?: readonly StageRelease[];
}

/** A release that a stage has come to run. */
export interface StageRelease {
  /** The run that brought it. */
  readonly runId: string;
  readonly sequence: number;
  readonly commit: string;
  /** The index digests of the release, joined by commas. */
  readonly release: string;
  readonly at: Instant;
  /** The run that built it, when the one that brought it only went back to it or moved it. */
  readonly of?: string;
  /** Services that do without an architecture: `CLUSTER/SERVICE`, and what they had before. */
  readonly quarantined?: Readonly<Record<string, QuarantinedService>>;
}

export interface QuarantinedService {
  readonly architecture: CpuArchitecture;
  readonly reason: string;
  /** The strategy to come back to. */
  readonly capacity?: Capacity;
}

/** As many as somebody may want to go back to. */
const RELEASES = 20;

/** A run that is done with the stage; `by` when another took its place. */
export interface Gone {
  readonly runId: string;
  readonly by?: string;
}

/** More than can be done with a stage while one invocation lasts. */
const GONE = 50;

export interface Contender {
  readonly runId: string;
  readonly sequence: number;
}

/** A gated holder gives way to a newer run in `superseded` mode; a deploying one never does. */
export interface Holder extends Contender {
  readonly phase: "gated" | "deploying";
  /** How often its gate had been voided when the phase was last set: what is said of an earlier gate is late. Absent: never. */
  readonly round?: number;
}

export interface Hold {
  readonly runId: string;
  readonly reason: string;
}

export type StageLockEvent =
  | ({ readonly type: "stage.entered" } & Holder)
  | ({ readonly type: "stage.queued" } & Contender)
  | { readonly type: "stage.displaced"; readonly runId: string; readonly by: string }
  | { readonly type: "stage.deploying"; readonly runId: string; readonly round?: number }
  /** The holder waits for approvals again: its gate has been voided. */
  | { readonly type: "stage.gated"; readonly runId: string; readonly round: number }
  | {
      readonly type: "stage.left";
      readonly runId: string;
      readonly outcome: LeaveOutcome;
      /** What the stage runs now; absent when the run did not get that far. */
      readonly release?: StageRelease;
    }
  | ({ readonly type: "stage.held" } & Hold)
  | {
      readonly type: "stage.released";
      readonly by: string;
      readonly reason: string;
      /** Absent in what was recorded before: when, by which identity, and from where. */
      readonly at?: Instant;
      readonly identity?: string;
      readonly from?: string;
    };

export type LeaveOutcome = "succeeded" | "failed" | "rolled-back" | "refused" | "expired" | "stopped";

export const FREE: StageLock = { sequence: 0, queue: [], gone: [] };

export function evolveStageLock(lock: StageLock, event: StageLockEvent): StageLock {
  switch (event.type) {
    case "stage.entered": {
      const { type: _type, ...holder } = event;
      const next = { ...lock, holder, queue: without(lock.queue, event.runId) };
      return event.phase === "deploying" ? { ...next, sequence: event.sequence, newest: event.runId } : next;
    }
    case "stage.queued": {
      const { type: _type, ...contender } = event;
      const queue = [...without(lock.queue, event.runId), contender];
      return { ...lock, queue: queue.sort((a, b) => a.sequence - b.sequence) };
    }
    case "stage.displaced":
      return withGone(
        { ...freeOf(lock, event.runId), queue: without(lock.queue, event.runId) },
        { runId: event.runId, by: event.by },
      );
    case "stage.deploying":
      return lock.holder?.runId === event.runId
        ? {
            ...lock,
            holder: { ...lock.holder, phase: "deploying", ...roundOf(event.round) },
            sequence: Math.max(lock.sequence, lock.holder.sequence),
            newest: event.runId,
          }
        : lock;
    case "stage.gated":
      return lock.holder?.runId === event.runId
        ? { ...lock, holder: { ...lock.holder, phase: "gated", round: event.round } }
        : lock;
    case "stage.left": {
      const free = freeOf(lock, event.runId);
      const next = withGone({ ...free, queue: without(free.queue, event.runId) }, { runId: event.runId });
      return event.release === undefined
        ? next
        : { ...next, releases: [...(lock.releases ?? []), event.release].slice(-RELEASES) };
    }
    case "stage.held": {
      const { type: _type, ...hold } = event;
      return { ...lock, hold };
    }
    case "stage.released": {
      const { hold: _hold, ...rest } = lock;
      return rest;
    }
  }
}

export function roundOf(round: number | undefined): { readonly round?: number } {
  return round === undefined || round === 0 ? {} : { round };
}

export function without(queue: readonly Contender[], runId: string): readonly Contender[] {
  return queue.filter((contender) => contender.runId !== runId);
}

function withGone(lock: StageLock, gone: Gone): StageLock {
  return { ...lock, gone: [...lock.gone, gone].slice(-GONE) };
}

function freeOf(lock: StageLock, runId: string): StageLock {
  if (lock.holder?.runId !== runId) return lock;
  const { holder: _holder, ...rest } = lock;
  return rest;
}

/** What the stage runs now, as far as is known. */
export function liveRelease({ releases = [] }: StageLock): StageRelease | undefined {
  return releases.at(-1);
}

/** The release before the one that the stage runs: what one goes back to without saying where. */
export function previousRelease({ releases = [] }: StageLock): StageRelease | undefined {
  const live = releases.at(-1);
  return releases.findLast(({ release }) => release !== live?.release);
}
