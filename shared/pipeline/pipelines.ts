import type { PipelineDefinition } from "./definition.ts";
import type { Instant, People, PublishedIndex, Revision, RunEventOf, Trigger } from "./events.ts";
import { alreadyRun, branchGone, notTheTip } from "./messages.ts";
import type { Contender } from "./stages.ts";

/**
 * What a pipeline remembers between deliveries, in the stream `pipeline#NAME` (the last item carries this state): the
 * sequence, the newest run of each ref, and the runs that have been accepted but not yet opened.
 */
export interface PipelineState {
  /** The newest run's number; 0 before the first. */
  readonly sequence: number;
  /** At most `TIPS`, the newest last. */
  readonly tips: readonly Tip[];
  /** Accepted runs whose own stream is still to be written; a crash between the two is healed from here. */
  readonly opening: readonly RunStarted[];
  /** In `queued` mode: runs that have not ended, in order. */
  readonly active: readonly Contender[];
  /** By image: the last index published, of images that are built only if their paths changed. */
  readonly published: Readonly<Record<string, PublishedIndex>>;
  /** Whether the sweep has looked at the branches once; what it found then started no run. */
  readonly baselined: boolean;
}

export type RunStarted = RunEventOf<"run.started">;

/** The newest commit of a ref that this pipeline knows. */
export interface Tip {
  readonly ref: string;
  readonly commit: string;
  readonly before?: string;
  /** The run it made; absent when it only was there before the pipeline. */
  readonly runId?: string;
  /** The tip before, which is it again when this one turns out to be older; kept until the runs of the ref are open. */
  readonly previous?: Tip;
}

export type PipelineEvent =
  | { readonly type: "run.accepted"; readonly started: RunStarted }
  | { readonly type: "run.opened"; readonly runId: string }
  | { readonly type: "run.closed"; readonly runId: string }
  /** The run's commit was no longer the tip when the run was opened. */
  | { readonly type: "run.withdrawn"; readonly runId: string }
  | { readonly type: "index.published"; readonly image: string; readonly index: PublishedIndex }
  | { readonly type: "heads.seen"; readonly heads: readonly RefHead[] };

/** A ref, and where it is. */
export interface RefHead {
  readonly ref: string;
  readonly commit: string;
}

/** Refs remembered; beyond it the oldest is forgotten, and then only a delivery's own record tells a late double. */
const TIPS = 500;

export const NEW_PIPELINE: PipelineState = {
  sequence: 0,
  tips: [],
  opening: [],
  active: [],
  published: {},
  baselined: false,
};

export function evolvePipeline(state: PipelineState, event: PipelineEvent): PipelineState {
  switch (event.type) {
    case "run.accepted":
      return accepted(state, event.started);
    case "run.opened": {
      const opening = state.opening.filter(({ runId }) => runId !== event.runId);
      return { ...state, opening, tips: state.tips.map((tip) => settled(tip, opening)) };
    }
    case "run.closed":
      return { ...state, active: state.active.filter(({ runId }) => runId !== event.runId) };
    case "run.withdrawn":
      return { ...state, tips: state.tips.flatMap((tip) => withoutRun(tip, event.runId) ?? []) };
    case "index.published":
      return { ...state, published: { ...state.published, [event.image]: event.index } };
    case "heads.seen": {
      const known = new Set(state.tips.map(({ ref }) => ref));
      const tips = remembered([...event.heads.filter(({ ref }) => !known.has(ref)), ...state.tips]);
      return { ...state, tips, baselined: true };
    }
  }
}

function accepted(state: PipelineState, started: RunStarted): PipelineState {
  const { runId, sequence, definition } = started;
  const { ref, commit, before } = started.revision;
  const previous = state.tips.find((known) => known.ref === ref);
  const tip: Tip = {
    ref,
    commit,
    runId,
    ...(before === undefined ? {} : { before }),
    ...(previous === undefined ? {} : { previous }),
  };
  const queued = definition.mode === "queued" && started.trigger.type !== "pull-request";
  return {
    ...state,
    sequence,
    tips: remembered([...state.tips.filter((known) => known.ref !== ref), tip]),
    opening: [...state.opening, started],
    active: queued ? [...state.active, { runId, sequence }] : state.active,
  };
}

/** A tip and those before it, the newest first. */
function chainOf(tip: Tip | undefined): readonly Tip[] {
  return tip === undefined ? [] : [tip, ...chainOf(tip.previous)];
}

/** Once every run of the ref is open, nothing can turn out to be older any more. */
function settled(tip: Tip, opening: readonly RunStarted[]): Tip {
  if (tip.previous === undefined) return tip;
  if (chainOf(tip).some((one) => opening.some(({ runId }) => runId === one.runId))) return tip;
  const { previous: _previous, ...rest } = tip;
  return rest;
}

function withoutRun(tip: Tip, run: string): Tip | undefined {
  if (tip.runId === run) return tip.previous;
  if (tip.previous === undefined) return tip;
  const { previous: before, ...rest } = tip;
  const previous = withoutRun(before, run);
  return previous === undefined ? rest : { ...rest, previous };
}

/** Of too many refs, pull requests are forgotten first: the sweep does not look after them. */
function remembered(tips: readonly Tip[]): readonly Tip[] {
  const pulls = tips
    .filter(({ ref }) => ref.startsWith("refs/pull/"))
    .slice(0, Math.max(0, tips.length - TIPS));
  return tips.filter((tip) => !pulls.includes(tip)).slice(-TIPS);
}

/**
 * The heads that no delivery has told of. A branch that has a run to be opened is left alone, and so is one that may have
 * been forgotten, or it would be started again and again.
 */
export function missedHeads({ tips, opening }: PipelineState, heads: readonly RefHead[]): readonly RefHead[] {
  return heads.filter(({ ref, commit }) => {
    if (opening.some(({ revision }) => revision.ref === ref)) return false;
    const tip = tips.find((known) => known.ref === ref);
    return tip === undefined ? tips.length < TIPS : tip.commit !== commit;
  });
}

/** A source's word that there is a commit to build. */
export interface Delivery {
  /** The source's own id of the event; the same delivery twice makes one run. */
  readonly id: string;
  readonly revision: Revision;
  readonly people: People;
  readonly trigger: Trigger;
}

/** What the repository says of the ref now; `unknown` for tags, which do not move. */
export type Head = { readonly commit: string } | "gone" | "unknown";

/** What was looked up about a delivery, after the pipeline's state had been read. */
export interface Findings {
  readonly head: Head;
  /** Why the filters let this commit through no further, if they do not. */
  readonly filtered?: string;
  /** Images that need no build: none of their paths has changed. */
  readonly unchanged: readonly string[];
}

export type Acceptance =
  | { readonly type: "accepted"; readonly started: RunStarted }
  | { readonly type: "duplicate"; readonly runId: string }
  | { readonly type: "refused"; readonly reason: string };

/**
 * Decides whether a delivery becomes a run, and numbers it. The caller looks up the head *after* the state and appends
 * under the state's version, so that of two commits the later one can never be given the lower number.
 */
export function accept(
  state: PipelineState,
  definition: PipelineDefinition,
  delivery: Delivery,
  findings: Findings,
  now: Instant,
): Acceptance {
  const again = state.opening.find(({ deliveryId }) => deliveryId === delivery.id);
  if (again !== undefined) return { type: "duplicate", runId: again.runId };
  const fault = refusal(state, definition, delivery, findings.head) ?? findings.filtered;
  if (fault !== undefined) return { type: "refused", reason: fault };
  const sequence = state.sequence + 1;
  return {
    type: "accepted",
    started: {
      type: "run.started",
      at: now,
      runId: `${definition.name}-${sequence}`,
      sequence,
      revision: delivery.revision,
      people: delivery.people,
      deliveryId: delivery.id,
      definition,
      trigger: delivery.trigger,
      reused: reused(state, findings.unchanged),
    },
  };
}

function reused(
  state: PipelineState,
  unchanged: readonly string[],
): Readonly<Record<string, PublishedIndex>> {
  return Object.fromEntries(
    unchanged.flatMap((image) => {
      const index = state.published[image];
      return index === undefined ? [] : [[image, index]];
    }),
  );
}

/** Starts that want the same commit built once more, rather than tell of a new one. */
function isRepeatable({ trigger }: Delivery): boolean {
  return trigger.type === "manual" || trigger.type === "schedule" || trigger.type === "base-image";
}

function refusal(
  state: PipelineState,
  definition: PipelineDefinition,
  delivery: Delivery,
  head: Head,
): string | undefined {
  const { revision } = delivery;
  const tip = state.tips.find(({ ref }) => ref === revision.ref);
  if (tip?.runId !== undefined && tip.commit === revision.commit && !isRepeatable(delivery)) {
    return alreadyRun(revision, tip.runId);
  }
  // What is to be built once more is the tip, in every mode: to go back is a rollback.
  const overtaken =
    isRepeatable(delivery) ||
    (tip !== undefined && (isAt(head, tip.commit) || tip.before === revision.commit));
  return staleReason(definition, revision, head, overtaken);
}

/**
 * Whether an accepted run's commit had been overtaken before the run was opened: by one with a lower number. Those with
 * higher numbers come after it in any case.
 */
export function isOvertaken({ tips }: PipelineState, { runId, revision }: RunStarted, head: Head): boolean {
  const chain = chainOf(tips.find(({ ref }) => ref === revision.ref));
  const at = chain.findIndex((tip) => tip.runId === runId);
  // Gone from the chain: it has been withdrawn already, by an invocation that got no further.
  if (at < 0) return chain.length > 0;
  return chain.slice(at + 1).some((older) => isAt(head, older.commit) || older.before === revision.commit);
}

function isAt(head: Head, commit: string): boolean {
  return typeof head !== "string" && head.commit === commit;
}

/**
 * Why a commit is not to be delivered any more, seen from where its ref is now.
 * @param overtaken whether a newer commit of the ref has its run; elsewhere than in `superseded` mode an older commit may
 *   still go first
 */
export function staleReason(
  { mode }: PipelineDefinition,
  revision: Revision,
  head: Head,
  overtaken: boolean,
): string | undefined {
  if (head === "unknown") return undefined;
  if (head === "gone") return branchGone(revision);
  if (head.commit === revision.commit) return undefined;
  return mode === "superseded" || overtaken ? notTheTip(revision, head.commit) : undefined;
}
