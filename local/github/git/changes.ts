import { type GitFolder, gitText } from "./revisions.ts";

/** How one file differs between two trees, in the words of the REST API. */
export interface FileChange {
  readonly status: "added" | "removed" | "modified" | "renamed" | "changed";
  readonly path: string;
  readonly previousPath?: string;
  /** The blob after the change; before it, when the file is gone. */
  readonly blob: string;
  /** Lines; 0 for a binary file. */
  readonly additions: number;
  readonly deletions: number;
}

/** What git compares when there is nothing before: the tree without a file. */
export async function emptyTree(repository: GitFolder): Promise<string> {
  return gitText(repository, ["hash-object", "-t", "tree", "--stdin"], "");
}

/**
 * The files that differ between two trees, with renames found.
 * @param before a commit or tree
 */
export async function changedFiles(
  repository: GitFolder,
  before: string,
  after: string,
): Promise<readonly FileChange[]> {
  const text = await gitText(repository, [
    "diff-tree",
    "-r",
    "-z",
    "-M",
    "--raw",
    "--numstat",
    before,
    after,
  ]);
  const fields = new Fields(text);
  const raw: RawChange[] = [];
  while (fields.peek()?.startsWith(":") === true) raw.push(readRaw(fields));
  const counts = new Map<string, readonly [number, number]>();
  while (fields.peek() !== undefined) {
    const [path, additions, deletions] = readCounts(fields);
    counts.set(path, [additions, deletions]);
  }
  return raw.map((change) => {
    const [additions, deletions] = counts.get(change.path) ?? [0, 0];
    return { ...change, additions, deletions };
  });
}

/** The fields of git's `-z` formats, one after the other. */
class Fields {
  readonly #fields: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#fields = text === "" ? [] : text.replace(/\0$/, "").split("\0");
  }

  peek(): string | undefined {
    return this.#fields[this.#at];
  }

  take(): string {
    const field = this.#fields[this.#at] ?? "";
    this.#at += 1;
    return field;
  }
}

type RawChange = Omit<FileChange, "additions" | "deletions">;

/** `:MODE MODE BLOB BLOB LETTER`, the path, and after a rename the new path: https://git-scm.com/docs/diff-format */
function readRaw(fields: Fields): RawChange {
  const [, , before = "", after = "", letter = ""] = fields.take().slice(1).split(" ");
  const path = fields.take();
  switch (letter.charAt(0)) {
    case "A":
      return { status: "added", path, blob: after };
    case "D":
      return { status: "removed", path, blob: before };
    case "R":
      return { status: "renamed", previousPath: path, path: fields.take(), blob: after };
    case "T":
      return { status: "changed", path, blob: after };
    default:
      return { status: "modified", path, blob: after };
  }
}

/** `added TAB deleted TAB path`; for a rename the path is empty, and both paths follow. `-` stands for binary. */
function readCounts(fields: Fields): readonly [string, number, number] {
  const [additions = "0", deletions = "0", ...path] = fields.take().split("\t");
  const name = path.join("\t");
  if (name === "") fields.take();
  return [name === "" ? fields.take() : name, Number(additions) || 0, Number(deletions) || 0];
}

/** The paths that one commit changed, as a push event lists them: a rename is a removal and an addition. */
export interface ChangedPaths {
  readonly added: string[];
  readonly removed: string[];
  readonly modified: string[];
}

/** What each of some commits changed against its first parent. */
export async function changedPaths(
  repository: GitFolder,
  commits: readonly string[],
): Promise<ReadonlyMap<string, ChangedPaths>> {
  const found = new Map<string, ChangedPaths>();
  if (commits.length === 0) return found;
  const options = ["--no-walk=unsorted", "--stdin", "-m", "--first-parent", "--no-renames"];
  const args = ["log", ...options, "--name-status", "-z", "--format=%H"];
  const fields = new Fields(await gitText(repository, args, commits.map((id) => `${id}\n`).join("")));
  let current: ChangedPaths = { added: [], removed: [], modified: [] };
  for (let field = fields.peek(); field !== undefined; field = fields.peek()) {
    // A line end parts a commit from its first change.
    const word = fields.take().replace(/^\n/, "");
    if (/^[0-9a-f]{40,64}$/.test(word)) {
      current = { added: [], removed: [], modified: [] };
      found.set(word, current);
    } else {
      const list = word === "A" ? current.added : word === "D" ? current.removed : current.modified;
      list.push(fields.take());
    }
  }
  return found;
}
