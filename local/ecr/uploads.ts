import type { Hash } from "node:crypto";
import { createHash, randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open, rm } from "node:fs/promises";
import type { BlobStore } from "./blob-store.ts";

/** An upload nobody has touched for this long is dropped. */
const idleLimitMs = 60 * 60 * 1000;

/** A layer on its way in, part by part. It lives as long as the process: after a restart clients begin again, as they do on AWS. */
export class Upload {
  readonly id = randomUUID();
  readonly repositoryName: string;
  /** The sizes of the parts, for the APIs that have rules about them. */
  readonly partSizes: number[] = [];
  readonly #path: string;
  readonly #hash: Hash = createHash("sha256");
  #file: FileHandle | undefined;
  #size = 0;
  #last: Promise<unknown> = Promise.resolve();
  touchedAt: number;

  constructor(repositoryName: string, path: string, now: number) {
    this.repositoryName = repositoryName;
    this.#path = path;
    this.touchedAt = now;
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#size;
  }

  /** Runs `work` when everything begun earlier on this upload has ended, so that two requests cannot interleave. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Appends what `chunks` gives. What arrived before an error stays: the client asks where to go on. */
  async append(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#file ??= await open(this.#path, "wx");
    const before = this.#size;
    try {
      for await (const chunk of chunks) {
        await writeAt(this.#file, chunk, this.#size);
        this.#hash.update(chunk);
        this.#size += chunk.length;
      }
    } finally {
      if (this.#size > before) this.partSizes.push(this.#size - before);
    }
  }

  /** The digest of everything received. Ends the upload's use: nothing can be appended afterwards. */
  async finish(blobs: BlobStore, expected: string): Promise<"stored" | { readonly actual: string }> {
    this.#file ??= await open(this.#path, "wx");
    await this.#file.truncate(this.#size);
    await this.#file.close();
    this.#file = undefined;
    const actual = `sha256:${this.#hash.digest("hex")}`;
    if (actual !== expected) {
      await rm(this.#path, { force: true });
      return { actual };
    }
    await blobs.adopt(this.#path, actual);
    return "stored";
  }

  /** Gives up, and removes what was received. */
  async discard(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await rm(this.#path, { force: true });
  }
}

/** Writes all of a chunk at its place: what a failed write left there is written over when the client goes on. */
async function writeAt(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const rest = chunk.subarray(written);
    written += (await file.write(rest, 0, rest.length, position + written)).bytesWritten;
  }
}

/** The uploads under way, by id. */
export class Uploads {
  readonly #blobs: BlobStore;
  readonly #now: () => number;
  readonly #open = new Map<string, Upload>();

  constructor(blobs: BlobStore, now: () => number) {
    this.#blobs = blobs;
    this.#now = now;
  }

  /** Begins an upload into a repository. */
  async begin(repositoryName: string): Promise<Upload> {
    await this.#dropIdle();
    const upload = new Upload(repositoryName, this.#blobs.newFile(), this.#now());
    this.#open.set(upload.id, upload);
    return upload;
  }

  /** The upload of that id, if it belongs to the repository. */
  find(repositoryName: string, id: string): Upload | undefined {
    const upload = this.#open.get(id);
    if (upload?.repositoryName !== repositoryName) return undefined;
    upload.touchedAt = this.#now();
    return upload;
  }

  /** Checks the upload against the digest its sender gave and stores it; the upload is over either way. */
  async complete(upload: Upload, digest: string): Promise<"stored" | { readonly actual: string }> {
    this.#open.delete(upload.id);
    return upload.finish(this.#blobs, digest);
  }

  /** Cancels an upload. */
  async cancel(upload: Upload): Promise<void> {
    this.#open.delete(upload.id);
    await upload.discard();
  }

  /** Cancels all of them. */
  async close(): Promise<void> {
    for (const upload of [...this.#open.values()]) await this.cancel(upload);
  }

  async #dropIdle(): Promise<void> {
    for (const upload of [...this.#open.values()]) {
      if (this.#now() - upload.touchedAt > idleLimitMs) await this.cancel(upload);
    }
  }
}
