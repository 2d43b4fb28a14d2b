import { entryFault, type Stored, type StoredManifests } from "./image-index.ts";
import { type Descriptor, isAttestation, type Manifest, parseManifest, subjectOf } from "./manifest.ts";
import { INDEX_MEDIA_TYPES } from "./media-types.ts";
import { platformName, samePlatform } from "./platforms.ts";

/** What an index lists, and what is wrong with it. */
export interface IndexReport {
  readonly digest: string;
  readonly mediaType?: string;
  readonly size?: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly images: readonly IndexedImage[];
  readonly attestations: readonly IndexedAttestation[];
  /** Of the index itself; those of its entries stand with them. */
  readonly problems: readonly string[];
  /** Whether nothing is wrong anywhere. */
  readonly ok: boolean;
}

/** The answer of `GET /api/index`. */
export interface IndexAnswer extends IndexReport {
  /** As images are named: `REGISTRY/NAME`. */
  readonly repository: string;
}

export interface IndexedImage {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  /** As the index has it. */
  readonly platform?: string;
  /** As the image's configuration has it; absent when the registry does not hand it out. */
  readonly configPlatform?: string;
  readonly problems: readonly string[];
}

export interface IndexedAttestation {
  readonly digest: string;
  readonly size: number;
  /** The image it is about. */
  readonly subject?: string;
  readonly problems: readonly string[];
}

/** The index of a digest, or why it is none. */
export function readIndex(
  digest: string,
  stored: Stored | undefined,
): { readonly index?: Extract<Manifest, { kind: "index" }>; readonly problem?: string } {
  if (stored === undefined) return { problem: "it is not in the repository" };
  if (stored.digest !== digest) return { problem: `its bytes are ${stored.digest}` };
  const manifest = parseManifest(stored.text);
  if (manifest === undefined) return { problem: "it is no manifest" };
  if (manifest.kind !== "index") return { problem: "it is one image, not an index" };
  const { mediaType } = manifest;
  return mediaType === undefined || INDEX_MEDIA_TYPES.includes(mediaType)
    ? { index: manifest }
    : { problem: `it says that it is a ${mediaType}` };
}

/** The digests of the configurations that say what an index's images are for, by image. */
export function configsOf(
  index: Extract<Manifest, { kind: "index" }>,
  manifests: StoredManifests,
): ReadonlyMap<string, string> {
  const configs = new Map<string, string>();
  for (const entry of index.manifests) {
    if (isAttestation(entry)) continue;
    const manifest = parseManifest(manifests.get(entry.digest)?.text ?? "");
    if (manifest?.kind === "image") configs.set(entry.digest, manifest.config.digest);
  }
  return configs;
}

/**
 * Everything about an index that can be checked without running it: every entry is there with just its bytes; every image is
 * for the platform the index gives it, and no platform is there twice; every attestation is of an image of this index.
 * @param platforms by image: the platform of its configuration; missing where the registry does not hand it out
 */
export function indexReport(
  digest: string,
  manifests: StoredManifests,
  platforms: ReadonlyMap<string, string | undefined>,
): IndexReport {
  const stored = manifests.get(digest);
  const { index, problem } = readIndex(digest, stored);
  if (index === undefined || stored === undefined) {
    const problems = [problem ?? "it is not in the repository"];
    return { digest, annotations: {}, images: [], attestations: [], problems, ok: false };
  }
  const entries = index.manifests.filter((entry) => !isAttestation(entry));
  const images = entries.map((entry) => indexedImage(entry, entries, manifests, platforms));
  const attestations = index.manifests
    .filter(isAttestation)
    .map((entry) => indexedAttestation(entry, entries, manifests));
  const problems = images.length === 0 ? ["it lists no image"] : [];
  const { mediaType, annotations } = index;
  return {
    digest,
    ...(mediaType === undefined ? {} : { mediaType }),
    size: stored.size,
    annotations,
    images,
    attestations,
    problems,
    ok: problems.length === 0 && [...images, ...attestations].every((one) => one.problems.length === 0),
  };
}

function indexedImage(
  entry: Descriptor,
  entries: readonly Descriptor[],
  manifests: StoredManifests,
  platforms: ReadonlyMap<string, string | undefined>,
): IndexedImage {
  const platform = entry.platform === undefined ? undefined : platformName(entry.platform);
  const configPlatform = platforms.get(entry.digest);
  const twice = entries.some(
    (other) => other !== entry && other.platform !== undefined && platformName(other.platform) === platform,
  );
  const fault = entryFault(entry, manifests);
  const problems = [
    ...(fault === undefined ? [] : [fault]),
    ...(platform === undefined ? ["has no platform in the index"] : []),
    ...(twice && platform !== undefined ? [`is not the only one for ${platform}`] : []),
    ...(platform !== undefined && configPlatform !== undefined && !samePlatform(platform, configPlatform)
      ? [`was built for ${configPlatform}, the index says ${platform}`]
      : []),
  ];
  const { digest, mediaType, size } = entry;
  return {
    digest,
    mediaType,
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(configPlatform === undefined ? {} : { configPlatform }),
    problems,
  };
}

function indexedAttestation(
  entry: Descriptor,
  images: readonly Descriptor[],
  manifests: StoredManifests,
): IndexedAttestation {
  const subject = subjectOf(entry);
  const fault = entryFault(entry, manifests);
  const resolves = images.some(({ digest }) => digest === subject);
  return {
    digest: entry.digest,
    size: entry.size,
    ...(subject === undefined ? {} : { subject }),
    problems: [
      ...(fault === undefined ? [] : [fault]),
      ...(resolves ? [] : [`is of ${subject ?? "nothing"}, which is no image of this index`]),
    ],
  };
}
