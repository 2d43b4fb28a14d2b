import { advanceAll, type Deps, runStream } from "./advance.ts";
import { appendPipeline, changePipeline, readPipeline } from "./effects/pipeline-stream.ts";
import { look } from "./intake/look.ts";
import type { CommitInfo, Source } from "./intake/source.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import type { RunEvent } from "./pipeline/events.ts";
import { accept, type Delivery, isOvertaken, type RunStarted, staleReason } from "./pipeline/pipelines.ts";
import type { DeliveryRecord } from "./store/stream-store.ts";

/** What became of a delivery for one pipeline. */
export type Accepted =
  | { readonly pipeline: string; readonly runId: string; readonly started?: RunStarted }
  | { readonly pipeline: string; readonly ignored: string };

/**
 * Makes a delivery a run, once: numbers it in the pipeline's stream, or records why it makes none. The run is not opened
 * yet; `openRun` does that, and the sweep if nobody else does.
 * @param commit what the commit says of itself, when that is known
 */
export async function acceptDelivery(
  deps: Deps,
  definition: PipelineDefinition,
  delivery: Delivery,
  source: Source,
  commit?: CommitInfo,
): Promise<Accepted> {
  const pipeline = definition.name;
  const { repository, commit: id } = delivery.revision;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const now = await readPipeline(deps.store, pipeline);
    // After the state: a run is recorded before it leaves `opening`, so that one of the two tells of it.
    const known = await deps.store.deliveries.find({ repository, commit: id, pipeline, id: delivery.id });
    if (known !== undefined) return fromRecord(known);
    const findings = await look(source, definition, now.state, delivery, commit);
    const decision = accept(now.state, definition, delivery, findings, deps.now());
    if (decision.type === "duplicate") return { pipeline, runId: decision.runId };
    if (decision.type === "refused") {
      // The sweep's own question is no delivery: where the branch is, it asks anew each time.
      const asksAgain = delivery.trigger.type === "head" && findings.filtered === undefined;
      if (!asksAgain) await refuseDelivery(deps, pipeline, delivery, decision.reason);
      return { pipeline, ignored: decision.reason };
    }
    const { started } = decision;
    if (await appendPipeline(deps.store, pipeline, now, { type: "run.accepted", started })) {
      return { pipeline, runId: started.runId, started };
    }
  }
  throw new Error(`pipeline ${pipeline} is contended: ten deliveries were accepted first`);
}

/** Accepts a delivery and opens its run at once. */
export async function acceptAndOpen(...parameters: Parameters<typeof acceptDelivery>): Promise<Accepted> {
  const accepted = await acceptDelivery(...parameters);
  const [deps, , , source] = parameters;
  if ("started" in accepted && accepted.started !== undefined) await openRun(deps, accepted.started, source);
  return accepted;
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
  { id, revision, trigger }: Pick<Delivery, "id" | "revision" | "trigger">,
  outcome: DeliveryRecord["outcome"],
): DeliveryRecord {
  const { repository, commit, ref } = revision;
  return { id, repository, commit, ref, trigger: trigger.type, pipeline, at: deps.now(), outcome };
}

function fromRecord({ pipeline, outcome }: DeliveryRecord): Accepted {
  return "runId" in outcome ? { pipeline, runId: outcome.runId } : { pipeline, ignored: outcome.ignored };
}

/**
 * Opens an accepted run. Every step may be done again: the delivery's record and the head are written before the run's
 * stream, so that neither a double nor the sweep can miss it; only then the pipeline forgets that it was opening.
 */
export async function openRun(deps: Deps, started: RunStarted, source: Source): Promise<void> {
  const { runId, deliveryId, revision, trigger } = started;
  const pipeline = started.definition.name;
  const [stale] = await Promise.all([
    staleness(deps, started, source),
    deps.store.deliveries.record(recordOf(deps, pipeline, { id: deliveryId, revision, trigger }, { runId })),
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
    await advanceAll(deps, runId, started, ...stale);
  } finally {
    await confirm(deps, pipeline, runId);
  }
}

/**
 * A webhook's answer may not wait for GitHub: whether its commit still is the tip is asked here, before anything is built.
 * An older commit's run ends at once, and says so.
 */
async function staleness(deps: Deps, started: RunStarted, source: Source): Promise<readonly RunEvent[]> {
  const { definition, revision, runId, at } = started;
  if (definition.source.type !== "github") return [];
  const head = await source.head(revision);
  const { state } = await readPipeline(deps.store, definition.name);
  const reason = staleReason(definition, revision, head, isOvertaken(state, started, head));
  if (reason === undefined) return [];
  await changePipeline(deps.store, definition.name, ({ opening }) =>
    opening.some((one) => one.runId === runId) ? { type: "run.withdrawn", runId } : undefined,
  );
  return [{ type: "run.finished", at, outcome: "stopped", reason }];
}

/** Once the run has its stream, the pipeline need not remember it as opening. */
async function confirm(deps: Deps, pipeline: string, runId: string): Promise<void> {
  const { version: opened } = await deps.store.streams.last(runStream(runId));
  if (opened === 0) return;
  await changePipeline(deps.store, pipeline, ({ opening }) =>
    opening.some((one) => one.runId === runId) ? { type: "run.opened", runId } : undefined,
  );
}

/** Runs of a pipeline that were accepted a while ago and never opened. */
export async function unopened(
  deps: Deps,
  pipeline: string,
  olderThan: number,
): Promise<readonly RunStarted[]> {
  const { state } = await readPipeline(deps.store, pipeline);
  return state.opening.filter(({ at }) => at <= olderThan);
}
