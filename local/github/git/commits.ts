import { type GitFolder, gitText } from "./revisions.ts";

export interface Person {
  readonly name: string;
  readonly email: string;
  /** ISO 8601 with the offset that the person's clock had. */
  readonly date: string;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
}

/** Fields of git's pretty formats, in the order of `parse`: https://git-scm.com/docs/pretty-formats */
const FIELDS = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"];

/**
 * Reads commits.
 * @param selection arguments of `git log`: a range and limits, or `--no-walk` with ids
 */
export async function readCommits(
  repository: GitFolder,
  selection: readonly string[],
): Promise<readonly Commit[]> {
  const format = `--format=tformat:${FIELDS.join("%x00")}`;
  const text = (await gitText(repository, ["log", "-z", format, ...selection, "--"])).replace(/\0$/, "");
  if (text === "") return [];
  const values = text.split("\0");
  const commits: Commit[] = [];
  for (let at = 0; at < values.length; at += FIELDS.length) {
    commits.push(parse(values.slice(at, at + FIELDS.length)));
  }
  return commits;
}

/** Reads one commit that is known to exist. */
export async function readCommit(repository: GitFolder, sha: string): Promise<Commit> {
  const [commit] = await readCommits(repository, ["--no-walk", sha]);
  if (commit === undefined) throw new Error(`git log shows no commit ${sha}`);
  return commit;
}

function parse(values: readonly string[]): Commit {
  const [sha = "", tree = "", parents = "", ...rest] = values;
  const [authorName = "", authorEmail = "", authored = "", ...committing] = rest;
  const [committerName = "", committerEmail = "", committed = "", message = ""] = committing;
  return {
    sha,
    tree,
    parents: parents === "" ? [] : parents.split(" "),
    author: { name: authorName, email: authorEmail, date: zulu(authored) },
    committer: { name: committerName, email: committerEmail, date: zulu(committed) },
    message: message.replace(/\n+$/, ""),
  };
}

/** GitHub writes UTC as `Z`. */
const zulu = (date: string): string => date.replace(/\+00:00$/, "Z");
