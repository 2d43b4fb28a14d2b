import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Header, type Pack, pack } from "tar-stream";
import type { Stored } from "../ecr/blob-store.ts";
import type { Changes } from "./copy.ts";
import type { FileEntry, Node } from "./file-tree.ts";
import type { ImageStore } from "./image-store.ts";
import { waitForRoom } from "./stream-room.ts";

/** Fast, and close to what higher levels reach on programs. */
const gzipLevel = 2;

/** A layer in the store, and the digest of its tar archive. */
export interface Layer extends Stored {
  readonly diffId: string;
}

/**
 * Writes changes as a layer. The same changes give the same bytes: entries in order of their paths,
 * all of one time, and nothing of this machine in the headers.
 *
 * @param changes files' bytes on this machine or in memory
 * @param epochSeconds the time that every entry gets
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md
 */
export async function writeLayer(
  changes: Changes,
  epochSeconds: number,
  store: ImageStore,
  signal: AbortSignal | undefined,
): Promise<Layer> {
  const options = signal ? { signal } : {};
  const hash = createHash("sha256");
  await pipeline(archive(changes, epochSeconds), hash, options);
  const diffId = `sha256:${hash.digest("hex")}`;
  const known = await store.recallLayer(diffId);
  if (known) return { ...known, diffId };
  const gzip = createGzip({ level: gzipLevel });
  const named = withoutSystem();
  const packing = pipeline(archive(changes, epochSeconds), gzip, named, options);
  const [stored] = await Promise.all([store.putStream(named, signal), packing]);
  await store.rememberLayer(diffId, stored);
  return { ...stored, diffId };
}

type EntryHeader = Partial<Header> & Pick<Header, "name">;

/** An uncompressed tar archive of the changes. */
function archive(changes: Changes, epochSeconds: number): Readable {
  const archiving = pack();
  // Whoever reads the archive gets the error too; unheard it would end the process.
  archiving.on("error", () => undefined);
  const mtime = new Date(epochSeconds * 1000);
  const write = async (): Promise<void> => {
    for (const path of [...changes.keys()].sort()) {
      const node = changes.get(path);
      if (node) await writeEntry(archiving, path, node, mtime);
    }
    archiving.finalize();
  };
  write().catch((cause) => archiving.destroy(cause instanceof Error ? cause : new Error(String(cause))));
  return Readable.from(archiving, { objectMode: false });
}

async function writeEntry(archiving: Pack, path: string, node: Node, mtime: Date): Promise<void> {
  const { mode, uid, gid } = node;
  const header = { mode, uid, gid, mtime };
  if (node.kind === "directory") {
    await writeHeader(archiving, { ...header, name: `${path}/`, type: "directory" });
  } else if (node.kind === "symlink") {
    await writeHeader(archiving, { ...header, name: path, type: "symlink", linkname: node.target });
  } else if (node.kind === "file") {
    await writeFile(archiving, { ...header, name: path, type: "file", size: node.size }, node);
  }
}

function writeHeader(archiving: Pack, header: EntryHeader): Promise<void> {
  return new Promise((done, failed) => {
    archiving.entry(header, "", (error) => (error ? failed(error) : done()));
  });
}

async function writeFile(archiving: Pack, header: EntryHeader, { content, size }: FileEntry): Promise<void> {
  if ("layer" in content) throw new Error(`${header.name}: the file was not taken out of ${content.layer}`);
  await new Promise<void>((done, failed) => {
    const sink = archiving.entry(header, (error) => (error ? failed(error) : done()));
    sink.on("error", failed);
    const feed = async (): Promise<void> => {
      if ("bytes" in content) sink.write(content.bytes);
      else if (size > 0) {
        // Not a byte more than announced: the file may be growing.
        for await (const chunk of createReadStream(content.path, { end: size - 1, highWaterMark: 1 << 18 })) {
          if (!sink.write(chunk)) await waitForRoom(sink);
        }
      }
      sink.end(null);
    };
    feed().catch(failed);
  });
}

/** Takes the operating system out of the gzip header: https://www.rfc-editor.org/rfc/rfc1952#page-5 */
function withoutSystem(): Transform {
  let position = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const at = 9 - position;
      if (at >= 0 && at < chunk.length) chunk[at] = 255;
      position += chunk.length;
      done(null, chunk);
    },
  });
}
