import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { constants, createGunzip, gunzipSync } from "node:zlib";
import { Refusal } from "./build-error.ts";
import { type Directory, type FileEntry, newDirectory } from "./file-tree.ts";
import type { Spool } from "./spool.ts";
import { addArchive, tarArchive } from "./tar-reader.ts";

/** How much of a file is looked at to tell what it is. */
const sniffBytes = 64 * 1024;

/**
 * What ADD unpacks: the contents of a local tar archive, plain or with gzip. Undefined when the file is no archive and is
 * copied as it is.
 *
 * @throws Refusal for a compression that cannot be undone here
 * @see https://docs.docker.com/reference/dockerfile/#adding-local-tar-archives
 */
export async function unpackArchive(
  name: string,
  { content, size }: FileEntry,
  spool: Spool,
  signal: AbortSignal | undefined,
): Promise<Directory | undefined> {
  if (!("path" in content) || size === 0) return undefined;
  const kind = await kindOf(content.path);
  if (kind === "other") return undefined;
  if (kind !== "tar" && kind !== "tar.gz") {
    throw new Refusal(
      `ADD ${name}: the file is compressed with ${kind}, which the built-in builder cannot undo`,
      "compress the archive with gzip; or use COPY to have the file as it is",
    );
  }
  const root = newDirectory();
  const decompress = kind === "tar.gz" ? createGunzip() : undefined;
  const read = tarArchive(createReadStream(content.path), decompress, signal);
  try {
    await addArchive(root, read, false, (entry) => spool.keep(entry));
  } catch (cause) {
    if (signal?.aborted || cause instanceof Refusal) throw cause;
    throw new Refusal(`ADD ${name}: the archive cannot be read`, "make the archive again", { cause });
  }
  return root;
}

async function kindOf(path: string): Promise<"tar" | "tar.gz" | "bzip2" | "xz" | "zstd" | "other"> {
  const start = await readStart(path);
  const magic = start.subarray(0, 6).toString("hex");
  if (magic.startsWith("425a68")) return "bzip2";
  if (magic === "fd377a585a00") return "xz";
  if (magic.startsWith("28b52ffd")) return "zstd";
  if (magic.startsWith("1f8b")) return isTar(gunzipStart(start)) ? "tar.gz" : "other";
  return isTar(start) ? "tar" : "other";
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(sniffBytes);
    return buffer.subarray(0, (await file.read(buffer, 0, sniffBytes, 0)).bytesRead);
  } finally {
    await file.close();
  }
}

function gunzipStart(start: Buffer): Buffer {
  try {
    return gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}

/** Both of the formats in use have this word in every header. */
function isTar(bytes: Buffer): boolean {
  return bytes.subarray(257, 262).toString("latin1") === "ustar";
}
