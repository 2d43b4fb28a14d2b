import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { type ExtractEvents, extract, type Header } from "tar-stream";
import { Refusal } from "./build-error.ts";
import {
  type Content,
  type Directory,
  lookUp,
  makeDirectory,
  type Node,
  newDirectory,
  type Ownership,
  stepsOf,
} from "./file-tree.ts";
import { waitForRoom } from "./stream-room.ts";

/** One entry of an archive: its header, and its bytes as a stream. */
export type ArchiveEntry = ExtractEvents["entry"][1];

/** Goes through an archive. The visitor may read an entry's bytes; what it leaves is skipped. */
export type ReadArchive = (visit: (entry: ArchiveEntry) => Promise<void>) => Promise<void>;

const opaqueMark = ".wh..wh..opq";
const whiteoutMark = ".wh.";

/** Reads a tar archive out of a stream, through what decompresses it. */
export function tarArchive(
  source: Readable,
  decompress: Duplex | undefined,
  signal: AbortSignal | undefined,
): ReadArchive {
  return async (visit) => {
    const consume = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
      const archive = extract();
      const feed = async (): Promise<void> => {
        try {
          for await (const chunk of chunks) if (!archive.write(chunk)) await waitForRoom(archive);
          archive.end(null);
        } catch (cause) {
          archive.destroy(cause instanceof Error ? cause : new Error(String(cause)));
        }
      };
      const fed = feed();
      for await (const entry of archive) {
        await visit(entry);
        entry.resume();
      }
      await fed;
    };
    const options = signal ? { signal } : {};
    if (decompress) await pipeline(source, decompress, consume, options);
    else await pipeline(source, consume, options);
  };
}

/**
 * What turns a layer of this media type into a tar archive; undefined when it is one.
 *
 * @throws Refusal for a compression that this Node.js does not have
 */
export function layerDecompressor(mediaType: string): Duplex | undefined {
  if (/[+.]gzip$/.test(mediaType)) return zlib.createGunzip();
  if (/[+.]zstd$/.test(mediaType)) {
    // Only newer versions of Node.js have it.
    const create: unknown = Reflect.get(zlib, "createZstdDecompress");
    if (typeof create === "function") return create();
    throw new Refusal(
      "a layer of the base image is compressed with zstd, which this version of Node.js cannot read",
      "use Node.js 22.15 or later, or push the base image with gzip layers",
    );
  }
  return undefined;
}

/**
 * Adds what an archive holds to a tree.
 *
 * @param whiteouts whether `.wh.` entries remove things, as they do in an image's layers
 * @param contentOf says where a file's bytes are to be found later (and stores them, if need be)
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts
 */
export async function addArchive(
  root: Directory,
  read: ReadArchive,
  whiteouts: boolean,
  contentOf: (entry: ArchiveEntry) => Promise<Content>,
): Promise<void> {
  /** What this archive brought: whiteouts hide only what is in lower layers. */
  const fresh = new Set<Node>();
  await read(async (entry) => {
    const steps = stepsOf(entry.header.name);
    const name = steps.pop();
    if (name === undefined) return;
    const parent = makeDirectory(root, steps.join("/"), {}, (_steps, made) => fresh.add(made));
    if (whiteouts && name === opaqueMark) {
      for (const [other, node] of parent.entries) if (!fresh.has(node)) parent.entries.delete(other);
    } else if (whiteouts && name.startsWith(whiteoutMark)) {
      const hidden = name.slice(whiteoutMark.length);
      const node = parent.entries.get(hidden);
      if (node && !fresh.has(node)) parent.entries.delete(hidden);
    } else {
      const node = await nodeOf(root, parent.entries.get(name), entry.header, () => contentOf(entry));
      if (!node) return;
      parent.entries.set(name, node);
      fresh.add(node);
    }
  });
}

async function nodeOf(
  root: Directory,
  existing: Node | undefined,
  header: Header,
  contentOf: () => Promise<Content>,
): Promise<Node | undefined> {
  const owner: Ownership = { mode: header.mode & 0o7777, uid: header.uid, gid: header.gid };
  switch (header.type) {
    case "directory":
      return existing?.kind === "directory" ? { ...existing, ...owner } : newDirectory(owner);
    case "symlink":
      return { kind: "symlink", target: header.linkname, ...owner };
    case "link":
      return lookUp(root, stepsOf(header.linkname));
    case "file":
    case "contiguous-file":
      return { kind: "file", size: header.size, content: await contentOf(), ...owner };
    default:
      return { kind: "special", ...owner };
  }
}
