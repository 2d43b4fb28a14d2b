import type { PipelineDefinition } from "../pipeline/definition.ts";
import type { Delivery, Findings, PipelineState } from "../pipeline/pipelines.ts";
import { commitFilter, pathFilter, touches } from "./filters.ts";
import type { ChangedFiles, CommitInfo, Source } from "./source.ts";

/**
 * Looks up what the decision on a delivery needs, and no more: the head always, the changed files only where there are
 * globs to hold against them. Files are counted from the last commit that made a run, so that what a lost event or a
 * skipped commit brought is not forgotten.
 */
export async function look(
  source: Source,
  definition: PipelineDefinition,
  state: PipelineState,
  delivery: Delivery,
  commit: CommitInfo | undefined,
): Promise<Findings> {
  const { repository, commit: to } = delivery.revision;
  const differences = new Map<string, Promise<ChangedFiles>>();
  const since = (from: string | undefined): Promise<ChangedFiles> => {
    if (from === undefined) return Promise.resolve("unknown");
    const known = differences.get(from) ?? source.changedFiles(repository, from, to);
    differences.set(from, known);
    return known;
  };
  const asked = isAsked(delivery);
  const [head, filtered, unchanged] = await Promise.all([
    source.head(delivery.revision),
    asked ? undefined : filter(definition, state, delivery, commit, since),
    asked ? [] : unchangedImages(definition, state, since),
  ]);
  return { head, unchanged, ...(filtered === undefined ? {} : { filtered }) };
}

/** Somebody, a schedule or a base image wants this built, whatever has changed. */
function isAsked({ trigger }: Delivery): boolean {
  return trigger.type === "manual" || trigger.type === "schedule" || trigger.type === "base-image";
}

async function filter(
  definition: PipelineDefinition,
  state: PipelineState,
  { revision, people }: Delivery,
  commit: CommitInfo | undefined,
  since: (from: string | undefined) => Promise<ChangedFiles>,
): Promise<string | undefined> {
  const byCommit = commitFilter(definition, commit?.message ?? "", people);
  if (byCommit !== undefined || definition.source.paths.length === 0) return byCommit;
  const tip = state.tips.find(({ ref }) => ref === revision.ref);
  return pathFilter(definition, await since(tip?.commit ?? revision.before));
}

/** Images none of whose paths has changed since their last index. */
async function unchangedImages(
  definition: PipelineDefinition,
  state: PipelineState,
  since: (from: string | undefined) => Promise<ChangedFiles>,
): Promise<readonly string[]> {
  const judged = await Promise.all(
    definition.images.map(async ({ name, paths }) => {
      const last = state.published[name];
      if (paths.length === 0 || last === undefined) return [];
      return touches(paths, await since(last.commit)) ? [] : [name];
    }),
  );
  return judged.flat();
}
