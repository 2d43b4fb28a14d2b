/** A person and a moment, in CodeCommit's words: `date` is git's own `<seconds> <±zzzz>`. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly date: string;
}

export interface Commit {
  readonly commitId: string;
  readonly treeId: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
  readonly additionalData: string;
}

/**
 * Reads a commit object as `git cat-file` prints it: headers (continued by lines that start with a space), an empty
 * line, the message. See "Commit object information" in https://git-scm.com/docs/git-commit-tree.
 *
 * @throws Error when it is not a commit object
 */
export function parseCommit(commitId: string, text: string): Commit {
  const end = text.indexOf("\n\n");
  const head = end === -1 ? text : text.slice(0, end);
  const parents: string[] = [];
  let treeId: string | undefined;
  let author: Signature | undefined;
  let committer: Signature | undefined;
  const additional: string[] = [];
  for (const line of head.split("\n")) {
    const space = line.indexOf(" ");
    const key = line.slice(0, space);
    const value = line.slice(space + 1);
    if (key === "tree") treeId = value;
    else if (key === "parent") parents.push(value);
    else if (key === "author") author = signature(value);
    else if (key === "committer") committer = signature(value);
    else additional.push(line);
  }
  if (treeId === undefined || author === undefined || committer === undefined) {
    throw new Error(`${commitId} is not a commit object`);
  }
  const message = end === -1 ? "" : text.slice(end + 2);
  return { commitId, treeId, parents, message, author, committer, additionalData: additional.join("\n") };
}

function signature(text: string): Signature | undefined {
  const [, name, email, date] = /^(.*?) ?<([^>]*)> (\d+ [+-]\d{4})$/.exec(text) ?? [];
  if (name === undefined || email === undefined || date === undefined) return undefined;
  return { name, email, date };
}
