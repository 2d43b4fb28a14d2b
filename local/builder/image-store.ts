import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { z } from "zod";
import { BlobStore, type Stored } from "../ecr/blob-store.ts";
import { isDigest } from "../ecr/digest.ts";
import { isMissing, writeWhole } from "../ecr/files.ts";

/** Where images are kept that were built, until they are pushed: what a container engine's own store is elsewhere. */
export interface ImageStore {
  size(digest: string): Promise<number | undefined>;
  read(digest: string): Readable;
  /** For what is small: manifests and configs. */
  bytes(digest: string): Promise<Buffer>;
  put(bytes: Uint8Array): Promise<Stored>;
  putStream(source: Readable, signal?: AbortSignal): Promise<Stored>;
  /** The compressed layer made earlier from a tar archive of this digest, so that it need not be compressed again. */
  recallLayer(diffId: string): Promise<Stored | undefined>;
  rememberLayer(diffId: string, layer: Stored): Promise<void>;
}

const remembered = z.object({ digest: z.string().refine(isDigest), size: z.number() });

/** Opens an image store in a folder. Several processes may use one folder at the same time. */
export async function openImageStore(folder: string): Promise<ImageStore> {
  const blobs = await BlobStore.open(folder);
  const layers = join(folder, "layers");
  await mkdir(layers, { recursive: true });
  const pathOf = (diffId: string): string => join(layers, diffId.slice("sha256:".length));
  return {
    size: (digest) => blobs.size(digest),
    read: (digest) => blobs.read(digest),
    bytes: (digest) => blobs.bytes(digest),
    put: (bytes) => blobs.put(bytes),
    putStream: (source, signal) => blobs.putStream(source, signal),
    async recallLayer(diffId) {
      const known = remembered.safeParse(await readJson(pathOf(diffId)));
      if (!known.success) return undefined;
      return (await blobs.size(known.data.digest)) === known.data.size ? known.data : undefined;
    },
    rememberLayer: (diffId, { digest, size }) => writeWhole(pathOf(diffId), JSON.stringify({ digest, size })),
  };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
