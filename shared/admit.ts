import type { Deps } from "./advance.ts";
import { appendPipeline, changeRef, readPipeline } from "./effects/pipeline-stream.ts";
import { isDerived } from "./pipeline/events.ts";
import { isQueued, type RunStarted, runIdOf } from "./pipeline/pipelines.ts";
import type { RefEvent } from "./pipeline/refs.ts";
import type { DeliveryRecord, NumberedSlot } from "./store/stream-store.ts";

/** Numbers that are taken in with one write to the pipeline's stream. */
const BATCH = 50;

/** More batches than have ever been accepted and not taken in. */
const MOST_BATCHES = 1_000;

/**
 * Takes in what has been accepted, in the order of its numbers: from then on its ref and, in `queued` mode, the pipeline's
 * queue know of each run. Whoever opens a run does this first, so that nothing with a lower number can turn up behind its
 * back: a number that has been drawn and not used yet is closed, and who has drawn it draws another one.
 * Every step may be done again, by several at once; the write to the pipeline's stream comes last.
 * @param through the number that is to be taken in; all that are there when left out
 */
export async function admit(deps: Deps, pipeline: string, through?: number): Promise<void> {
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
    const now = await readPipeline(deps.store, pipeline);
    const { admitted } = now.state;
    if (through !== undefined && admitted >= through) return;
    const slots = await closed(deps, pipeline, admitted);
    const last = slots.at(-1)?.sequence;
    if (last === undefined) return;
    const runs = (await Promise.all(slots.map((slot) => runOf(deps, slot)))).flatMap((run) => run ?? []);
    await Promise.all([
      ...byRef(runs.filter(({ trigger }) => !isDerived(trigger))).map((ofRef) => takeIn(deps, ofRef)),
      ...runs.map((run) => list(deps, run)),
    ]);
    const queued = runs.filter(isQueued).map(({ runId, sequence }) => ({ runId, sequence }));
    await appendPipeline(deps.store, pipeline, now, { type: "runs.admitted", through: last, queued });
  }
  throw new Error(`pipeline ${pipeline} is contended: its runs are accepted faster than they are taken in`);
}

/** What stands at the next numbers, without gaps. */
async function closed(deps: Deps, pipeline: string, admitted: number): Promise<readonly NumberedSlot[]> {
  const found = await deps.store.intake.after(pipeline, admitted, BATCH);
  const last = found.at(-1)?.sequence ?? admitted;
  const missing: number[] = [];
  const known = new Set(found.map(({ sequence }) => sequence));
  for (let sequence = admitted + 1; sequence < last; sequence += 1) {
    if (!known.has(sequence)) missing.push(sequence);
  }
  if (missing.length === 0) return found;
  await Promise.all(
    missing.map((sequence) => deps.store.intake.put(pipeline, sequence, { type: "none" }, deps.now())),
  );
  // Some may have been used a moment before.
  const again = await deps.store.intake.after(pipeline, admitted, last - admitted);
  return again.filter(({ sequence }, at) => sequence === admitted + 1 + at);
}

/** The run at a number; undefined when its delivery has another one, or a refusal. */
async function runOf(deps: Deps, { slot }: NumberedSlot): Promise<RunStarted | undefined> {
  if (slot.type === "none") return undefined;
  const started = slot.run as RunStarted;
  const kept =
    (await deps.store.deliveries.find(keyOf(started))) ??
    (await deps.store.deliveries.record(recordOf(started)));
  return "runId" in kept.outcome && kept.outcome.runId === started.runId ? started : undefined;
}

function keyOf({ revision, deliveryId, definition }: RunStarted) {
  const { repository, commit } = revision;
  return { repository, commit, pipeline: definition.name, id: deliveryId };
}

/** The record of a delivery that has made a run. */
export function recordOf(started: RunStarted): DeliveryRecord {
  const { revision, trigger, at, definition, sequence } = started;
  const outcome = { runId: runIdOf(definition.name, sequence) };
  return { ...keyOf(started), ref: revision.ref, trigger: trigger.type, at, outcome };
}

function byRef(runs: readonly RunStarted[]): readonly (readonly [RunStarted, ...RunStarted[]])[] {
  const refs = new Map<string, [RunStarted, ...RunStarted[]]>();
  for (const run of runs) {
    const known = refs.get(run.revision.ref);
    if (known === undefined) refs.set(run.revision.ref, [run]);
    else known.push(run);
  }
  return [...refs.values()];
}

/** Tells a ref of its runs, in the order of their numbers, each once. */
function takeIn(deps: Deps, runs: readonly [RunStarted, ...RunStarted[]]): Promise<void> {
  const [{ definition, revision }] = runs;
  return changeRef(deps.store, definition.name, revision.ref, ({ through }) =>
    runs.flatMap((run): readonly RefEvent[] => {
      const { runId, sequence, at } = run;
      if (sequence <= through) return [];
      const { commit, before } = run.revision;
      const previous = before === undefined ? {} : { before };
      return [{ type: "run.admitted", runId, sequence, at, commit, ...previous }];
    }),
  );
}

/** From here on lists show the run, and the sweep finds it when nobody opens it. */
function list({ store }: Deps, { runId, sequence, revision, definition, at }: RunStarted): Promise<void> {
  return store.heads.put({
    runId,
    pipeline: definition.name,
    sequence,
    version: 0,
    status: "building",
    commit: revision.commit,
    ref: revision.ref,
    startedAt: at,
    updatedAt: at,
    active: true,
  });
}
