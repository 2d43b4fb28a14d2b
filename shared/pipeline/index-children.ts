import type { Platform } from "./definition.ts";
import type { Image } from "./run.ts";

/** A platform's image in an index. */
export interface IndexChild {
  /** Undefined where an earlier run published the index for another set of platforms. */
  readonly platform: Platform | undefined;
  readonly digest: string;
}

/**
 * What a published index lists; nothing as long as there is none. It is not always what the builds pushed: BuildKit wraps an
 * image with attestations into an index of its own, and of that the image alone is taken.
 */
export function indexChildren({ definition: { platforms }, state }: Image): readonly IndexChild[] {
  if (state.status !== "published") return [];
  const { children } = state;
  // They stand in the order of the definition's platforms.
  const known = children.length === platforms.length;
  return children.map((digest, at) => ({ digest, platform: known ? platforms[at] : undefined }));
}
