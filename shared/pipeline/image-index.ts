import type { Platform } from "./definition.ts";
import type { BuiltImage } from "./events.ts";
import { type Descriptor, isAttestation, type Manifest, parseManifest, subjectOf } from "./manifest.ts";
import { IMAGE_MEDIA_TYPES, INDEX_MEDIA_TYPE, INDEX_MEDIA_TYPES } from "./media-types.ts";
import { parsePlatform, samePlatform } from "./platforms.ts";

/** A manifest as the registry holds it: the bytes as text, and what they really hash to and how many they are. */
export interface Stored {
  readonly text: string;
  readonly digest: string;
  readonly size: number;
}

/** Stored manifests by the digest they were asked for by; what the registry does not have is not there. */
export type StoredManifests = ReadonlyMap<string, Stored>;

/** What one platform's build has pushed, as the build reported it. */
export interface BuiltChild {
  readonly platform: Platform;
  readonly built: BuiltImage;
}

/** One platform's part of the index. */
export interface IndexPart {
  readonly platform: Platform;
  readonly image: Descriptor;
  /** What BuildKit says of the image (provenance, SBOM): entries that name it as their subject. */
  readonly attestations: readonly Descriptor[];
  /** The platform that the index around the image gave it, when there was one. */
  readonly claimed?: string;
}

/** Something, or what is wrong with it, for a person. */
export type Checked<T> = { readonly ok: T } | { readonly fault: string };

/**
 * What a build has pushed: one image, or the index that BuildKit wraps around one image and its attestations, which is
 * flattened. Digest and size are those of the bytes, whatever the build said.
 */
export function partOf(
  { platform, built }: BuiltChild,
  manifests: StoredManifests,
  repository: string,
): Checked<IndexPart> {
  const what = `the ${platform} image ${built.digest}`;
  const fault = (text: string) => ({ fault: `${what} ${text}` });
  const stored = manifests.get(built.digest);
  if (stored === undefined) return fault(`is not in the repository ${repository}`);
  if (stored.digest !== built.digest) return fault(`is ${stored.digest} in the registry`);
  if (stored.size !== built.size) {
    return fault(`has ${stored.size} bytes in the registry, its build said ${built.size}`);
  }
  const { mediaType, digest, size } = built;
  const manifest = parseManifest(stored.text);
  const wrong = typeFault(manifest, mediaType);
  if (wrong !== undefined) return fault(wrong);
  if (manifest?.kind !== "index") {
    return { ok: { platform, image: { mediaType, digest, size }, attestations: [] } };
  }
  const inner = unwrapped(manifest.manifests);
  return "fault" in inner ? fault(inner.fault) : { ok: { platform, ...inner.ok } };
}

/** The one image of an index, and its attestations. */
function unwrapped(manifests: readonly Descriptor[]): Checked<Omit<IndexPart, "platform">> {
  const [image, ...more] = manifests.filter((entry) => !isAttestation(entry));
  const attestations = manifests.filter(isAttestation);
  if (image === undefined || more.length > 0) {
    const count = image === undefined ? "no image" : `${more.length + 1} images`;
    return { fault: `is an index of ${count}: a platform's build pushes one image` };
  }
  if (!IMAGE_MEDIA_TYPES.includes(image.mediaType)) {
    return { fault: `is an index of a ${image.mediaType}: a platform's build pushes one image` };
  }
  const stray = attestations.find((one) => subjectOf(one) !== image.digest);
  if (stray !== undefined) {
    return {
      fault: `has the attestation ${stray.digest} of ${subjectOf(stray) ?? "nothing"}, not of its image ${image.digest}`,
    };
  }
  const { mediaType, digest, size, platform } = image;
  const claimed =
    platform === undefined
      ? undefined
      : [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join("/");
  return {
    ok: { image: { mediaType, digest, size }, attestations, ...(claimed === undefined ? {} : { claimed }) },
  };
}

/** Whether bytes are what their media type says. */
function typeFault(manifest: Manifest | undefined, mediaType: string): string | undefined {
  const known = { image: IMAGE_MEDIA_TYPES, index: INDEX_MEDIA_TYPES };
  if (!known.image.includes(mediaType) && !known.index.includes(mediaType)) {
    return `is a ${mediaType}: an index lists images of ${IMAGE_MEDIA_TYPES.join(" or ")}`;
  }
  if (manifest === undefined || !known[manifest.kind].includes(mediaType)) {
    return `is no valid ${mediaType} in the registry`;
  }
  const own = manifest.mediaType;
  return own === undefined || own === mediaType ? undefined : `says that it is a ${own}, not a ${mediaType}`;
}

/** What stands behind an entry of an index: there, with just these bytes, and of its media type. */
export function entryFault(entry: Descriptor, manifests: StoredManifests): string | undefined {
  const stored = manifests.get(entry.digest);
  if (stored === undefined) return "is not in the repository";
  if (stored.digest !== entry.digest) return `is ${stored.digest} in the registry`;
  if (stored.size !== entry.size)
    return `has ${stored.size} bytes in the registry, the index says ${entry.size}`;
  return typeFault(parseManifest(stored.text), entry.mediaType);
}

/** The digest of an image's configuration; undefined when its manifest names none. */
export function configDigestOf({ image }: IndexPart, manifests: StoredManifests): string | undefined {
  const manifest = parseManifest(manifests.get(image.digest)?.text ?? "");
  return manifest?.kind === "image" ? manifest.config.digest : undefined;
}

/** Whether an image is for the platform it was built for; `platform` is what its configuration says. */
export function platformFault(part: IndexPart, platform: string): string | undefined {
  return samePlatform(platform, part.platform)
    ? undefined
    : `the ${part.platform} image ${part.image.digest} was built for ${platform}: its Dockerfile takes another platform than $TARGETPLATFORM`;
}

/**
 * The index over the platforms, as bytes: the same parts in any order give the same text, hence the same digest. The images
 * come first, by platform; then their attestations, as BuildKit writes them.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
 */
export function imageIndex(
  parts: readonly IndexPart[],
  annotations: Readonly<Record<string, string>>,
): string {
  const sorted = [...parts].sort((a, b) => order(a.platform, b.platform));
  const images = sorted.map(({ platform, image }) => entry({ ...image, platform: parsePlatform(platform) }));
  const attestations = sorted.flatMap((part) =>
    [...part.attestations].sort((a, b) => order(a.digest, b.digest)).map(entry),
  );
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX_MEDIA_TYPE,
    manifests: [...images, ...attestations],
    annotations: sortedKeys(annotations),
  });
}

function entry({ mediaType, digest, size, platform, artifactType, annotations }: Descriptor): unknown {
  return {
    mediaType,
    digest,
    size,
    ...(platform === undefined
      ? {}
      : {
          platform: {
            architecture: platform.architecture,
            os: platform.os,
            ...(platform.variant === undefined ? {} : { variant: platform.variant }),
          },
        }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations: sortedKeys(annotations) }),
  };
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function sortedKeys(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => order(a, b)));
}
