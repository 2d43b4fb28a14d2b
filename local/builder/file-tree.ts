import { Refusal } from "./build-error.ts";

/** Where a file's bytes are: on this machine, in memory, or in a layer (by its digest and the entry's name there). */
export type Content =
  | { readonly path: string }
  | { readonly bytes: Uint8Array }
  | { readonly layer: string; readonly entry: string };

export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface FileEntry extends Ownership {
  readonly kind: "file";
  readonly size: number;
  readonly content: Content;
}

export interface SymlinkEntry extends Ownership {
  readonly kind: "symlink";
  readonly target: string;
}

/** A device or pipe: it keeps its place, but cannot be copied. */
export interface SpecialEntry extends Ownership {
  readonly kind: "special";
}

export interface Directory extends Ownership {
  readonly kind: "directory";
  readonly entries: Map<string, Node>;
  /** Named by WORKDIR but in no layer yet: the first layer that writes into it brings it along. */
  readonly pending?: boolean;
}

export type Node = FileEntry | SymlinkEntry | SpecialEntry | Directory;

/** As many links as Linux follows in one path. */
const linkLimit = 40;

/** An empty directory of root's. */
export function newDirectory(owner: Partial<Ownership> = {}): Directory {
  return { kind: "directory", mode: 0o755, uid: 0, gid: 0, ...owner, entries: new Map() };
}

/** A copy whose directories can be changed without changing the original's. */
export function cloneTree(directory: Directory): Directory {
  const entries = new Map<string, Node>();
  for (const [name, node] of directory.entries) {
    entries.set(name, node.kind === "directory" ? cloneTree(node) : node);
  }
  return { ...directory, entries };
}

/** The steps of a path, `.` and `..` done away with; nothing leads above the root. */
export function stepsOf(path: string): string[] {
  const steps: string[] = [];
  for (const step of path.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  return steps;
}

/**
 * The path without symbolic links, each taken from the tree's own root. The part that does not exist is kept as it is.
 *
 * @throws Refusal when links go round in circles
 */
export function resolveLinks(root: Directory, path: string): string[] {
  const waiting = stepsOf(path);
  let done: string[] = [];
  for (let links = 0; waiting.length > 0; ) {
    const step = waiting.shift() ?? "";
    if (step === "..") {
      done.pop();
      continue;
    }
    const node = lookUp(root, [...done, step]);
    if (node?.kind !== "symlink") {
      done.push(step);
      continue;
    }
    links += 1;
    if (links > linkLimit)
      throw new Refusal(`${path} has symbolic links that go round in circles`, "mend them");
    if (node.target.startsWith("/")) done = [];
    waiting.unshift(...node.target.split("/").filter((part) => part !== "" && part !== "."));
  }
  return done;
}

/** What stands at exactly these steps; links are not followed. */
export function lookUp(root: Directory, steps: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const step of steps) node = node?.kind === "directory" ? node.entries.get(step) : undefined;
  return node;
}

/** What stands at a path, all links followed. */
export function find(root: Directory, path: string): Node | undefined {
  return lookUp(root, resolveLinks(root, path));
}

/**
 * The directory at a path, links followed; what is missing of it is made.
 *
 * @param made told each directory that was missing or still pending, outermost first
 * @throws Refusal when something else than a directory stands in the way
 */
export function makeDirectory(
  root: Directory,
  path: string,
  owner: Partial<Ownership>,
  made: (steps: readonly string[], directory: Directory) => void = () => undefined,
): Directory {
  let directory = root;
  const steps = resolveLinks(root, path);
  for (const [index, step] of steps.entries()) {
    const existing = directory.entries.get(step);
    if (existing !== undefined && existing.kind !== "directory") {
      throw new Refusal(
        `/${steps.slice(0, index + 1).join("/")} is not a directory`,
        "choose another destination",
      );
    }
    let next = existing;
    if (!next || next.pending) {
      const { pending: _done, ...kept } = next ?? newDirectory(owner);
      next = kept;
      directory.entries.set(step, next);
      made(steps.slice(0, index + 1), next);
    }
    directory = next;
  }
  return directory;
}
