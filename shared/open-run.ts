import { admit } from "./admit.ts";
import { advanceAll, type Deps, loadRun, runStream } from "./advance.ts";
import { changeRef, readRef } from "./effects/pipeline-stream.ts";
import type { Source } from "./intake/source.ts";
import { isDerived, type RunEvent } from "./pipeline/events.ts";
import { partsOfRunId, type RunStarted } from "./pipeline/pipelines.ts";
import { earlierThan } from "./pipeline/refs.ts";
import { refusalOf } from "./staleness.ts";

/** A run that has been accepted, as it stands at its number; undefined when there is none. */
export async function findAccepted(deps: Deps, runId: string): Promise<RunStarted | undefined> {
  const parts = partsOfRunId(runId);
  if (parts === undefined) return undefined;
  const slot = await deps.store.intake.find(parts.pipeline, parts.sequence);
  return slot?.type === "run" ? (slot.run as RunStarted) : undefined;
}

/**
 * Opens an accepted run: now that nothing with a lower number can come any more, asks whether its commit still is to be
 * delivered, and begins the run's stream, which is its end at once if it is not. Every step may be done again; whoever writes
 * the stream first has decided.
 * @returns false when there is nothing to open: it has been opened, or its delivery has made another run
 */
export async function openRun(deps: Deps, started: RunStarted, source: Source): Promise<boolean> {
  const { runId, sequence, revision, definition, at } = started;
  await admit(deps, definition.name, sequence);
  if (isDerived(started.trigger)) return openDerived(deps, started);
  const { state } = await readRef(deps.store, definition.name, revision.ref);
  if (!state.entries.some((entry) => entry.runId === runId && entry.opening === true)) return false;
  const reason = await refusalOf(source, definition, started, earlierThan(state, sequence));
  const end: readonly RunEvent[] =
    reason === undefined ? [] : [{ type: "run.finished", at, outcome: "stopped", reason }];
  try {
    await advanceAll(deps, runId, started, ...end);
  } finally {
    await confirm(deps, started);
  }
  return true;
}

/** A run that only moves what has been released is no news of its branch: nobody asks whether its commit is the newest. */
async function openDerived(deps: Deps, started: RunStarted): Promise<boolean> {
  const { run } = await loadRun(deps.store, started.runId);
  if (run !== undefined) return false;
  await advanceAll(deps, started.runId, started);
  return true;
}

/** Once the run has its stream, its ref need not remember it as opening; one that was overtaken leaves no trace there. */
async function confirm(deps: Deps, { runId, definition, revision }: RunStarted): Promise<void> {
  const { events } = await deps.store.streams.load(runStream(runId));
  if (events.length === 0) return;
  const [, next] = events as readonly RunEvent[];
  const isOvertaken = next?.type === "run.finished" && next.outcome === "stopped";
  const type = isOvertaken ? "run.withdrawn" : "run.opened";
  await changeRef(deps.store, definition.name, revision.ref, ({ entries }) =>
    entries.some((entry) => entry.runId === runId && entry.opening === true) ? [{ type, runId }] : [],
  );
}
