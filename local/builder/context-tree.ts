import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../ecr/files.ts";
import type { Ignore } from "./dockerignore.ts";
import { parseIgnore } from "./dockerignore.ts";
import { type Directory, type Node, newDirectory } from "./file-tree.ts";

/** The build context: what COPY and ADD can reach, without what `.dockerignore` keeps out. */
export interface BuildContext {
  readonly root: Directory;
  readonly ignore: Ignore;
  /** The file that the patterns come from, for messages; undefined when there is none. */
  readonly ignoreFile: string | undefined;
}

/**
 * Reads the build context's names. Owners are root, and of the mode only the executable bit counts: a checkout gives the
 * same image on every machine, whatever its umask.
 *
 * @param dockerfilePath beside it a `NAME.dockerignore` goes before the context's own
 */
export async function readContext(contextDir: string, dockerfilePath: string): Promise<BuildContext> {
  const { ignore, ignoreFile } = await readIgnore([
    `${dockerfilePath}.dockerignore`,
    join(contextDir, ".dockerignore"),
  ]);
  const root = newDirectory();
  await fill(root, contextDir, "", ignore);
  return { root, ignore, ignoreFile };
}

async function readIgnore(candidates: readonly string[]): Promise<Omit<BuildContext, "root">> {
  for (const path of candidates) {
    try {
      const ignoreFile = path.slice(path.lastIndexOf("/") + 1);
      return { ignore: parseIgnore(await readFile(path, "utf8")), ignoreFile };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return { ignore: parseIgnore(""), ignoreFile: undefined };
}

async function fill(directory: Directory, folder: string, place: string, ignore: Ignore): Promise<void> {
  const names = await readdir(folder);
  const found = await Promise.all(
    names.sort().map(async (name): Promise<readonly [string, Node | undefined]> => {
      const path = place === "" ? name : `${place}/${name}`;
      return [name, await read(join(folder, name), path, ignore)];
    }),
  );
  for (const [name, node] of found) if (node) directory.entries.set(name, node);
}

async function read(path: string, place: string, ignore: Ignore): Promise<Node | undefined> {
  const excluded = ignore.excludes(place);
  if (excluded && !ignore.hasExceptions) return undefined;
  const stats = await lstat(path);
  const owner = { uid: 0, gid: 0 };
  if (stats.isDirectory()) {
    const directory = newDirectory();
    await fill(directory, path, place, ignore);
    return excluded && directory.entries.size === 0 ? undefined : directory;
  }
  if (excluded) return undefined;
  if (stats.isSymbolicLink()) {
    return { kind: "symlink", target: await readlink(path), mode: 0o777, ...owner };
  }
  if (!stats.isFile()) return undefined;
  const mode = (stats.mode & 0o100) === 0 ? 0o644 : 0o755;
  return { kind: "file", size: stats.size, content: { path }, mode, ...owner };
}
