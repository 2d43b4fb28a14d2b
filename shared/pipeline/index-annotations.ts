import type { Instant, Revision } from "./events.ts";
import { tagsFor } from "./tags.ts";

/**
 * What an index says of itself. All of it is the commit's: the same children of the same commit make the same index,
 * whichever run publishes it, and whichever branch it stands on. A version is a tag's; a commit without one is its own.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md
 * @param source the repository's address
 * @param committedAt as the builds found it in the commit; left out when no build said
 */
export function indexAnnotations(
  revision: Revision,
  source: string,
  committedAt?: Instant,
): Readonly<Record<string, string>> {
  const key = (name: string) => `org.opencontainers.image.${name}`;
  const [version = revision.commit] = revision.ref.startsWith("refs/tags/")
    ? tagsFor(["{semver}", "{tag}"], revision).tags
    : tagsFor(["{shortSha}"], revision).tags;
  return {
    ...(committedAt === undefined
      ? {}
      : { [key("created")]: new Date(committedAt).toISOString().replace(".000Z", "Z") }),
    [key("revision")]: revision.commit,
    [key("source")]: source,
    [key("version")]: version,
  };
}
