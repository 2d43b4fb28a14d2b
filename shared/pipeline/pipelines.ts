import type { Mode, PipelineDefinition } from "./definition.ts";
import type { Instant, People, PublishedIndex, Revision, RunEventOf, Trigger } from "./events.ts";
import { alreadyRun, branchGone, notTheTip } from "./messages.ts";
import type { RefEntry } from "./refs.ts";
import type { Contender } from "./stage-lock.ts";

/**
 * What a pipeline remembers between deliveries, in the stream `pipeline#NAME` (the last item carries this state). It stays
 * small however many branches there are: each ref has a stream of its own.
 */
export interface PipelineState {
  /** Every number up to this one has been taken in: it is a run that its ref and the queue know of, or none. */
  readonly admitted: number;
  /** In `queued` mode: runs that have not ended, in order. */
  readonly active: readonly Contender[];
  /** By image: the last index published, of images that are built only if their paths changed. */
  readonly published: Published;
  /** Whether the sweep has looked at the branches once; what it found then started no run. */
  readonly baselined: boolean;
}

export type Published = Readonly<Record<string, PublishedIndex>>;

export type RunStarted = RunEventOf<"run.started">;

export type PipelineEvent =
  | { readonly type: "runs.admitted"; readonly through: number; readonly queued: readonly Contender[] }
  | { readonly type: "run.closed"; readonly runId: string }
  | { readonly type: "index.published"; readonly image: string; readonly index: PublishedIndex }
  | { readonly type: "branches.seen" };

/** A ref, and where it is. */
export interface RefHead {
  readonly ref: string;
  readonly commit: string;
}

export const NEW_PIPELINE: PipelineState = { admitted: 0, active: [], published: {}, baselined: false };

export function evolvePipeline(state: PipelineState, event: PipelineEvent): PipelineState {
  switch (event.type) {
    case "runs.admitted":
      return { ...state, admitted: event.through, active: [...state.active, ...event.queued] };
    case "run.closed":
      return { ...state, active: state.active.filter(({ runId }) => runId !== event.runId) };
    case "index.published":
      return { ...state, published: { ...state.published, [event.image]: event.index } };
    case "branches.seen":
      return { ...state, baselined: true };
  }
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

export function runIdOf(pipeline: string, sequence: number): string {
  return `${pipeline}-${sequence}`;
}

/**
 * The newest run that a ref knows of, as the sweep's questions name it: after another run, the same commit is another question.
 * @param through the ref's last number; 0 before the first
 */
export function newestRun(pipeline: string, through: number): string {
  return through === 0 ? "nothing" : runIdOf(pipeline, through);
}

/** The pipeline and the number that a run's id is made of; undefined when it is none. */
export function partsOfRunId(
  runId: string,
): { readonly pipeline: string; readonly sequence: number } | undefined {
  const [, pipeline, digits] = /^(.+)-([1-9]\d{0,14})$/.exec(runId) ?? [];
  return pipeline === undefined ? undefined : { pipeline, sequence: Number(digits) };
}

/** The run of a delivery, as its stream will begin. */
export function startedRun(
  definition: PipelineDefinition,
  { id, revision, people, trigger }: Delivery,
  sequence: number,
  reused: Published,
  at: Instant,
): RunStarted {
  const runId = runIdOf(definition.name, sequence);
  return {
    type: "run.started",
    at,
    runId,
    sequence,
    revision,
    people,
    deliveryId: id,
    definition,
    trigger,
    reused,
  };
}

/** Whether a run has its place in the pipeline's queue. */
export function isQueued({ definition, trigger }: RunStarted): boolean {
  return definition.mode === "queued" && trigger.type !== "pull-request";
}

/** Starts that want the same commit built once more, rather than tell of a new one. */
export function isRepeatable({ trigger }: Pick<Delivery, "trigger">): boolean {
  return trigger.type === "manual" || trigger.type === "schedule" || trigger.type === "base-image";
}

/**
 * Why a commit makes no run of its own: it is what its ref was at before, and that has one.
 * @param earlier what has come before it, the newest first
 */
export function doubleReason(
  delivery: Pick<Delivery, "revision" | "trigger">,
  [newest]: readonly RefEntry[],
): string | undefined {
  const { revision } = delivery;
  if (newest?.runId === undefined || newest.commit !== revision.commit || isRepeatable(delivery))
    return undefined;
  return alreadyRun(revision, newest.runId);
}

/**
 * Why a commit is not to be delivered any more, seen from where its ref is now.
 * @param isOvertaken whether a newer commit of the ref has its run; elsewhere than in `superseded` mode an older commit may
 *   still go first
 */
export async function staleReason(
  mode: Mode,
  revision: Revision,
  head: Head,
  isOvertaken: (head: string) => Promise<boolean>,
): Promise<string | undefined> {
  if (head === "unknown") return undefined;
  if (head === "gone") return branchGone(revision);
  if (head.commit === revision.commit) return undefined;
  const stale = mode === "superseded" || (await isOvertaken(head.commit));
  return stale ? notTheTip(revision, head.commit) : undefined;
}
