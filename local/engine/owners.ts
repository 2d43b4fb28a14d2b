import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The folders in which emulators keep what their engine needs, each with the process that owns it: whoever comes later can
 * tell the remains of a crash from what somebody else is using.
 */
const prefix = "tandem-podman-";
const graceMs = 10_000;

export const folderOf = (instance: string): string => join(tmpdir(), `${prefix}${instance}`);

/** When a process was started, in the kernel's ticks: a process id alone is given out again. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Makes the folder of an instance, owned by this process. */
export async function own(instance: string): Promise<string> {
  const folder = folderOf(instance);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "owner"), `${process.pid} ${(await startOf(process.pid)) ?? ""}\n`);
  return folder;
}

/** The folders whose owner is gone, and the one of `instance`: the remains of crashes. */
export async function abandoned(instance: string): Promise<readonly string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  const found: string[] = [];
  for (const name of names) {
    const folder = join(tmpdir(), name);
    if (folder === folderOf(instance) || !(await isOwned(folder))) found.push(folder);
  }
  return found;
}

async function isOwned(folder: string): Promise<boolean> {
  let owner: string;
  try {
    owner = await readFile(join(folder, "owner"), "utf8");
  } catch {
    return isNew(folder);
  }
  const [pid, start] = owner.trim().split(" ");
  return start !== undefined && (await startOf(Number(pid))) === start;
}

/** A folder that was made just now gets its owner in a moment. */
async function isNew(folder: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(folder)).mtimeMs < graceMs;
  } catch {
    return false;
  }
}
