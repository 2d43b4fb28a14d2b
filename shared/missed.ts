import { type Accepted, acceptAndOpen } from "./accept.ts";
import type { Deps } from "./advance.ts";
import { changePipeline, readPipeline } from "./effects/pipeline-stream.ts";
import { mismatch } from "./intake/match.ts";
import type { Source } from "./intake/source.ts";
import type { PipelineDefinition } from "./pipeline/definition.ts";
import { missedHeads, type RefHead } from "./pipeline/pipelines.ts";

/**
 * Starts what a lost event left out: compares the heads of the branches a pipeline follows with the newest commits it
 * knows. The first look only remembers what is there, so that a new pipeline does not deliver old branches.
 */
export async function startMissed(
  deps: Deps,
  definition: PipelineDefinition,
  source: Source,
): Promise<readonly Accepted[]> {
  const { repository, branches } = definition.source;
  if (branches.length === 0) return [];
  const { state } = await readPipeline(deps.store, definition.name);
  const heads = await source.branches(
    repository,
    (branch) => mismatch(definition, repository, `refs/heads/${branch}`) === undefined,
  );
  if (!state.baselined) {
    await changePipeline(deps.store, definition.name, ({ baselined }) =>
      baselined ? undefined : { type: "heads.seen", heads },
    );
    return [];
  }
  const accepted: Accepted[] = [];
  for (const one of missedHeads(state, heads)) {
    const after = state.tips.find(({ ref }) => ref === one.ref)?.runId;
    accepted.push(await startHead(deps, definition, source, one, after));
  }
  return accepted;
}

/** @param after the ref's newest run: a branch that is set back, unheard of, is news once more */
async function startHead(
  deps: Deps,
  definition: PipelineDefinition,
  source: Source,
  { ref, commit }: RefHead,
  after = "nothing",
): Promise<Accepted> {
  const { repository } = definition.source;
  const found = await source.commit(repository, commit);
  const delivery = {
    id: `head ${ref} ${commit} after ${after}`,
    revision: { repository, ref, commit },
    people: found?.people ?? {},
    trigger: { type: "head" as const },
  };
  return acceptAndOpen(deps, definition, delivery, source, found);
}
