import { type Accepted, acceptAndOpen } from "./accept.ts";
import type { Deps } from "./advance.ts";
import { changePipeline, changeRef, readPipeline, readRef } from "./effects/pipeline-stream.ts";
import { inTurns } from "./in-turns.ts";
import { mismatch } from "./intake/match.ts";
import type { Source } from "./intake/source.ts";
import { findAccepted, openRun } from "./open-run.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import { newestRun, type RefHead } from "./pipeline/pipelines.ts";
import { type RefState, tipOf } from "./pipeline/refs.ts";
import { LEASE_MILLISECONDS } from "./pipeline/silence.ts";

/** How many branches are looked at side by side. */
const WIDTH = 8;

/**
 * Starts what a lost event left out: compares the heads of the branches a pipeline follows with the newest commits it
 * knows. The first look only remembers what is there, so that a new pipeline does not deliver old branches.
 */
export async function startMissed(
  deps: Deps,
  definition: PipelineDefinition,
  source: Source,
): Promise<readonly Accepted[]> {
  const { name } = definition;
  const { repository, branches } = definition.source;
  if (branches.length === 0) return [];
  const { state } = await readPipeline(deps.store, name);
  const heads = await source.branches(
    repository,
    (branch) => mismatch(definition, repository, `refs/heads/${branch}`) === undefined,
  );
  if (!state.baselined) {
    await inTurns(WIDTH, heads, ({ ref, commit }) =>
      changeRef(deps.store, name, ref, ({ entries }) =>
        entries.length > 0 ? [] : [{ type: "commit.seen", commit }],
      ),
    );
    await changePipeline(deps.store, name, ({ baselined }) =>
      baselined ? undefined : { type: "branches.seen" },
    );
    return [];
  }
  const started = await inTurns(WIDTH, heads, async (head): Promise<readonly Accepted[]> => {
    const known = (await readRef(deps.store, name, head.ref)).state;
    // A branch that has a run to be opened is left alone: its commit may be this one.
    if (known.entries.some(({ opening }) => opening)) return openLeftBehind(deps, known, source);
    const tip = tipOf(known);
    return tip?.commit === head.commit
      ? []
      : [await startHead(deps, definition, source, head, known.through)];
  });
  return started.flat();
}

/** Runs of a ref of which nobody has decided for a while whether they go on. */
async function openLeftBehind(
  deps: Deps,
  { entries }: RefState,
  source: Source,
): Promise<readonly Accepted[]> {
  const opened: Accepted[] = [];
  for (const { runId, opening } of [...entries].reverse()) {
    if (runId === undefined || opening !== true) continue;
    const started = await findAccepted(deps, runId);
    if (started === undefined || started.at > deps.now() - LEASE_MILLISECONDS) continue;
    if (await openRun(deps, started, source)) opened.push({ pipeline: started.definition.name, runId });
  }
  return opened;
}

/**
 * @param after the number of the ref's newest run, also of one that was overtaken before it began: a branch that is set back,
 * unheard of, is news once more
 */
async function startHead(
  deps: Deps,
  definition: PipelineDefinition,
  source: Source,
  { ref, commit }: RefHead,
  after: number,
): Promise<Accepted> {
  const { repository } = definition.source;
  const found = await source.commit(repository, commit);
  const delivery = {
    id: `head ${ref} ${commit} after ${newestRun(definition.name, after)}`,
    revision: { repository, ref, commit },
    people: found?.people ?? {},
    trigger: { type: "head" as const },
  };
  return acceptAndOpen(deps, definition, delivery, source, found);
}
