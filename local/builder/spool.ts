import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ArchiveEntry } from "./tar-reader.ts";

/** Files that a build needs for a while: what it takes out of archives and layers. */
export class Spool {
  readonly #parent: string;
  #folder: Promise<string> | undefined;
  #count = 0;

  /** @param parent the folder that a folder of its own is made in, once it is needed */
  constructor(parent: string) {
    this.#parent = parent;
  }

  /** Writes an archive's entry to a file of its own. */
  async keep(entry: ArchiveEntry): Promise<{ readonly path: string }> {
    this.#folder ??= mkdtemp(join(this.#parent, "tandem-build-"));
    this.#count += 1;
    const path = join(await this.#folder, String(this.#count));
    const bytes = Readable.from(entry, { objectMode: false });
    await pipeline(bytes, createWriteStream(path, { flags: "wx", mode: 0o600 }));
    return { path };
  }

  /** Removes all of them. */
  async clear(): Promise<void> {
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true });
  }
}
