import { link, mkdir, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "./errors.ts";

/** Who holds a lock, as its file says. */
interface Holder {
  readonly pid: number;
  /** When that process began, where the system tells: a pid alone is used again. */
  readonly began: string | undefined;
}

export interface Lock {
  release(): Promise<void>;
}

let attempts = 0;

/**
 * Takes a lock file for this process. A lock whose process has ended is taken over.
 * @returns the pid of the living holder instead, when there is one
 * @throws Error when the file cannot be written
 */
export async function takeLock(file: string): Promise<Lock | number> {
  await mkdir(dirname(file), { recursive: true });
  attempts += 1;
  const mine = `${file}.${process.pid}.${attempts}`;
  const content = JSON.stringify({ pid: process.pid, began: await beginningOf(process.pid) });
  await writeFile(mine, content);
  try {
    for (;;) {
      // A hard link appears whole, and fails when the name is taken.
      if (await succeeds(link(mine, file), "EEXIST")) return { release: () => release(file, content) };
      const held = await readFile(file, "utf8").catch(() => undefined);
      const holder = held === undefined ? undefined : holderOf(held);
      if (holder !== undefined && (await isAlive(holder))) return holder.pid;
      await removeStale(file, held, mine);
    }
  } finally {
    await unlink(mine).catch(() => undefined);
  }
}

/** Takes a stale lock away; one that another process has taken over in between is put back. */
async function removeStale(file: string, stale: string | undefined, mine: string): Promise<void> {
  const aside = `${mine}.stale`;
  if (!(await succeeds(rename(file, aside), "ENOENT"))) return;
  if ((await readFile(aside, "utf8")) !== stale) await succeeds(link(aside, file), "EEXIST");
  await unlink(aside);
}

async function release(file: string, content: string): Promise<void> {
  const held = await readFile(file, "utf8").catch(() => undefined);
  if (held === content) await unlink(file).catch(() => undefined);
}

async function succeeds(action: Promise<void>, expected: string): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (hasCode(error, expected)) return false;
    throw error;
  }
}

/** A file that is no lock of ours counts as stale. */
function holderOf(text: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || !("pid" in parsed)) return undefined;
    if (typeof parsed.pid !== "number" || !Number.isSafeInteger(parsed.pid) || parsed.pid <= 0)
      return undefined;
    const began = "began" in parsed && typeof parsed.began === "string" ? parsed.began : undefined;
    return { pid: parsed.pid, began };
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, began }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if (!hasCode(error, "EPERM")) return false;
  }
  const actual = await beginningOf(pid);
  return began === undefined || actual === undefined || began === actual;
}

/** The start time of a process in clock ticks since boot: field 22 of proc_pid_stat(5). Linux only. */
async function beginningOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the command's name in parentheses, which may itself hold spaces and parentheses.
  return stat
    ?.slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .at(19);
}
