import picomatch from "picomatch";
import type { PipelineDefinition } from "../pipeline/definition.ts";
import type { People } from "../pipeline/events.ts";
import { personOf } from "../pipeline/identities.ts";
import { authorIgnored, noPathChanged, skippedByMessage } from "../pipeline/messages.ts";
import type { ChangedFiles } from "./source.ts";

/** Whether any of the files matches: `!` excludes, and wins. Nothing known of the files, or no globs: yes. */
export function touches(globs: readonly string[], files: ChangedFiles): boolean {
  if (globs.length === 0 || files === "unknown") return true;
  const wanted = globs.filter((glob) => !glob.startsWith("!"));
  const excluded = globs.flatMap((glob) => (glob.startsWith("!") ? [glob.slice(1)] : []));
  const includes = wanted.length === 0 ? () => true : picomatch(wanted, { dot: true });
  const excludes = excluded.length === 0 ? () => false : picomatch(excluded, { dot: true });
  return files.some((file) => includes(file) && !excludes(file));
}

/** `[skip ci]` or `[ci skip]` anywhere in the message. */
export function asksToSkip(message: string): boolean {
  return /\[(?:skip ci|ci skip)\]/i.test(message);
}

/**
 * Whether the commit itself is one to leave alone: by its message or its author, compared exactly but for case. Undefined
 * when it is not.
 * @param authors what else the author is known by
 */
export function commitFilter(
  definition: PipelineDefinition,
  message: string,
  { author }: People,
  authors: readonly string[] = [],
): string | undefined {
  if (asksToSkip(message)) return skippedByMessage();
  const names = author === undefined ? authors : [author, personOf(author), ...authors];
  const ignored = definition.source.ignoreAuthors.find((name) =>
    names.some((one) => one.toLowerCase() === name.toLowerCase()),
  );
  return ignored === undefined ? undefined : authorIgnored(ignored);
}

/** Whether the paths of the pipeline are touched; the reason when they are not. */
export function pathFilter({ source }: PipelineDefinition, files: ChangedFiles): string | undefined {
  return touches(source.paths, files) ? undefined : noPathChanged(source.paths);
}
