import { admit } from "./admit.ts";
import { advanceAll, type Deps } from "./advance.ts";
import type { Source } from "./intake/source.ts";
import { startLost } from "./lost.ts";
import { startMissed } from "./missed.ts";
import { findAccepted, openRun } from "./open-run.ts";
import type { PipelineDefinition, SourceDefinition } from "./pipeline/definition.ts";
import { LEASE_MILLISECONDS } from "./pipeline/silence.ts";

/** How many runs are visited side by side. */
const WIDTH = 8;

/** Milliseconds after which a sweep begins no further page of runs: its function has 45 s, and must not be cut off in the middle. */
const TIME = 25_000;

/** Where the sweep goes on that comes next, when one had no time for all runs. */
const PLACE = "sweep";

interface Place {
  readonly cursor?: string;
}

export interface Swept {
  readonly opened: readonly string[];
  readonly visited: number;
  /** Whether there was no time for all runs: the next sweep begins with the others. */
  readonly cut: boolean;
  /** What went wrong, by run; the next sweep tries again. */
  readonly errors: readonly { readonly runId: string; readonly error: unknown }[];
}

/**
 * Heals what lost events and crashes left behind: opens runs that were accepted only, and advances every run that is not
 * terminal. Its work grows with the runs under way, never with history.
 */
export async function sweep(
  deps: Deps,
  pipelines: readonly PipelineDefinition[],
  sources: Readonly<Record<SourceDefinition["type"], Source>>,
): Promise<Swept> {
  const until = deps.now() + TIME;
  const opened: string[] = [];
  const errors: { runId: string; error: unknown }[] = [];
  const trying = async (runId: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      errors.push({ runId, error });
    }
  };
  for (const definition of pipelines) {
    const pipeline = definition.name;
    await trying(pipeline, async () => {
      // What was accepted and went no further is listed from here on, and opened below.
      await admit(deps, pipeline);
      const source = sources[definition.source.type];
      const missed = await startMissed(deps, definition, source);
      for (const accepted of [...missed, ...(await startLost(deps, definition, source))]) {
        if ("runId" in accepted) opened.push(accepted.runId);
      }
    });
  }
  const visit = async (runId: string) => {
    const { run } = await advanceAll(deps, runId);
    if (run === undefined && (await openLate(deps, runId, sources))) opened.push(runId);
  };
  const { version, state } = await deps.store.streams.last(PLACE);
  const place = (state as Place | undefined)?.cursor;
  let visited = 0;
  let cursor = place;
  do {
    const page = await activeFrom(deps, cursor);
    visited += page.items.length;
    for (let from = 0; from < page.items.length; from += WIDTH) {
      const some = page.items.slice(from, from + WIDTH);
      await Promise.all(some.map((runId) => trying(runId, () => visit(runId))));
    }
    cursor = page.cursor;
  } while (cursor !== undefined && deps.now() < until);
  if (cursor !== place) {
    // Who loses this race has a place to go on from all the same: that of the other.
    await deps.store.streams.append(PLACE, version, [], cursor === undefined ? {} : { cursor });
  }
  return { opened, visited, cut: cursor !== undefined, errors };
}

/** The runs under way from a place on. One that cannot be read, say since an older version has left it, is the beginning. */
function activeFrom({ store: { heads } }: Deps, cursor: string | undefined) {
  return cursor === undefined ? heads.active({}) : heads.active({ cursor }).catch(() => heads.active({}));
}

/** Opens a run that was accepted a while ago and has no stream yet. */
async function openLate(
  deps: Deps,
  runId: string,
  sources: Readonly<Record<SourceDefinition["type"], Source>>,
): Promise<boolean> {
  const started = await findAccepted(deps, runId);
  if (started === undefined || started.at > deps.now() - LEASE_MILLISECONDS) return false;
  return openRun(deps, started, sources[started.definition.source.type]);
}
