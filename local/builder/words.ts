import { Refusal } from "./build-error.ts";

/** The value of a variable, or undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

/**
 * Takes quotes and escapes out of a word and puts variables in: `$name`, `${name}`, `${name:-default}`,
 * `${name-default}`, `${name:+other}`, `${name+other}`, `${name:?message}`, `${name?message}`.
 *
 * @param escapeCharacter the Dockerfile's escape character: a backslash, or a backtick
 * @throws Refusal for a substitution that is not one of these
 * @see https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expand(word: string, variables: Variables, escapeCharacter: string): string {
  return new Expansion(word, variables, escapeCharacter).until(undefined);
}

/**
 * Puts variables into a text whose quotes are only text, such as a heredoc's.
 *
 * @param expandWord expands one variable as it is written, e.g. `$name`
 */
export function expandVariables(text: string, expandWord: (word: string) => string): string {
  return text.replace(/\\\$|\$(?:\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)/g, (found) =>
    found.startsWith("\\") ? "$" : expandWord(found),
  );
}

/** Splits at blanks that are neither quoted nor escaped; quotes and escapes stay in the words. */
export function splitQuoted(text: string, escapeCharacter: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote === "" && /\s/.test(character)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    word += character;
    if (character === escapeCharacter && quote !== "'") {
      at += 1;
      word += text.charAt(at);
    } else if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
  }
  if (word !== "") words.push(word);
  return words;
}

/** Splits at blanks, whatever stands around them. */
export function splitPlain(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** The strings of a JSON array, or undefined when the text is none: the exec form of an instruction. */
export function jsonStrings(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return undefined;
    const strings = value.filter((item) => typeof item === "string");
    return strings.length === value.length ? strings : undefined;
  } catch {
    return undefined;
  }
}

/** One pass over one word. */
class Expansion {
  readonly #text: string;
  readonly #variables: Variables;
  readonly #escapeCharacter: string;
  #at = 0;

  constructor(text: string, variables: Variables, escapeCharacter: string) {
    this.#text = text;
    this.#variables = variables;
    this.#escapeCharacter = escapeCharacter;
  }

  /** Expands up to an unquoted `stop` (which is consumed), or to the end. */
  until(stop: string | undefined): string {
    let result = "";
    while (this.#at < this.#text.length) {
      const character = this.#next();
      if (character === stop) return result;
      if (character === "'") result += this.#single();
      else if (character === '"') result += this.#double();
      else if (character === "$") result += this.#variable();
      else if (character === this.#escapeCharacter) result += this.#next();
      else result += character;
    }
    if (stop !== undefined) throw this.#unfinished(stop);
    return result;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw this.#unfinished("'");
    const quoted = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return quoted;
  }

  #double(): string {
    let result = "";
    while (this.#at < this.#text.length) {
      const character = this.#next();
      if (character === '"') return result;
      if (character === "$") result += this.#variable();
      else if (character === this.#escapeCharacter) {
        const next = this.#next();
        result += next === '"' || next === "$" || next === this.#escapeCharacter ? next : character + next;
      } else result += character;
    }
    throw this.#unfinished('"');
  }

  #variable(): string {
    if (this.#text.charAt(this.#at) !== "{") {
      const name = this.#name();
      return name === "" ? "$" : (this.#variables(name) ?? "");
    }
    this.#at += 1;
    const name = this.#name();
    if (name === "") throw this.#unsupported();
    const value = this.#variables(name);
    let operator = this.#next();
    if (operator === "}") return value ?? "";
    const emptyCounts = operator === ":";
    if (emptyCounts) operator = this.#next();
    if (!["-", "+", "?"].includes(operator)) throw this.#unsupported();
    const word = this.until("}");
    const given = emptyCounts ? value !== undefined && value !== "" : value !== undefined;
    if (operator === "+") return given ? word : "";
    if (given) return value ?? "";
    if (operator === "-") return word;
    throw new Refusal(
      `${name}: ${word === "" ? "is not set" : word}`,
      `set it with ARG or ENV, or pass --build-arg ${name}=…`,
    );
  }

  #name(): string {
    const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9])/.exec(this.#text.slice(this.#at))?.[0] ?? "";
    this.#at += name.length;
    return name;
  }

  #next(): string {
    const character = this.#text.charAt(this.#at);
    this.#at += 1;
    return character;
  }

  #unfinished(missing: string): Refusal {
    return new Refusal(
      `${this.#text} has no closing ${missing}`,
      `close it, or escape it with ${this.#escapeCharacter}`,
    );
  }

  #unsupported(): Refusal {
    const form = ["$", "{name:-default}"].join("");
    return new Refusal(
      `${this.#text} has a substitution that the built-in builder does not know`,
      `use a form like ${form}, with -, + or ?; or install docker or podman with buildah`,
    );
  }
}
