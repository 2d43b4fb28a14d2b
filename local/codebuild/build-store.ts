import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readState, StateError, writeState } from "../state.ts";
import { type Build, build } from "./model.ts";

const VERSION = 1;

const idempotency = z.object({ token: z.string(), parameters: z.string() });
const stored = z.object({ build, idempotency: idempotency.optional() });
/** `parameters` is a digest of what StartBuild was called with. */
export type Idempotency = z.infer<typeof idempotency>;

export interface BuildStore {
  find(id: string): Build | undefined;
  /** Newest first. */
  list(): readonly Build[];
  /** The build that was started with a token since a moment (seconds since the epoch). */
  startedWith(
    token: string,
    since: number,
  ): { readonly build: Build; readonly parameters: string } | undefined;
  /** Takes a new build; resolves when it is on the disk. */
  add(build: Build, idempotency?: Idempotency): Promise<void>;
  /** Replaces a build. It is seen at once, and written behind. */
  update(build: Build): void;
  /** Resolves when everything is on the disk. */
  flush(): Promise<void>;
}

/**
 * Opens the builds below a folder.
 *
 * @throws StateError naming the file when one cannot be read
 */
export async function openBuildStore(folder: string, say: (line: string) => void): Promise<BuildStore> {
  await mkdir(folder, { recursive: true });
  const records = new Map<string, z.infer<typeof stored>>();
  for (const entry of (await readdir(folder)).filter((name) => name.endsWith(".json")).sort()) {
    const file = join(folder, entry);
    const parsed = stored.safeParse(await readState(file, VERSION));
    if (!parsed.success) {
      throw new StateError(`${file} is not a stored CodeBuild build: move it away, or use another --state`);
    }
    records.set(parsed.data.build.id, parsed.data);
  }
  // One write after another for each build, and only of what is newest when its turn comes.
  const writing = new Map<string, Promise<void>>();
  const save = (id: string): Promise<void> => {
    const next = (writing.get(id) ?? Promise.resolve()).then(async () => {
      const record = records.get(id);
      if (record !== undefined) await writeState(join(folder, `${uuidOf(id)}.json`), VERSION, record);
    });
    const settled = next.catch(() => {});
    writing.set(id, settled);
    settled.then(() => {
      if (writing.get(id) === settled) writing.delete(id);
    });
    return next;
  };
  return {
    find: (id) => records.get(id)?.build,
    list: () =>
      [...records.values()]
        .map((record) => record.build)
        .sort((a, b) => b.startTime - a.startTime || b.buildNumber - a.buildNumber),
    startedWith: (token, since) => {
      for (const record of records.values()) {
        if (record.idempotency?.token !== token || record.build.startTime < since) continue;
        return { build: record.build, parameters: record.idempotency.parameters };
      }
      return undefined;
    },
    add: async (added, key) => {
      records.set(added.id, { build: added, ...(key === undefined ? {} : { idempotency: key }) });
      await save(added.id);
    },
    update: (changed) => {
      const record = records.get(changed.id);
      if (record === undefined) throw new Error(`there is no build ${changed.id}`);
      records.set(changed.id, { ...record, build: changed });
      save(changed.id).catch((error: unknown) =>
        say(`codebuild: ${changed.id} could not be stored: ${String(error)}`),
      );
    },
    flush: async () => {
      await Promise.all(writing.values());
    },
  };
}

/** The part of a build's id `project:uuid` that names its log stream. */
export function uuidOf(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}
