import { type OciPlatform, platformName } from "./platforms.ts";

/** What points at content. https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: OciPlatform;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest, as far as an index has to know it. */
export type Manifest =
  | { readonly kind: "image"; readonly mediaType: string | undefined; readonly config: Descriptor }
  | {
      readonly kind: "index";
      readonly mediaType: string | undefined;
      readonly manifests: readonly Descriptor[];
      readonly annotations: Readonly<Record<string, string>>;
    };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Reads the bytes of a manifest of either family; undefined for what is neither an image's nor an index. */
export function parseManifest(text: string): Manifest | undefined {
  const json = parseJson(text);
  if (!isRecord(json)) return undefined;
  const mediaType = typeof json.mediaType === "string" ? json.mediaType : undefined;
  const { manifests } = json;
  if (Array.isArray(manifests)) {
    const entries = manifests.map(descriptor).filter((entry) => entry !== undefined);
    if (entries.length < manifests.length) return undefined;
    return { kind: "index", mediaType, manifests: entries, annotations: texts(json.annotations) ?? {} };
  }
  const config = descriptor(json.config);
  return config === undefined ? undefined : { kind: "image", mediaType, config };
}

/** The platform that an image's configuration was made for; undefined when it does not say. */
export function platformOfConfig(text: string): string | undefined {
  const json = parseJson(text);
  const platform = isRecord(json) ? platformOf(json) : undefined;
  return platform === undefined ? undefined : platformName(platform);
}

/**
 * BuildKit keeps what it says of an image (provenance, SBOM) beside it in the index, as an entry of no platform.
 * https://github.com/moby/buildkit/blob/v0.20.0/docs/attestations/attestation-storage.md
 */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return (
    annotations?.["vnd.docker.reference.type"] === "attestation-manifest" ||
    (platform?.os === "unknown" && platform.architecture === "unknown" && annotations !== undefined)
  );
}

/** The digest of the image that an attestation is about. */
export function subjectOf({ annotations }: Descriptor): string | undefined {
  return annotations?.["vnd.docker.reference.digest"];
}

function descriptor(value: unknown): Descriptor | undefined {
  if (!isRecord(value)) return undefined;
  const { mediaType, digest, size, artifactType } = value;
  if (typeof mediaType !== "string" || typeof digest !== "string" || !DIGEST.test(digest)) return undefined;
  if (typeof size !== "number" || !Number.isInteger(size) || size < 0) return undefined;
  const platform = isRecord(value.platform) ? platformOf(value.platform) : undefined;
  const annotations = texts(value.annotations);
  return {
    mediaType,
    digest,
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function platformOf({
  os,
  architecture,
  variant,
}: Readonly<Record<string, unknown>>): OciPlatform | undefined {
  if (typeof os !== "string" || typeof architecture !== "string" || os === "" || architecture === "") {
    return undefined;
  }
  return { os, architecture, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) };
}

function texts(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
