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
  if (!isName(name)) return undefined;
  const isId = /^[0-9a-f]{40}$/.test(name);
  const full = name.startsWith("refs/") ? name : `refs/${name}`;
  const refs = [`refs/heads/${name}`, `refs/tags/${name}`, full];
  return (
    (isId ? await commitOf(repository, name) : undefined) ??
    (await commitOfRef(repository, ...refs)) ??
    (/^(HEAD|[0-9a-f]{4,39})$/.test(name) ? await commitOf(repository, name) : undefined)
  );
}

/**
 * The commit of the first of these refs that is there. Only they are looked for: where git parses a name, it also finds
 * a commit in `refs/heads/nothing-1-gABBREVIATION`.
 */
export async function commitOfRef(
  repository: GitFolder,
  ...refs: readonly string[]
): Promise<string | undefined> {
  if (!refs.every(isName)) return undefined;
  const format = "--format=%(refname) %(objecttype) %(objectname)";
  const found = (await gitText(repository, ["for-each-ref", format, ...refs])).split("\n");
  for (const ref of refs) {
    const [type, object] =
      found
        .find((line) => line.startsWith(`${ref} `))
        ?.slice(ref.length + 1)
        .split(" ") ?? [];
    if (type === "commit") return object;
    if (object !== undefined) return commitOf(repository, object);
  }
  return undefined;
}

/** More commits than are asked for again; to ask git is to start a process. */
const MOST_KNOWN = 10_000;
const known = new Set<string>();

/** The commit that an object id (or HEAD) leads to: a tag's is peeled. A commit that was there once stays. */
export async function commitOf(repository: GitFolder, id: string): Promise<string | undefined> {
  const place = `${repository.directory} ${id}`;
  if (known.has(place)) return id;
  const answer = await gitText(repository, ["cat-file", "--batch-check=%(objectname)"], `${id}^{commit}\n`);
  if (!/^[0-9a-f]{40,64}$/.test(answer)) return undefined;
  if (answer === id) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.add(place);
  }
  return answer;
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
