import { recordOf } from "./admit.ts";
import type { Deps } from "./advance.ts";
import { readPipeline, readRef } from "./effects/pipeline-stream.ts";
import { look } from "./intake/look.ts";
import type { CommitInfo, Source } from "./intake/source.ts";
import { openRun } from "./open-run.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import {
  type Delivery,
  doubleReason,
  type Published,
  type RunStarted,
  startedRun,
} from "./pipeline/pipelines.ts";
import { refusalOf } from "./staleness.ts";
import type { DeliveryRecord } from "./store/stream-store.ts";

/** What became of a delivery for one pipeline. */
export type Accepted =
  | { readonly pipeline: string; readonly runId: string; readonly started?: RunStarted }
  | { readonly pipeline: string; readonly ignored: string };

/** As often as somebody else may close a number that has just been drawn. */
const ATTEMPTS = 10;

/**
 * Makes a delivery a run, once: gives it a number, or records why it makes none. Nobody has to wait for anybody else, and
 * whether the commit still is to be delivered is left to whoever opens the run: `openRun`, and the sweep if nobody else does.
 * @param commit what the commit says of itself, when that is known
 */
export async function acceptDelivery(
  deps: Deps,
  definition: PipelineDefinition,
  delivery: Delivery,
  source: Pick<Source, "changedFiles">,
  commit?: CommitInfo,
): Promise<Accepted> {
  const { store } = deps;
  const { name } = definition;
  const { entries } = (await readRef(store, name, delivery.revision.ref)).state;
  const known = {
    tip: entries[0]?.commit,
    published: async () => (await readPipeline(store, name)).state.published,
  };
  const double = doubleReason(delivery, entries);
  const { filtered, reused } =
    double === undefined
      ? await look(source, definition, known, delivery, commit)
      : { filtered: double, reused: {} };
  if (filtered !== undefined) return fromRecord(await refuseDelivery(deps, name, delivery, filtered));
  return number(deps, definition, delivery, reused);
}

/**
 * First the number, then what stands at it, from which anybody can open the run, and then the delivery's record, which decides
 * which run is the delivery's: a double that came at the same time leaves a number without a run.
 */
async function number(
  deps: Deps,
  definition: PipelineDefinition,
  delivery: Delivery,
  reused: Published,
): Promise<Accepted> {
  const pipeline = definition.name;
  const { intake, deliveries } = deps.store;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const sequence = await intake.draw(pipeline);
    const started = startedRun(definition, delivery, sequence, reused, deps.now());
    if (!(await intake.put(pipeline, sequence, { type: "run", run: started }, started.at))) continue;
    const kept = await deliveries.record(recordOf(started));
    const isOurs = "runId" in kept.outcome && kept.outcome.runId === started.runId;
    return isOurs ? { pipeline, runId: started.runId, started } : fromRecord(kept);
  }
  throw new Error(
    `pipeline ${pipeline} is contended: ${ATTEMPTS} numbers were closed before they could be used`,
  );
}

/**
 * Accepts a delivery and opens its run at once. For nobody waits here: what is known of the commit, and where its ref is, is
 * asked before, too, so that what is late is refused and gets no number.
 */
export async function acceptAndOpen(
  deps: Deps,
  definition: PipelineDefinition,
  delivery: Delivery,
  source: Source,
  commit?: CommitInfo,
): Promise<Accepted> {
  const { name: pipeline } = definition;
  const { repository, commit: id, ref } = delivery.revision;
  const [known, { state }] = await Promise.all([
    deps.store.deliveries.find({ repository, commit: id, pipeline, id: delivery.id }),
    readRef(deps.store, pipeline, ref),
  ]);
  if (known !== undefined) return fromRecord(known);
  const late = await refusalOf(source, definition, delivery, state.entries);
  if (late !== undefined) {
    // The sweep's own question is no delivery: where the branch is, it asks anew each time.
    if (delivery.trigger.type === "head") return { pipeline, ignored: late };
    return fromRecord(await refuseDelivery(deps, pipeline, delivery, late));
  }
  const accepted = await acceptDelivery(deps, definition, delivery, source, commit);
  if ("started" in accepted && accepted.started !== undefined) await openRun(deps, accepted.started, source);
  return accepted;
}

/**
 * Records why a delivery makes no run; `-` stands for the pipeline when none wanted it.
 * @returns what is recorded of the delivery, which may be what became of it before
 */
export function refuseDelivery(
  deps: Deps,
  pipeline: string,
  { id, revision, trigger }: Delivery,
  reason: string,
): Promise<DeliveryRecord> {
  const { repository, commit, ref } = revision;
  const outcome = { ignored: reason };
  const record = { id, repository, commit, ref, trigger: trigger.type, pipeline, at: deps.now(), outcome };
  return deps.store.deliveries.record(record);
}

function fromRecord({ pipeline, outcome }: DeliveryRecord): Accepted {
  return "runId" in outcome ? { pipeline, runId: outcome.runId } : { pipeline, ignored: outcome.ignored };
}
