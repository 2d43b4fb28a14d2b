import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { digestOf, isDigest } from "./digest.ts";
import { isMissing, writeWhole } from "./files.ts";

/** Where some content is and how long. */
export interface Stored {
  readonly digest: string;
  readonly size: number;
}

/**
 * Content by its sha256, in one folder (the layout's `blobs/sha256/HEX`). Content is written beside
 * its place and renamed into it when it is whole, so that whatever is found under a digest is
 * complete. It is shared by everybody: who may see what is not decided here.
 */
export class BlobStore {
  readonly #folder: string;
  readonly #incoming: string;

  private constructor(folder: string, incoming: string) {
    this.#folder = folder;
    this.#incoming = incoming;
  }

  /** Opens the store below `root`. */
  static async open(root: string): Promise<BlobStore> {
    const folder = join(root, "blobs", "sha256");
    const incoming = join(root, "incoming");
    await mkdir(folder, { recursive: true });
    await mkdir(incoming, { recursive: true });
    return new BlobStore(folder, incoming);
  }

  /** The size in bytes, or undefined when there is no such content. */
  async size(digest: string): Promise<number | undefined> {
    if (!isDigest(digest)) return undefined;
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** A stream of the content, or of the bytes `start` to `end`, both included. */
  read(digest: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#path(digest), range ?? {});
  }

  /** The whole content, for what is small by nature (manifests, configs). Checked against its digest. */
  async bytes(digest: string): Promise<Buffer> {
    const bytes = await readFile(this.#path(digest));
    if (digestOf(bytes) !== digest) {
      throw new Error(`${this.#path(digest)} was changed on disk: remove the file and push the image again`);
    }
    return bytes;
  }

  /** Stores bytes that are already in memory. */
  async put(bytes: Uint8Array): Promise<Stored> {
    const digest = digestOf(bytes);
    if ((await this.size(digest)) !== bytes.length) await writeWhole(this.#path(digest), bytes);
    return { digest, size: bytes.length };
  }

  /** Stores a stream under the digest it turns out to have. */
  async putStream(source: Readable, signal?: AbortSignal): Promise<Stored> {
    const path = this.newFile();
    const hash = createHash("sha256");
    let size = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    try {
      await pipeline(source, measure, createWriteStream(path, { flags: "wx" }), signal ? { signal } : {});
      const digest = `sha256:${hash.digest("hex")}`;
      await this.adopt(path, digest);
      return { digest, size };
    } catch (cause) {
      await rm(path, { force: true });
      throw cause;
    }
  }

  /** A path for a file that is being written, on the same file system as the store. */
  newFile(): string {
    return join(this.#incoming, randomUUID());
  }

  /** Makes a whole file (from `newFile`), whose digest the caller has computed, the content of that digest. */
  async adopt(path: string, digest: string): Promise<void> {
    const file = await open(path, "r+");
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(path, this.#path(digest));
  }

  /** Removes all content but that of `wanted`, and what a crash left half written. Only while nothing else uses the store. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    await rm(this.#incoming, { recursive: true, force: true });
    await mkdir(this.#incoming);
    for (const hex of await readdir(this.#folder)) {
      if (!wanted.has(`sha256:${hex}`)) await rm(join(this.#folder, hex), { force: true });
    }
  }

  #path(digest: string): string {
    return join(this.#folder, digest.slice("sha256:".length));
  }
}
