import picomatch from "picomatch";
import type { PipelineDefinition } from "../pipeline/definition.ts";
import { refName } from "../pipeline/messages.ts";

/** Whether a pipeline wants a ref of a repository; the reason when it does not. */
export function mismatch(
  { name, source }: PipelineDefinition,
  repository: string,
  ref: string,
): string | undefined {
  if (source.repository !== repository) return `${name} follows the repository ${source.repository}`;
  const tag = ref.startsWith("refs/tags/");
  const globs = tag ? source.tags : source.branches;
  const kind = tag ? "tags" : "branches";
  if (globs.length === 0) return `${name} follows no ${kind}`;
  return matcher(globs)(refName(ref)) ? undefined : `${name} follows the ${kind} ${globs.join(", ")}`;
}

const matchers = new WeakMap<readonly string[], (name: string) => boolean>();

/** A definition stays the same as long as the function is warm: its globs are read once. */
function matcher(globs: readonly string[]): (name: string) => boolean {
  const known = matchers.get(globs);
  if (known !== undefined) return known;
  const matches = picomatch([...globs], { dot: true });
  matchers.set(globs, matches);
  return matches;
}
