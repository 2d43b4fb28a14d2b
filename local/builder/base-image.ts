import type { Readable } from "node:stream";
import { z } from "zod";
import { imageMediaTypes, indexMediaTypes } from "../ecr/media-types.ts";
import { Refusal } from "./build-error.ts";
import { type ImageConfig, parseImageConfig, platformName } from "./image-config.ts";
import { choosePlatform, formatPlatform, type Platform } from "./platform.ts";

const descriptorSchema = z.looseObject({ mediaType: z.string(), digest: z.string(), size: z.number() });

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An image to build on or to copy from. */
export interface BaseImage {
  /** The reference with its digest, for the log. */
  readonly name: string;
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
  /** A layer's bytes. */
  read(digest: string): Promise<Readable>;
}

/**
 * Finds the image that `FROM` or `COPY --from` names, for a platform.
 *
 * @throws Refusal naming the image and what to do
 */
export type ResolveBase = (reference: string, platform: Platform) => Promise<BaseImage>;

/** What a resolver has to be able to fetch of one repository. */
export interface BaseSource {
  /** The reference, for messages. */
  readonly name: string;
  /** A manifest by tag or digest; undefined when there is none. */
  manifest(
    reference: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string } | undefined>;
  blob(digest: string): Promise<Readable>;
}

const manifestSchema = z.looseObject({ config: descriptorSchema, layers: z.array(descriptorSchema) });
const platformSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});
const indexSchema = z.looseObject({
  manifests: z.array(descriptorSchema.extend({ platform: platformSchema.optional() })),
});

/**
 * Opens the image of a platform behind a reference: the one itself, or the one that an index lists.
 *
 * @throws Refusal when there is no image, or none for the platform (with the platforms there are)
 */
export async function openBase(
  source: BaseSource,
  reference: string,
  platform: Platform,
): Promise<BaseImage> {
  const { name } = source;
  const found = await source.manifest(reference);
  if (!found) throw new Refusal(`${name} is not in the registry`, "push it first, or correct the reference");
  if (indexMediaTypes.includes(found.mediaType)) {
    const { manifests } = read(indexSchema, found.bytes, name);
    const chosen = choosePlatform(manifests, (child) => child.platform, platform);
    if (chosen) return openBase(source, chosen.digest, platform);
    throw notFor(
      name,
      platform,
      manifests.flatMap((child) => (child.platform ? [child.platform] : [])),
    );
  }
  if (!imageMediaTypes.includes(found.mediaType)) {
    throw new Refusal(`${name} is not an image but ${found.mediaType}`, "build on an OCI or Docker image");
  }
  const manifest = read(manifestSchema, found.bytes, name);
  const config = parseImageConfig(await json(await source.blob(manifest.config.digest)));
  if (!config || config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw new Refusal(`${name} has no configuration of an image`, "build on an OCI or Docker image");
  }
  if (!choosePlatform([config], (one) => one, platform)) throw notFor(name, platform, [config]);
  return { name, config, layers: manifest.layers, read: (digest) => source.blob(digest) };
}

function notFor(name: string, platform: Platform, offered: readonly Platform[]): Refusal {
  const names = offered.filter(({ os }) => os !== "unknown").map(platformName);
  return new Refusal(
    `${name} is not there for ${formatPlatform(platform)}, only for ${names.join(", ") || "no platform"}`,
    `push it for ${formatPlatform(platform)} too, or leave the platform out of the build`,
  );
}

function read<T>(schema: z.ZodType<T>, bytes: Uint8Array, name: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new Refusal(`the manifest of ${name} cannot be read`, "push the image again", { cause });
  }
}

async function json(stream: Readable): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}
