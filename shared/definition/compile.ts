import { type Document, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { PipelineDefinition } from "../pipeline/definition.ts";
import { crossFaults } from "./cross-check.ts";
import { nearest } from "./nearest.ts";
import { milliseconds, type PipelineFile, pipelineSchema } from "./schema.ts";

/** A fault of a pipeline file, where a person finds it. */
export interface Fault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** E.g. `stages[1].deploy[0].ecs.service`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export interface Compiled {
  readonly pipelines: readonly PipelineDefinition[];
  /** All faults of all files; when there is one, `pipelines` is not to be used. */
  readonly faults: readonly Fault[];
}

export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

type Path = readonly PropertyKey[];

interface Parsed {
  readonly file: string;
  readonly value: PipelineFile;
  readonly at: (path: Path) => number;
}

/** Checks pipeline files, each by itself and all together, and fills in the defaults. */
export function compilePipelines(files: readonly SourceFile[]): Compiled {
  const faults: Fault[] = [];
  const parsed: Parsed[] = [];
  for (const source of files) {
    const result = parse(source);
    if ("faults" in result) faults.push(...result.faults);
    else parsed.push(result);
  }
  for (const { file, path, message } of crossFaults(parsed)) {
    const line = parsed.find((one) => one.file === file)?.at(path) ?? 1;
    faults.push({ file, line, path: render(path), message });
  }
  faults.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  return { pipelines: parsed.map(({ value }) => definitionOf(value)), faults };
}

/** One line per fault: `pipelines/web.yml:12 stages[0].name: …`. */
export function renderFault({ file, line, path, message }: Fault): string {
  return `${file}:${line}${path === "" ? "" : ` ${path}`}: ${message}`;
}

function parse({ file, text }: SourceFile): Parsed | { readonly faults: readonly Fault[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map(({ message, pos }) => ({
        file,
        line: lines.linePos(pos[0]).line,
        path: "",
        message,
      })),
    };
  }
  const at = (path: Path) => lineOf(document, lines, path);
  const checked = pipelineSchema.safeParse(document.toJS());
  if (checked.success) return { file, value: checked.data, at };
  return {
    faults: checked.error.issues.flatMap((issue) =>
      explainIssue(issue).map(({ path, message }) => ({ file, line: at(path), path: render(path), message })),
    ),
  };
}

/** The line of a node, or of the nearest one around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const line = keyLine(parent, path[length - 1], lines);
    if (line !== undefined) return line;
  }
  return 1;
}

function keyLine(parent: unknown, key: PropertyKey | undefined, lines: LineCounter): number | undefined {
  if (typeof parent !== "object" || parent === null || !("items" in parent) || !Array.isArray(parent.items))
    return undefined;
  for (const [index, item] of parent.items.entries()) {
    const node =
      typeof key === "number"
        ? index === key
          ? item
          : undefined
        : item?.key?.value === key
          ? item.key
          : undefined;
    const range: unknown = node?.range ?? node?.key?.range;
    if (Array.isArray(range) && typeof range[0] === "number") return lines.linePos(range[0]).line;
  }
  return undefined;
}

function render(path: Path): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : `${text}${text === "" ? "" : "."}${String(key)}`,
    "",
  );
}

type Explained = { readonly path: Path; readonly message: string };

function explainIssue(issue: z.core.$ZodIssue): readonly Explained[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `unknown key${nearest(key, keysAt(issue.path))}`,
    }));
  }
  if (issue.code === "invalid_value") {
    const values = issue.values.map(String);
    return [{ path: issue.path, message: `must be one of ${values.join(", ")}` }];
  }
  if (issue.code === "invalid_type" && issue.message.includes("received undefined")) {
    return [{ path: issue.path, message: `is missing (${issue.expected})` }];
  }
  return [{ path: issue.path, message: issue.message.replace(/^Invalid input: /, "") }];
}

/** The keys that are allowed at a path, from the schema itself. */
function keysAt(path: Path): readonly string[] {
  let schema: unknown = pipelineSchema.toJSONSchema({ io: "input" });
  for (const key of path) {
    const { properties, items, additionalProperties } = asSchema(schema);
    schema = typeof key === "number" ? items : (properties?.[String(key)] ?? additionalProperties);
  }
  return Object.keys(asSchema(schema).properties ?? {});
}

function asSchema(schema: unknown): {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
  readonly additionalProperties?: unknown;
} {
  return typeof schema === "object" && schema !== null ? schema : {};
}

function definitionOf(value: PipelineFile): PipelineDefinition {
  return {
    name: value.name,
    source: { type: "codecommit", ...value.source.codecommit },
    mode: value.mode,
    images: value.images.map(({ buildspec, ...image }) =>
      buildspec === undefined ? image : { ...image, buildspec },
    ),
    stages: value.stages.map(({ name, approval, deploy }) => ({
      name,
      deploy: deploy.map(({ ecs: { capacity, ...ecs } }) =>
        capacity === undefined ? ecs : { ...ecs, capacity },
      ),
      ...(approval === undefined
        ? {}
        : { approval: { ...approval, expiresAfter: milliseconds(approval.expiresAfter) } }),
    })),
    groups: value.groups,
  };
}
