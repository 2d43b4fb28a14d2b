import { z } from "zod";
import { isDigest } from "./digest.ts";
import { imageMediaTypes, indexMediaTypes, isForeignLayer } from "./media-types.ts";

const descriptorSchema = z.looseObject({
  mediaType: z.string().min(1),
  digest: z.string().refine(isDigest, "must be sha256: and 64 hexadecimal digits"),
  size: z.int().min(0),
});

const annotationsSchema = z.record(z.string(), z.string());

const common = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  subject: descriptorSchema.optional(),
  annotations: annotationsSchema.optional(),
};

const imageSchema = z.looseObject({ ...common, config: descriptorSchema, layers: z.array(descriptorSchema) });
const indexSchema = z.looseObject({ ...common, manifests: z.array(descriptorSchema) });

/** What the registry has to know of a manifest. */
export interface Manifest {
  readonly mediaType: string;
  readonly kind: "image" | "index";
  /** Config and layers that the registry must hold. */
  readonly blobs: readonly string[];
  /** The manifests an index lists. */
  readonly children: readonly string[];
  /** Bytes of config and layers; 0 for an index. */
  readonly contentSize: number;
  readonly artifactType: string | undefined;
  readonly subject: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** A manifest that breaks the specification; the message says where. */
export class ManifestFault extends Error {}

/**
 * Reads a manifest of one of the four media types that ECR stores.
 *
 * @param declared the media type its sender gives (Content-Type, imageManifestMediaType); needed when the manifest has none itself
 * @throws ManifestFault
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
 */
export function parseManifest(bytes: Uint8Array, declared: string | undefined): Manifest {
  const json = parseJson(bytes);
  const own = z.looseObject({ mediaType: z.string().optional() }).safeParse(json).data?.mediaType;
  if (own !== undefined && declared !== undefined && own !== declared) {
    throw new ManifestFault(`the manifest says mediaType ${own}, but it was sent as ${declared}`);
  }
  const mediaType = own ?? declared;
  if (mediaType === undefined) {
    throw new ManifestFault("the manifest has no mediaType: give its media type when sending it");
  }
  if (imageMediaTypes.includes(mediaType)) return imageManifest(mediaType, json);
  if (indexMediaTypes.includes(mediaType)) return indexManifest(mediaType, json);
  throw new ManifestFault(
    `the media type ${mediaType} is not supported: use one of ${[...imageMediaTypes, ...indexMediaTypes].join(", ")}`,
  );
}

function imageManifest(mediaType: string, json: unknown): Manifest {
  const manifest = check(imageSchema, json);
  const held = manifest.layers.filter((layer) => !isForeignLayer(layer.mediaType));
  const sizes = [manifest.config, ...manifest.layers].map((descriptor) => descriptor.size);
  return {
    mediaType,
    kind: "image",
    blobs: [manifest.config.digest, ...held.map((layer) => layer.digest)],
    children: [],
    contentSize: sizes.reduce((sum, size) => sum + size, 0),
    artifactType: manifest.artifactType ?? manifest.config.mediaType,
    subject: manifest.subject?.digest,
    annotations: manifest.annotations,
  };
}

function indexManifest(mediaType: string, json: unknown): Manifest {
  const index = check(indexSchema, json);
  return {
    mediaType,
    kind: "index",
    blobs: [],
    children: index.manifests.map((child) => child.digest),
    contentSize: 0,
    artifactType: index.artifactType,
    subject: index.subject?.digest,
    annotations: index.annotations,
  };
}

function check<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ManifestFault(
    `the manifest is invalid at ${issue?.path.join(".") || "its top"}: ${issue?.message}`,
  );
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ManifestFault("the manifest is not JSON", { cause });
  }
}
