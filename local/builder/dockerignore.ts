import { Refusal } from "./build-error.ts";

/** Whether a path (from the context's root, with `/`) is kept out of the context. */
export interface Ignore {
  excludes(path: string): boolean;
  /** Whether something below an excluded directory may be let in again by a `!` pattern. */
  readonly hasExceptions: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  readonly lets: boolean;
}

/**
 * Reads a `.dockerignore`. The last pattern that matches a path, or a directory it is in, decides.
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function parseIgnore(text: string): Ignore {
  const rules = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("#"))
    .flatMap((line) => readRule(line.trim()));
  return {
    hasExceptions: rules.some((rule) => rule.lets),
    excludes(path) {
      const places = withParents(path);
      let excluded = false;
      for (const { pattern, lets } of rules) {
        if (excluded === lets && places.some((place) => pattern.test(place))) excluded = !lets;
      }
      return excluded;
    },
  };
}

function readRule(line: string): Rule[] {
  const lets = line.startsWith("!");
  const steps = (lets ? line.slice(1).trim() : line).split("/").filter((step) => step !== "" && step !== ".");
  const clean: string[] = [];
  for (const step of steps) {
    if (step === "..") clean.pop();
    else clean.push(step);
  }
  if (clean.length === 0) return [];
  return [{ pattern: compile(clean.join("/")), lets }];
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(`^${translate(pattern)}$`, "s");
  } catch (cause) {
    throw new Refusal(`the pattern ${pattern} cannot be read`, "correct what is between [ and ]", { cause });
  }
}

/** `**` is any number of directories, `*` and `?` stay within one, as in Go's filepath.Match. */
function translate(pattern: string): string {
  let result = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern.charAt(at);
    if (pattern.startsWith("**/", at)) {
      result += "(?:.*/)?";
      at += 2;
    } else if (pattern.startsWith("**", at)) {
      result += ".*";
      at += 1;
    } else if (character === "\\") {
      at += 1;
      result += literal(pattern.charAt(at));
    } else {
      const set = character === "[" ? characterSet(pattern, at) : undefined;
      if (set) {
        result += set.expression;
        at = set.end;
      } else result += wildcard(character);
    }
  }
  return result;
}

function wildcard(character: string): string {
  if (character === "*") return "[^/]*";
  return character === "?" ? "[^/]" : literal(character);
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/-]/, "\\$&");
}

/** `[abc]`, `[a-z]`, `[^a]`: undefined when the bracket is never closed. */
function characterSet(
  pattern: string,
  start: number,
): { readonly expression: string; readonly end: number } | undefined {
  const end = pattern.indexOf("]", start + 2);
  if (end < 0) return undefined;
  const inner = pattern.slice(start + 1, end);
  const negated = inner.startsWith("^");
  const members = (negated ? inner.slice(1) : inner).replace(/[\\\][^]/g, "\\$&");
  return { expression: `[${negated ? "^/" : ""}${members}]`, end };
}

function withParents(path: string): string[] {
  const steps = path.split("/");
  return steps.map((_, index) => steps.slice(0, index + 1).join("/"));
}

/**
 * Whether one path step matches a pattern of Go's filepath.Match, as COPY's sources are written.
 */
export function stepMatcher(pattern: string): (name: string) => boolean {
  const expression = compile(pattern.replaceAll("**", "*"));
  return (name) => expression.test(name);
}

/** Whether a path step has a wildcard in it. */
export function isWildcard(step: string): boolean {
  return /[*?[]/.test(step);
}
