import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runGit } from "./git.ts";

const DEFAULT_BRANCH = "main";

/**
 * Makes a bare git repository, whole or not at all.
 *
 * @param directory where it will be; the folder above must be there
 * @param fill adds to it before it is at its place
 */
export async function createBareRepository(
  directory: string,
  fill: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = join(dirname(directory), `.new-${randomUUID()}`);
  try {
    await runGit(["init", "--quiet", "--bare", "--template=", `--initial-branch=${DEFAULT_BRANCH}`, draft]);
    // A push stays one pack: unpacked into loose objects, every clone would have to pack them again.
    await runGit(["-C", draft, "config", "receive.unpackLimit", "1"]);
    await fill(draft);
    await rename(draft, directory);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}
