import { createHash } from "node:crypto";
import { z } from "zod";
import type { ImageStore } from "../../builder/image-store.ts";

/** What an OCI descriptor says at least. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export const descriptor = z.looseObject({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.number(),
});

const manifest = z.looseObject({ config: descriptor, layers: z.array(descriptor) });

/** The config and the layers of an image whose manifest is in the store. */
export async function childrenOf(
  store: ImageStore,
  digest: string,
): Promise<{ readonly config: Descriptor; readonly layers: readonly Descriptor[] }> {
  return manifest.parse(JSON.parse((await store.bytes(digest)).toString("utf8")));
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
