import { Refusal } from "./build-error.ts";
import { isWildcard, stepMatcher } from "./dockerignore.ts";
import {
  type Directory,
  find,
  lookUp,
  makeDirectory,
  type Node,
  newDirectory,
  type Ownership,
  resolveLinks,
  stepsOf,
} from "./file-tree.ts";

/** What a layer brings, by path (no leading slash). */
export type Changes = Map<string, Node>;

/** Something to copy and the name it has when its destination is a directory. */
export interface Source {
  readonly name: string;
  readonly node: Node;
}

export interface CopyRequest {
  readonly sources: readonly Source[];
  /** An absolute path in the image. */
  readonly destination: string;
  /** Whether the destination is a directory by the way it is written, or because there are several sources. */
  readonly intoDirectory: boolean;
  /** What `--chown` and `--chmod` say, also for directories that have to be made. */
  readonly owner: Partial<Ownership>;
}

/**
 * Finds what a source of COPY means: a file or directory, links followed, or everything a pattern matches.
 *
 * @throws Refusal when there is nothing
 */
export function findSources(
  root: Directory,
  pattern: string,
  missing: (pattern: string) => Refusal,
): Source[] {
  const steps = stepsOf(pattern);
  const paths = steps.some(isWildcard) ? matches(root, steps) : [steps];
  const sources = paths.flatMap((path): Source[] => {
    const node = find(root, path.join("/"));
    return node ? [{ name: path.at(-1) ?? "", node }] : [];
  });
  if (sources.length === 0) throw missing(pattern);
  return sources;
}

function matches(root: Directory, steps: readonly string[]): string[][] {
  let found: string[][] = [[]];
  for (const step of steps) {
    const match = isWildcard(step) ? stepMatcher(step) : (name: string) => name === step;
    found = found.flatMap((path) => {
      const node = find(root, path.join("/"));
      if (node?.kind !== "directory") return [];
      return [...node.entries.keys()]
        .filter(match)
        .sort()
        .map((name) => [...path, name]);
    });
  }
  return found;
}

/**
 * Copies into a tree by COPY's rules: of a directory its contents, a file under its own name into a
 * directory, or as the destination.
 *
 * @returns what is new or changed, i.e. the layer
 * @throws Refusal when a file and a directory collide
 * @see https://docs.docker.com/reference/dockerfile/#destination
 */
export function copyInto(root: Directory, request: CopyRequest): Changes {
  const { sources, destination, owner } = request;
  const changes: Changes = new Map();
  const { mode: _mode, ...parents } = owner;
  const ensure = (path: string): Directory =>
    makeDirectory(root, path, parents, (steps, directory) => changes.set(steps.join("/"), directory));
  for (const { name, node } of sources) {
    if (node.kind === "directory") {
      ensure(destination);
      merge(root, changes, resolveLinks(root, destination), node, owner);
      continue;
    }
    const into = request.intoDirectory || find(root, destination)?.kind === "directory";
    const steps = stepsOf(into ? `${destination}/${name}` : destination);
    ensure(steps.slice(0, -1).join("/"));
    place(root, changes, resolveLinks(root, steps.join("/")), node, owner);
  }
  return changes;
}

function merge(
  root: Directory,
  changes: Changes,
  into: readonly string[],
  from: Directory,
  owner: Partial<Ownership>,
): void {
  for (const [name, node] of [...from.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const steps = resolveParents(root, [...into, name]);
    if (node.kind !== "directory") {
      place(root, changes, steps, node, owner);
      continue;
    }
    const target = resolveLinks(root, steps.join("/"));
    const existing = lookUp(root, target);
    if (existing && existing.kind !== "directory") throw collision(target, "a directory", "a file");
    if (!existing || existing.pending) {
      const { mode, uid, gid } = { ...node, ...owner };
      const made = { ...newDirectory({ mode, uid, gid }), entries: existing?.entries ?? new Map() };
      put(root, target, made);
      changes.set(target.join("/"), made);
    }
    merge(root, changes, target, node, owner);
  }
}

function place(
  root: Directory,
  changes: Changes,
  steps: readonly string[],
  node: Node,
  owner: Partial<Ownership>,
): void {
  if (node.kind === "special") {
    throw new Refusal(`${steps.at(-1)} is a device or a pipe`, "copy files, directories and links only");
  }
  if (lookUp(root, steps)?.kind === "directory") throw collision(steps, "a file", "a directory");
  const { mode: _mode, ...linkOwner } = owner;
  const placed = { ...node, ...(node.kind === "symlink" ? linkOwner : owner) };
  put(root, steps, placed);
  changes.set(steps.join("/"), placed);
}

function put(root: Directory, steps: readonly string[], node: Node): void {
  const parent = lookUp(root, steps.slice(0, -1));
  if (parent?.kind === "directory") parent.entries.set(steps.at(-1) ?? "", node);
}

/** Follows links in all steps but the last: what is copied replaces a link that is in its place. */
function resolveParents(root: Directory, steps: readonly string[]): string[] {
  return [...resolveLinks(root, steps.slice(0, -1).join("/")), steps.at(-1) ?? ""];
}

function collision(steps: readonly string[], what: string, other: string): Refusal {
  return new Refusal(
    `/${steps.join("/")} would be ${what}, but is ${other} already`,
    "choose another destination",
  );
}
