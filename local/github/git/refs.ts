import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitFolder, git, gitText } from "./revisions.ts";

export interface Ref {
  /** `refs/heads/main` */
  readonly ref: string;
  /** The object itself: for an annotated tag the tag, not the commit. */
  readonly object: string;
  readonly type: string;
}

/** The refs below a prefix, by name. */
export async function listRefs(
  repository: GitFolder,
  ...prefixes: readonly string[]
): Promise<readonly Ref[]> {
  const format = "--format=%(objectname) %(objecttype) %(refname)";
  const text = await gitText(repository, ["for-each-ref", format, ...prefixes]);
  return text.split("\n").flatMap((line) => {
    const [, object, type, ref] = /^(\S+) (\S+) (.+)$/.exec(line) ?? [];
    return object === undefined || type === undefined || ref === undefined ? [] : [{ ref, object, type }];
  });
}

/** The branches' names and commits, by name. */
export async function listBranches(
  repository: GitFolder,
): Promise<readonly { readonly name: string; readonly sha: string }[]> {
  const refs = await listRefs(repository, "refs/heads/");
  return refs.map(({ ref, object }) => ({ name: ref.slice("refs/heads/".length), sha: object }));
}

/** The branch that HEAD names, be there a commit on it or not. */
export async function defaultBranch(repository: GitFolder): Promise<string> {
  const head = await readFile(join(repository.directory, "HEAD"), "utf8");
  return /^ref: refs\/heads\/(.+)\n?$/.exec(head)?.[1] ?? "main";
}

export async function setDefaultBranch(repository: GitFolder, branch: string): Promise<void> {
  await git(repository, ["symbolic-ref", "HEAD", `refs/heads/${branch}`]);
}

export async function writeRef(repository: GitFolder, ref: string, commit: string): Promise<void> {
  await git(repository, ["update-ref", ref, commit]);
}

/** Brings a commit, with what it stands on, from another repository of this machine to a ref of this one. */
export async function fetchInto(
  repository: GitFolder,
  from: string,
  refspecs: readonly string[],
): Promise<void> {
  await git(repository, ["fetch", "--quiet", "--no-tags", from, ...refspecs]);
}
