import type { PipelineDefinition } from "../pipeline/definition.ts";
import { type Delivery, isRepeatable, type Published } from "../pipeline/pipelines.ts";
import { commitFilter, pathFilter, touches } from "./filters.ts";
import type { ChangedFiles, CommitInfo, Source } from "./source.ts";

/** What was looked up about a delivery. */
export interface Findings {
  /** Why the filters let this commit through no further, if they do not. */
  readonly filtered?: string;
  /** Images that need no build: none of their paths has changed. */
  readonly reused: Published;
}

/** What the pipeline knows. */
export interface Known {
  /** The newest commit of the ref. */
  readonly tip: string | undefined;
  /** The images' last indexes; read when they are needed. */
  readonly published: () => Promise<Published>;
}

/**
 * Looks up what the decision on a delivery needs, and no more: changed files only where there are globs to hold against them.
 * Files are counted from the last commit that made a run, so that what a lost event or a skipped commit brought is not
 * forgotten.
 */
export async function look(
  source: Pick<Source, "changedFiles">,
  definition: PipelineDefinition,
  known: Known,
  delivery: Delivery,
  commit: CommitInfo | undefined,
): Promise<Findings> {
  // Somebody, a schedule or a base image wants this built, whatever has changed.
  if (isRepeatable(delivery)) return { reused: {} };
  const { repository, commit: to } = delivery.revision;
  const differences = new Map<string, Promise<ChangedFiles>>();
  const since = (from: string | undefined): Promise<ChangedFiles> => {
    if (from === undefined) return Promise.resolve("unknown");
    const asked = differences.get(from) ?? source.changedFiles(repository, from, to);
    differences.set(from, asked);
    return asked;
  };
  const [filtered, reused] = await Promise.all([
    filter(definition, known.tip, delivery, commit, since),
    unchangedImages(definition, known.published, since),
  ]);
  return { reused, ...(filtered === undefined ? {} : { filtered }) };
}

async function filter(
  definition: PipelineDefinition,
  tip: Known["tip"],
  { revision, people }: Delivery,
  commit: CommitInfo | undefined,
  since: (from: string | undefined) => Promise<ChangedFiles>,
): Promise<string | undefined> {
  const byCommit = commitFilter(definition, commit?.message ?? "", people, commit?.authors);
  if (byCommit !== undefined || definition.source.paths.length === 0) return byCommit;
  return pathFilter(definition, await since(tip ?? revision.before));
}

/** The last indexes of the images none of whose paths has changed since. */
async function unchangedImages(
  { images }: PipelineDefinition,
  published: () => Promise<Published>,
  since: (from: string | undefined) => Promise<ChangedFiles>,
): Promise<Published> {
  const filtered = images.filter(({ paths }) => paths.length > 0);
  if (filtered.length === 0) return {};
  const lasts = await published();
  const unchanged = await Promise.all(
    filtered.map(async ({ name, paths }) => {
      const last = lasts[name];
      return last === undefined || touches(paths, await since(last.commit)) ? [] : [[name, last] as const];
    }),
  );
  return Object.fromEntries(unchanged.flat());
}
