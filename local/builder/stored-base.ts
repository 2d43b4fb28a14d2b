import { isDigest } from "../ecr/digest.ts";
import { OCI_MANIFEST } from "../ecr/media-types.ts";
import { type BaseImage, openBase } from "./base-image.ts";
import type { ImageStore } from "./image-store.ts";
import type { Platform } from "./platform.ts";

/**
 * Takes an image that is in the store (one that was built before) as a base: for the resolver of a
 * caller that has names for such images.
 *
 * @param name the reference, for messages
 * @param digest of the image's manifest, or of an index
 * @throws Refusal when it is not there, or not for the platform
 */
export function storedBase(
  store: ImageStore,
  name: string,
  digest: string,
  platform: Platform,
): Promise<BaseImage> {
  const source = {
    name,
    async manifest(reference: string) {
      if (!isDigest(reference) || (await store.size(reference)) === undefined) return undefined;
      const bytes = await store.bytes(reference);
      return { bytes, mediaType: mediaTypeOf(bytes) };
    },
    blob: async (blob: string) => store.read(blob),
  };
  return openBase(source, digest, platform);
}

function mediaTypeOf(manifest: Buffer): string {
  const json: unknown = JSON.parse(manifest.toString("utf8"));
  const hasType = typeof json === "object" && json !== null && "mediaType" in json;
  return hasType && typeof json.mediaType === "string" ? json.mediaType : OCI_MANIFEST;
}
