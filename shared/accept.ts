import { advanceAll, type Deps, runStream } from "./advance.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import {
  accept,
  type Delivery,
  evolvePipeline,
  type Head,
  NEW_PIPELINE,
  type PipelineEvent,
  type PipelineState,
  type RunStarted,
} from "./pipeline/pipelines.ts";
import type { DeliveryRecord } from "./store/stream-store.ts";

/** What became of a delivery for one pipeline. */
export type Accepted =
  | { readonly pipeline: string; readonly runId: string; readonly fresh: boolean }
  | { readonly pipeline: string; readonly ignored: string };

/** The stream of what a pipeline has accepted. */
export function pipelineStream(pipeline: string): string {
  return `pipeline#${pipeline}`;
}

/**
 * Makes a delivery a run, once: numbered by the pipeline's stream, recorded, opened and advanced as far as it goes.
 * @param readHead asks the source where the ref is *now*; called after the pipeline's state has been read
 */
export async function acceptDelivery(
  deps: Deps,
  definition: PipelineDefinition,
  delivery: Delivery,
  readHead: () => Promise<Head>,
): Promise<Accepted> {
  const pipeline = definition.name;
  const { repository, commit } = delivery.revision;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { version, state } = await readPipeline(deps, pipeline);
    // Both after the state: a run is recorded before it leaves `opening`, so that one of the two tells of it.
    const [known, head] = await Promise.all([
      deps.store.deliveries.find({ repository, commit, pipeline, id: delivery.id }),
      readHead(),
    ]);
    if (known !== undefined) return fromRecord(known);
    const decision = accept(state, definition, delivery, head, deps.now());
    if (decision.type === "duplicate") return { pipeline, runId: decision.runId, fresh: false };
    if (decision.type === "refused") {
      await refuseDelivery(deps, pipeline, delivery, decision.reason);
      return { pipeline, ignored: decision.reason };
    }
    const event: PipelineEvent = { type: "run.accepted", started: decision.started };
    if (await append(deps, pipeline, version, state, event)) {
      await openRun(deps, decision.started);
      return { pipeline, runId: decision.started.runId, fresh: true };
    }
  }
  throw new Error(`pipeline ${pipeline} is contended: ten deliveries were accepted first`);
}

/** Records why a delivery makes no run; `-` stands for the pipeline when none wanted it. */
export function refuseDelivery(
  deps: Deps,
  pipeline: string,
  delivery: Delivery,
  reason: string,
): Promise<void> {
  return deps.store.deliveries.record(recordOf(deps, pipeline, delivery, { ignored: reason }));
}

function recordOf(
  deps: Deps,
  pipeline: string,
  { id, revision }: Delivery,
  outcome: DeliveryRecord["outcome"],
): DeliveryRecord {
  const { repository, commit } = revision;
  return { id, repository, commit, pipeline, at: deps.now(), outcome };
}

function fromRecord({ pipeline, outcome }: DeliveryRecord): Accepted {
  return "runId" in outcome
    ? { pipeline, runId: outcome.runId, fresh: false }
    : { pipeline, ignored: outcome.ignored };
}

async function readPipeline(
  deps: Deps,
  pipeline: string,
): Promise<{ readonly version: number; readonly state: PipelineState }> {
  const { version, state } = await deps.store.streams.last(pipelineStream(pipeline));
  return { version, state: state === undefined ? NEW_PIPELINE : (state as PipelineState) };
}

function append(
  deps: Deps,
  pipeline: string,
  version: number,
  state: PipelineState,
  event: PipelineEvent,
): Promise<boolean> {
  return deps.store.streams.append(pipelineStream(pipeline), version, [event], evolvePipeline(state, event));
}

/**
 * Opens an accepted run. Every step may be done again: the delivery's record and the head are written before the run's
 * stream, so that neither a double nor the sweep can miss it; only then the pipeline forgets that it was opening.
 */
export async function openRun(deps: Deps, started: RunStarted): Promise<void> {
  const { runId, deliveryId, revision, people } = started;
  const pipeline = started.definition.name;
  const delivery: Delivery = { id: deliveryId, revision, people };
  await Promise.all([
    deps.store.deliveries.record(recordOf(deps, pipeline, delivery, { runId })),
    deps.store.heads.put({
      runId,
      pipeline,
      sequence: started.sequence,
      version: 0,
      status: "building",
      commit: revision.commit,
      ref: revision.ref,
      startedAt: started.at,
      updatedAt: started.at,
      active: true,
    }),
  ]);
  try {
    await advanceAll(deps, runId, started);
  } finally {
    await confirm(deps, pipeline, runId);
  }
}

/** Losing the race for this write does no harm: the sweep confirms, too. */
async function confirm(deps: Deps, pipeline: string, runId: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const { version: opened } = await deps.store.streams.last(runStream(runId));
    if (opened === 0) return;
    const { version, state } = await readPipeline(deps, pipeline);
    if (!state.opening.some((opening) => opening.runId === runId)) return;
    if (await append(deps, pipeline, version, state, { type: "run.opened", runId })) return;
  }
}

/** Runs of a pipeline that were accepted a while ago and never opened. */
export async function unopened(
  deps: Deps,
  pipeline: string,
  olderThan: number,
): Promise<readonly RunStarted[]> {
  const { state } = await readPipeline(deps, pipeline);
  return state.opening.filter(({ at }) => at <= olderThan);
}
