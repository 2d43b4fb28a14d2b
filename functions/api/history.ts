import { runStream } from "../../shared/advance.ts";
import type { HistoryEntry } from "../../shared/pipeline/api-views.ts";
import { decisionsOf } from "../../shared/pipeline/audit.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { replay } from "../../shared/pipeline/evolve.ts";
import { sentence } from "../../shared/pipeline/messages.ts";
import { isTerminal, type Run, releaseOf, type Stage } from "../../shared/pipeline/run.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { isoTime } from "./context.ts";

/**
 * Which runs have come to a stage, the newest first. A page looks at `limit` runs of the pipeline, whatever became of them,
 * so it costs the same wherever it is in the list, and may hold fewer.
 */
export async function historyPage(
  store: Store,
  pipeline: string,
  stage: string,
  limit: number,
  cursor: string | undefined,
): Promise<{ readonly entries: readonly HistoryEntry[]; readonly cursor: string | undefined }> {
  const page = await store.heads.list({ limit, pipeline, ...(cursor === undefined ? {} : { cursor }) });
  const entries = await Promise.all(
    page.items.map(async ({ runId }) => {
      const { events } = await store.streams.load(runStream(runId));
      return entryOf(events as readonly RunEvent[], stage);
    }),
  );
  return { entries: entries.filter((entry) => entry !== undefined), cursor: page.cursor };
}

/** Undefined when the run has not come so far. */
function entryOf(events: readonly RunEvent[], name: string): HistoryEntry | undefined {
  const run = replay(events);
  const stage = run?.stages.find(({ definition }) => definition.name === name);
  if (run === undefined || stage === undefined || stage.state.status === "pending") return undefined;
  const at = (type: RunEvent["type"]) =>
    events.find((event) => event.type === type && "stage" in event && event.stage === name)?.at;
  const [entered, left] = [at("stage.entered"), at("stage.left")];
  return {
    run: run.id,
    sequence: run.sequence,
    commit: run.revision.commit,
    ref: run.revision.ref,
    release: releaseOf(run),
    outcome: outcomeOf(run, stage),
    reason: "failure" in stage.state ? sentence(stage.state.failure) : undefined,
    enteredAt: entered === undefined ? undefined : isoTime(entered),
    leftAt: left === undefined ? undefined : isoTime(left),
    decisions: decisionsOf(events).filter((decision) => decision.stage === name),
  };
}

/** A run that ended elsewhere waits no more. */
function outcomeOf(run: Run, { state }: Stage): string {
  const waits = state.status === "waiting" || state.status === "gated";
  return waits && isTerminal(run) ? run.status.status : state.status;
}
