import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from "yaml";

export type Path = readonly PropertyKey[];

/** A fault at a place of a file. */
export interface PlacedFault {
  readonly path: Path;
  readonly line: number;
  readonly message: string;
}

/** A YAML file as data that knows where it stands. */
export interface YamlFile {
  readonly faults: readonly PlacedFault[];
  /** Absent when the text cannot be read as YAML at all. */
  readonly data?: { readonly value: unknown };
  /** The line of a key or item, or of the nearest one around it that is there; from 1. */
  readonly lineOf: (path: Path) => number;
}

/** Reads YAML 1.2, https://yaml.org/spec/1.2.2/. Keys given twice are faults, but what is around them is still read. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const lineOf = (path: Path) => lineOfPath(document, lines, path);
  const syntax = [...document.errors, ...document.warnings].map(
    ({ code, message, pos }): PlacedFault => ({
      path: [],
      line: lines.linePos(pos[0]).line,
      message:
        code === "MULTIPLE_DOCS" ? "a file holds one pipeline: give the next a file of its own" : message,
    }),
  );
  if (syntax.length > 0) return { faults: syntax, lineOf };
  const { unreadable, doubled } = contentFaults(document, lines);
  if (unreadable.length > 0) return { faults: unreadable, lineOf };
  try {
    return { faults: doubled, data: { value: document.toJS() }, lineOf };
  } catch (error) {
    // Aliases of aliases that would fill the memory.
    const message = error instanceof Error ? error.message : String(error);
    return { faults: [{ path: [], line: 1, message }], lineOf };
  }
}

/** What the parser lets through, and data cannot hold. */
function contentFaults(
  document: Document,
  lines: LineCounter,
): { readonly unreadable: readonly PlacedFault[]; readonly doubled: readonly PlacedFault[] } {
  const unreadable: PlacedFault[] = [];
  const doubled: PlacedFault[] = [];
  const line = (node: Node) => lines.linePos(node.range?.[0] ?? 0).line;
  visit(document, {
    Alias(_key, node, ancestors) {
      if (node.resolve(document) !== undefined) return;
      const message = `there is no anchor &${node.source} before *${node.source}`;
      unreadable.push({ path: pathOf(ancestors), line: line(node), message });
    },
    Map(_key, node, ancestors) {
      const seen = new Set<unknown>();
      for (const { key } of node.items) {
        const path = pathOf([...ancestors, node]);
        if (!isScalar(key)) {
          unreadable.push({ path, line: line(node), message: "a key must be plain text" });
        } else if (seen.has(key.value)) {
          doubled.push({ path: [...path, String(key.value)], line: line(key), message: "is there twice" });
        } else {
          seen.add(key.value);
        }
      }
    },
  });
  return { unreadable, doubled };
}

/** The path to the last of these nodes, each of which contains the next. */
function pathOf(ancestors: readonly (Document | Node | Pair)[]): Path {
  return ancestors.flatMap((node, index): PropertyKey[] => {
    if ("key" in node) return isScalar(node.key) ? [String(node.key.value)] : [];
    if (!("items" in node) || !Array.isArray(node.items) || isMap(node)) return [];
    const at = node.items.indexOf(ancestors[index + 1]);
    return at < 0 ? [] : [at];
  });
}

function lineOfPath(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const line = lineOfKey(parent, path[length - 1], lines);
    if (line !== undefined) return line;
  }
  return 1;
}

function lineOfKey(parent: unknown, key: PropertyKey | undefined, lines: LineCounter): number | undefined {
  if (typeof parent !== "object" || parent === null || !("items" in parent) || !Array.isArray(parent.items))
    return undefined;
  const node: unknown =
    typeof key === "number"
      ? parent.items[key]
      : parent.items.findLast((item) => isScalar(item?.key) && String(item.key.value) === key)?.key;
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range))
    return undefined;
  const start: unknown = node.range[0];
  return typeof start === "number" ? lines.linePos(start).line : undefined;
}
