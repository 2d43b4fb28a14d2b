import type { PipelineDefinition } from "./definition.ts";
import type { Instant, People, Revision, RunEventOf } from "./events.ts";
import { alreadyRun, branchGone, notTheTip } from "./messages.ts";

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
}

export type RunStarted = RunEventOf<"run.started">;

/** The newest accepted run of a ref. */
export interface Tip {
  readonly ref: string;
  readonly commit: string;
  readonly before?: string;
  readonly runId: string;
}

export type PipelineEvent =
  | { readonly type: "run.accepted"; readonly started: RunStarted }
  | { readonly type: "run.opened"; readonly runId: string };

/** Refs remembered; beyond it the oldest is forgotten, and then only a delivery's own record tells a late double. */
const TIPS = 500;

export const NEW_PIPELINE: PipelineState = { sequence: 0, tips: [], opening: [] };

export function evolvePipeline(state: PipelineState, event: PipelineEvent): PipelineState {
  switch (event.type) {
    case "run.accepted": {
      const { started } = event;
      const { ref, commit, before } = started.revision;
      const tip: Tip = { ref, commit, runId: started.runId, ...(before === undefined ? {} : { before }) };
      const tips = [...state.tips.filter((known) => known.ref !== ref), tip].slice(-TIPS);
      return { sequence: started.sequence, tips, opening: [...state.opening, started] };
    }
    case "run.opened":
      return { ...state, opening: state.opening.filter(({ runId }) => runId !== event.runId) };
  }
}

/** A source's word that a ref has a new commit. */
export interface Delivery {
  /** The source's own id of the event; the same delivery twice makes one run. */
  readonly id: string;
  readonly revision: Revision;
  readonly people: People;
}

/** What the repository says of the ref now; `unknown` for tags, which do not move. */
export type Head = { readonly commit: string } | "gone" | "unknown";

export type Acceptance =
  | { readonly type: "accepted"; readonly started: RunStarted }
  | { readonly type: "duplicate"; readonly runId: string }
  | { readonly type: "refused"; readonly reason: string };

/**
 * Decides whether a delivery becomes a run, and numbers it. The caller reads the head *after* the state and appends under
 * the state's version, so that of two commits the later one can never be given the lower number.
 */
export function accept(
  state: PipelineState,
  definition: PipelineDefinition,
  delivery: Delivery,
  head: Head,
  now: Instant,
): Acceptance {
  const again = state.opening.find(({ deliveryId }) => deliveryId === delivery.id);
  if (again !== undefined) return { type: "duplicate", runId: again.runId };
  const fault = refusal(state, definition, delivery.revision, head);
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
    },
  };
}

function refusal(
  state: PipelineState,
  definition: PipelineDefinition,
  revision: Revision,
  head: Head,
): string | undefined {
  const tip = state.tips.find(({ ref }) => ref === revision.ref);
  if (tip?.commit === revision.commit) return alreadyRun(revision, tip.runId);
  if (head === "unknown") return undefined;
  if (head === "gone") return branchGone(revision);
  if (head.commit === revision.commit) return undefined;
  const overtaken = tip !== undefined && (tip.commit === head.commit || tip.before === revision.commit);
  return definition.mode === "superseded" || overtaken ? notTheTip(revision, head.commit) : undefined;
}
