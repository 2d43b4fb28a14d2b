import type { Instant, Revision } from "./events.ts";

/**
 * What a pipeline remembers of one ref, in the stream `ref#PIPELINE REF` (the last item carries this state): the newest commit
 * that it knows, and those before it as long as it may turn out that the newest is not the newest.
 */
export interface RefState {
  /** The number of the last run that has been taken in; 0 before the first. */
  readonly through: number;
  /** By number, the highest first. */
  readonly entries: readonly RefEntry[];
}

/** A commit of the ref. */
export interface RefEntry {
  readonly commit: string;
  /** The commit before, as the push said. */
  readonly before?: string;
  /** The run it made; absent when it only was there before the pipeline. */
  readonly runId?: string;
  /** That run's number, or 0. */
  readonly sequence: number;
  /** Nobody has decided yet whether the run goes on. */
  readonly opening?: true;
}

export type RefEvent =
  /** Where the ref was when the pipeline was new. */
  | { readonly type: "commit.seen"; readonly commit: string }
  | {
      readonly type: "run.admitted";
      readonly runId: string;
      readonly sequence: number;
      readonly at: Instant;
      readonly commit: string;
      readonly before?: string;
    }
  /** The run goes on. */
  | { readonly type: "run.opened"; readonly runId: string }
  /** The run's commit had been overtaken: the run has ended before it began. */
  | { readonly type: "run.withdrawn"; readonly runId: string };

export const NEW_REF: RefState = { through: 0, entries: [] };

export function evolveRef(state: RefState, event: RefEvent): RefState {
  switch (event.type) {
    case "commit.seen":
      return { ...state, entries: [...state.entries, { commit: event.commit, sequence: 0 }] };
    case "run.admitted": {
      const { runId, sequence, commit, before } = event;
      const previous = before === undefined ? {} : { before };
      const entry: RefEntry = { commit, ...previous, runId, sequence, opening: true };
      return { through: sequence, entries: [entry, ...state.entries] };
    }
    case "run.opened":
      return { ...state, entries: settled(state.entries.map((entry) => opened(entry, event.runId))) };
    case "run.withdrawn":
      return { ...state, entries: settled(state.entries.filter(({ runId }) => runId !== event.runId)) };
  }
}

function opened(entry: RefEntry, run: string): RefEntry {
  if (entry.runId !== run) return entry;
  const { opening: _opening, ...rest } = entry;
  return rest;
}

/** What lies below a run that goes on, and is decided itself, is no longer asked about. */
function settled(entries: readonly RefEntry[]): readonly RefEntry[] {
  return entries.filter(({ opening }, at) => {
    const above = entries[at - 1];
    return opening === true || above === undefined || above.opening === true;
  });
}

/** The newest commit of the ref, as far as anybody knows. */
export function tipOf({ entries }: RefState): RefEntry | undefined {
  return entries[0];
}

/** What has come before the run of this number. */
export function earlierThan({ entries }: RefState, sequence: number): readonly RefEntry[] {
  return entries.filter((entry) => entry.sequence < sequence);
}

/**
 * Leaves out what a commit is known to come after: step by step from each push's commit to the one before it.
 * @param earlier by number, the highest first
 */
export function withoutPredecessors(
  earlier: readonly RefEntry[],
  { before }: Pick<Revision, "before">,
): readonly RefEntry[] {
  let next = before;
  return earlier.filter(({ commit, before: previous }) => {
    if (next === undefined || commit !== next) return true;
    next = previous;
    return false;
  });
}
