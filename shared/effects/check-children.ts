import type { ImageDefinition } from "../pipeline/definition.ts";
import {
  type BuiltChild,
  type Checked,
  configDigestOf,
  entryFault,
  type IndexPart,
  partOf,
  platformFault,
  type StoredManifests,
} from "../pipeline/image-index.ts";
import { platformOfConfig } from "../pipeline/manifest.ts";
import type { Repository } from "./registry.ts";

/**
 * The parts of an index, once everything about them has been checked; or the first fault. One look at the registry is
 * enough where every build pushed an image; indexes that BuildKit wraps around one need a second, for what is in them.
 */
export async function checkChildren(
  repository: Repository,
  image: ImageDefinition,
  builds: readonly BuiltChild[],
): Promise<Checked<readonly IndexPart[]>> {
  const pushed = await repository.manifests(builds.map(({ built }) => built.digest));
  const parts: IndexPart[] = [];
  for (const build of builds) {
    const part = partOf(build, pushed, image.name);
    if ("fault" in part) return part;
    parts.push(part.ok);
  }
  const wrapped = parts.flatMap((part) =>
    pushed.has(part.image.digest) ? [] : [part.image, ...part.attestations],
  );
  const inside =
    wrapped.length === 0 ? new Map() : await repository.manifests(wrapped.map(({ digest }) => digest));
  const manifests: StoredManifests = new Map([...pushed, ...inside]);
  for (const entry of wrapped) {
    const fault = entryFault(entry, manifests);
    if (fault !== undefined) return { fault: `${entry.digest} in an index that a build pushed ${fault}` };
  }
  const faults = await Promise.all(
    parts.map((part, at) => platformFaultOf(repository, image, part, builds[at], manifests)),
  );
  const fault = faults.find((text) => text !== undefined);
  return fault === undefined ? { ok: parts } : { fault };
}

/**
 * The platform is that of the image's configuration. Tandem's own buildspec reads it from the registry and says of which
 * configuration, which must be the one that the manifest names; another buildspec's word is not taken for it.
 */
async function platformFaultOf(
  repository: Repository,
  { buildspec }: ImageDefinition,
  part: IndexPart,
  build: BuiltChild | undefined,
  manifests: StoredManifests,
): Promise<string | undefined> {
  const what = `the ${part.platform} image ${part.image.digest}`;
  const built = build?.built;
  const digest = configDigestOf(part, manifests);
  if (digest === undefined || digest !== built?.configDigest) {
    return `${what} has the configuration ${digest ?? "(none)"}, its build read ${built?.configDigest ?? "none"}`;
  }
  if (buildspec === undefined) return platformFault(part, built.configPlatform);
  const config = await repository.config(digest);
  const platform = config === undefined ? undefined : platformOfConfig(config);
  if (platform !== undefined) return platformFault(part, platform);
  if (config !== undefined) return `${what} has a configuration that names no platform`;
  // The registry keeps it to itself: what the build and the index around the image say is all there is.
  return platformFault(part, built.configPlatform) ?? platformFault(part, part.claimed ?? part.platform);
}
