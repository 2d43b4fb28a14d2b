import type { z } from "zod";
import { closest, nearest } from "./nearest.ts";
import { pipelineSchema } from "./schema.ts";
import type { Path } from "./yaml-file.ts";

/** What the schema found, in words for whoever wrote the file. */
export interface Explained {
  readonly path: Path;
  readonly message: string;
}

/** One finding of the schema; several when several keys are unknown. Needs `reportInput`. */
export function explainIssue(issue: z.core.$ZodIssue): readonly Explained[] {
  const { path } = issue;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown key${nearest(key, keysAt(path))}`,
      }));
    case "invalid_type":
      return [{ path, message: wrongType(issue.expected, issue.input) }];
    case "invalid_value":
      return [{ path, message: notAmong(issue.values.map(String), issue.input) }];
    case "invalid_key":
      return issue.issues.map(({ message }) => ({ path, message: `"${String(path.at(-1))}" ${message}` }));
    case "invalid_union":
      return explainUnion(issue);
    case "invalid_format":
      return [{ path, message: `${shown(issue.input)} ${issue.message}` }];
    case "too_small":
      return [{ path, message: tooSmall(issue.origin, Number(issue.minimum)) }];
    case "too_big":
      return [{ path, message: tooBig(issue.origin, Number(issue.maximum)) }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** Of several shapes that a value may have, the one that it seems to be meant as; of none, all are named. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion): readonly Explained[] {
  const { path, input } = issue;
  const meant = issue.errors
    .filter((found) => !found.some((one) => isOtherShape(one)))
    .sort((a, b) => a.length - b.length)[0];
  if (meant !== undefined)
    return meant.flatMap((one) => explainIssue({ ...one, path: [...path, ...one.path] }));
  const shapes = issue.errors.flatMap(([one]) => (one === undefined ? [] : shapeOf(one)));
  const words = issue.errors.flat().flatMap((one) => (one.code === "invalid_value" ? one.values : []));
  const near = typeof input === "string" ? closest(input, words.map(String)) : undefined;
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return [{ path, message: `must be ${shapes.join(", or ")}, not ${shown(input)}${hint}` }];
}

function isOtherShape({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === "invalid_type" || code === "invalid_value");
}

function shapeOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === "invalid_value") return [`one of ${issue.values.join(", ")}`];
  return issue.code === "invalid_type" ? [TYPES[issue.expected] ?? issue.expected] : [];
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping of keys to values",
  record: "a mapping of keys to values",
  array: "a list",
};

function wrongType(expected: string, input: unknown): string {
  const type = TYPES[expected] ?? expected;
  if (input === undefined) return `is missing: ${type}`;
  return input === null ? `has no value: it must be ${type}` : `must be ${type}, not ${shown(input)}`;
}

function notAmong(values: readonly string[], input: unknown): string {
  const near = typeof input === "string" ? closest(input, values) : undefined;
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return `must be one of ${values.join(", ")}, not ${shown(input)}${hint}`;
}

function tooSmall(origin: string, minimum: number): string {
  if (origin === "array")
    return minimum === 1 ? "must not be an empty list" : `must have at least ${minimum} items`;
  if (origin === "string")
    return minimum === 1 ? "must not be empty" : `must have at least ${minimum} characters`;
  return `must be at least ${minimum}`;
}

function tooBig(origin: string, maximum: number): string {
  if (origin === "array") return `must have at most ${maximum} items`;
  return origin === "string" ? `must have at most ${maximum} characters` : `must be at most ${maximum}`;
}

function shown(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  return typeof input === "object" && input !== null ? "a mapping" : JSON.stringify(input);
}

/** The keys that are allowed at a path, from the schema itself. */
function keysAt(path: Path): readonly string[] {
  let schemas = shapesOf(pipelineSchema.toJSONSchema({ io: "input" }));
  for (const key of path) {
    schemas = schemas.flatMap(({ properties, items, additionalProperties }) =>
      shapesOf(typeof key === "number" ? items : (properties?.[String(key)] ?? additionalProperties)),
    );
  }
  return schemas
    .flatMap(({ properties, propertyNames }) => [
      ...Object.keys(properties ?? {}),
      ...(propertyNames?.enum ?? []),
    ])
    .filter((key) => !key.startsWith("$"));
}

/** A schema by itself, or each of those that it may be. */
function shapesOf(schema: unknown): readonly Schema[] {
  const one = asSchema(schema);
  return one.anyOf === undefined ? [one] : one.anyOf.flatMap(shapesOf);
}

interface Schema {
  readonly anyOf?: readonly unknown[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly propertyNames?: { readonly enum?: readonly string[] };
  readonly items?: unknown;
  readonly additionalProperties?: unknown;
}

function asSchema(schema: unknown): Schema {
  return typeof schema === "object" && schema !== null ? schema : {};
}
