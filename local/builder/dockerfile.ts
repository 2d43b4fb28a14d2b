import { DockerfileParser } from "dockerfile-ast";
import { splitPlain } from "./words.ts";

/** A file written out in the Dockerfile itself: `COPY <<NAME …`. */
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  /** Whether variables are to be put in: not when the name is quoted. */
  readonly expands: boolean;
  /** Whether there is a line that ends it. */
  readonly ends: boolean;
}

/** One instruction, its continued lines joined and its comments gone. */
export interface Instruction {
  /** In upper case. */
  readonly keyword: string;
  /** Counted from 1. */
  readonly line: number;
  readonly flags: readonly { readonly name: string; readonly value: string | undefined }[];
  /** What follows the flags. */
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
  /** The whole instruction on one line, for people. */
  readonly source: string;
}

/** A parsed Dockerfile. */
export interface Dockerfile {
  /** Its name, for people. */
  readonly file: string;
  /** The escape character: a backslash, or what the `escape` directive says. */
  readonly escapeCharacter: string;
  readonly instructions: readonly Instruction[];
}

const takesFlags = new Set(["FROM", "COPY", "ADD", "RUN", "HEALTHCHECK"]);
const takesHeredocs = new Set(["COPY", "ADD"]);

/** Reads a Dockerfile's text. Whether the instructions make sense is not judged here. */
export function parseDockerfile(file: string, text: string): Dockerfile {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const parsed = DockerfileParser.parse(lines.join("\n"));
  const escapeCharacter = parsed.getEscapeCharacter();
  const instructions = parsed
    .getInstructions()
    .map((instruction) =>
      read(instruction.getKeyword(), lines, instruction.getRange().start.line, escapeCharacter),
    );
  return { file, escapeCharacter, instructions };
}

function read(
  keyword: string,
  lines: readonly string[],
  first: number,
  escapeCharacter: string,
): Instruction {
  const { logical, next } = logicalLine(lines, first, escapeCharacter);
  const { flags, text } = takesFlags.has(keyword)
    ? splitFlags(logical.slice(keyword.length).trim())
    : { flags: [], text: logical.slice(keyword.length).trim() };
  const heredocs = takesHeredocs.has(keyword) ? readHeredocs(text, lines, next) : [];
  return {
    keyword,
    line: first + 1,
    flags,
    text,
    heredocs,
    source: `${keyword} ${logical.slice(keyword.length).trim()}`.replace(/\s+/g, " ").trim(),
  };
}

/** Joins a line with those that continue it; comments and empty lines between them do not count. */
function logicalLine(
  lines: readonly string[],
  first: number,
  escapeCharacter: string,
): { readonly logical: string; readonly next: number } {
  let logical = "";
  let at = first;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (at > first && /^\s*(#|$)/.test(line)) continue;
    const whole = line.trimEnd();
    if (!whole.endsWith(escapeCharacter)) return { logical: (logical + line).trim(), next: at + 1 };
    logical += whole.slice(0, -escapeCharacter.length);
  }
  return { logical: logical.trim(), next: at };
}

function splitFlags(text: string): Pick<Instruction, "flags" | "text"> {
  const flags: { name: string; value: string | undefined }[] = [];
  let rest = text;
  for (;;) {
    const match = /^--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)/.exec(rest);
    if (!match) return { flags, text: rest };
    flags.push({ name: match[1] ?? "", value: match[2] });
    rest = rest.slice(match[0].length);
  }
}

function readHeredocs(text: string, lines: readonly string[], next: number): Heredoc[] {
  let at = next;
  return splitPlain(text).flatMap((word) => {
    const start = parseHeredocStart(word);
    if (!start) return [];
    const content: string[] = [];
    for (; at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      const stripped = start.stripsTabs ? line.replace(/^\t+/, "") : line;
      if (stripped === start.name) break;
      content.push(`${stripped}\n`);
    }
    at += 1;
    const ends = at <= lines.length;
    return [{ name: start.name, content: content.join(""), expands: start.expands, ends }];
  });
}

/** Reads `<<NAME`, `<<-NAME`, `<<"NAME"` or `<<'NAME'`; undefined for any other word. */
export function parseHeredocStart(
  word: string,
): { readonly name: string; readonly stripsTabs: boolean; readonly expands: boolean } | undefined {
  const match = /^<<(-?)(["']?)([A-Za-z_][A-Za-z0-9_.]*)\2$/.exec(word);
  if (!match) return undefined;
  return { name: match[3] ?? "", stripsTabs: match[1] === "-", expands: match[2] === "" };
}
