import { type GitFolder, git, gitText } from "./revisions.ts";

export interface TreeEntry {
  readonly type: "file" | "dir" | "symlink" | "submodule";
  readonly path: string;
  readonly sha: string;
  /** Bytes; 0 for what is no blob. */
  readonly size: number;
}

/** `MODE SP TYPE SP OBJECT SP SIZE TAB PATH`: https://git-scm.com/docs/git-ls-tree */
const ENTRY = /^(\d+) (\w+) (\S+) +(\d+|-)\t(.+)$/s;

/** What is at a path of a commit; undefined when nothing is. The top folder is the path "". */
export async function entryAt(
  repository: GitFolder,
  commit: string,
  path: string,
): Promise<TreeEntry | undefined> {
  if (path === "") return { type: "dir", path, sha: `${commit}^{tree}`, size: 0 };
  const text = await gitText(repository, [
    "ls-tree",
    "-z",
    "-l",
    "--full-tree",
    commit,
    "--",
    `:(literal)${path}`,
  ]);
  return parseEntries(text).find((entry) => entry.path === path);
}

/** What is directly in a folder of a commit. */
export async function entriesIn(
  repository: GitFolder,
  commit: string,
  path: string,
): Promise<readonly TreeEntry[]> {
  const inside = path === "" ? [] : ["--", `:(literal)${path}/`];
  return parseEntries(await gitText(repository, ["ls-tree", "-z", "-l", "--full-tree", commit, ...inside]));
}

export function readBlob(repository: GitFolder, sha: string): Promise<Buffer> {
  return git(repository, ["cat-file", "blob", sha]);
}

function parseEntries(text: string): readonly TreeEntry[] {
  return text.split("\0").flatMap((line) => {
    const [, mode, type, sha, size, path] = ENTRY.exec(line) ?? [];
    if (mode === undefined || sha === undefined || path === undefined) return [];
    return [{ type: entryType(mode, type), path, sha, size: Number(size) || 0 }];
  });
}

function entryType(mode: string, type: string | undefined): TreeEntry["type"] {
  if (mode === "120000") return "symlink";
  if (type === "tree") return "dir";
  return type === "commit" ? "submodule" : "file";
}
