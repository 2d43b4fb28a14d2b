import { GitError, runGit } from "../../codecommit/git.ts";

/** A bare repository. */
export interface GitFolder {
  readonly directory: string;
  /** Object folders of other repositories that are looked into as well: the two sides of a fork. */
  readonly borrowed?: readonly string[];
}

/** Runs git in a bare repository. */
export function git(repository: GitFolder, args: readonly string[], input?: string): Promise<Buffer> {
  const borrowed = repository.borrowed ?? [];
  return runGit(args, {
    gitDir: repository.directory,
    ...(input === undefined ? {} : { input }),
    ...(borrowed.length === 0
      ? {}
      : { environment: { GIT_ALTERNATE_OBJECT_DIRECTORIES: borrowed.join(":") } }),
  });
}

/** The same, for what git prints as text; the last line's end is left out. */
export async function gitText(
  repository: GitFolder,
  args: readonly string[],
  input?: string,
): Promise<string> {
  return (await git(repository, args, input)).toString("utf8").replace(/\n$/, "");
}

/** A branch, a tag or a commit in a request; anything that git would take for more than a name is none. */
const isName = (text: string): boolean =>
  text !== "" && text.length <= 1024 && !/[\p{Cc} ~^:?*[\\]|@\{|\.\./u.test(text);

/**
 * The commit that a branch, a tag, a full ref or a (shortened) commit id names.
 * @returns undefined when there is none
 */
export async function resolveCommit(repository: GitFolder, name: string): Promise<string | undefined> {
  return (await resolveAll(repository, [`refs/heads/${name}`, `refs/tags/${name}`, name], name))[0];
}

/** The commit of exactly this ref. */
export async function commitOfRef(repository: GitFolder, ref: string): Promise<string | undefined> {
  return (await resolveAll(repository, [ref], ref))[0];
}

async function resolveAll(
  repository: GitFolder,
  candidates: readonly string[],
  name: string,
): Promise<readonly string[]> {
  if (!isName(name)) return [];
  const asked = candidates.map((candidate) => `${candidate}^{commit}\n`).join("");
  const answers = (await gitText(repository, ["cat-file", "--batch-check=%(objectname)"], asked)).split("\n");
  return answers.filter((answer) => /^[0-9a-f]{40,64}$/.test(answer));
}

/** Where two histories parted; undefined when they have nothing in common. */
export async function mergeBase(
  repository: GitFolder,
  one: string,
  other: string,
): Promise<string | undefined> {
  try {
    return (await gitText(repository, ["merge-base", one, other])).split("\n")[0];
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return undefined;
    throw error;
  }
}

/** Whether a commit is in another one's history; also of itself. */
export async function isAncestor(repository: GitFolder, ancestor: string, commit: string): Promise<boolean> {
  return (await mergeBase(repository, ancestor, commit)) === ancestor;
}

/** How many commits each of two has that the other has not. */
export async function countApart(
  repository: GitFolder,
  base: string,
  head: string,
): Promise<{ readonly behind: number; readonly ahead: number }> {
  const text = await gitText(repository, ["rev-list", "--left-right", "--count", `${base}...${head}`]);
  const [behind = 0, ahead = 0] = text.split("\t").map(Number);
  return { behind, ahead };
}
