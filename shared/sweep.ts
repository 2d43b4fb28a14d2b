import { openRun, unopened } from "./accept.ts";
import { advanceAll, type Deps } from "./advance.ts";
import type { Source } from "./intake/source.ts";
import { startMissed } from "./missed.ts";
import type { PipelineDefinition, SourceDefinition } from "./pipeline/definition.ts";
import { LEASE_MILLISECONDS } from "./pipeline/plan.ts";

/** How many runs are visited side by side. */
const WIDTH = 8;

export interface Swept {
  readonly opened: readonly string[];
  readonly visited: number;
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
      for (const started of await unopened(deps, pipeline, deps.now() - LEASE_MILLISECONDS)) {
        opened.push(started.runId);
        const source = sources[started.definition.source.type];
        await trying(started.runId, () => openRun(deps, started, source));
      }
      for (const accepted of await startMissed(deps, definition, sources[definition.source.type])) {
        if ("runId" in accepted) opened.push(accepted.runId);
      }
    });
  }
  let visited = 0;
  let cursor: string | undefined;
  do {
    const page = await deps.store.heads.active(cursor === undefined ? {} : { cursor });
    visited += page.items.length;
    for (let from = 0; from < page.items.length; from += WIDTH) {
      const some = page.items.slice(from, from + WIDTH);
      await Promise.all(some.map((runId) => trying(runId, () => advanceAll(deps, runId))));
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { opened, visited, errors };
}
