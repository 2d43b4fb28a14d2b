import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * EventBridge event patterns, as https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html and
 * its page on comparison operators describe them. Pure: a pattern is compiled once and is then a predicate.
 *
 * The rules: all fields of a pattern must match; of the alternatives in a field's array one must; an array in the event
 * matches when one of its elements does, and all fields below an array of objects must match within one element. Only
 * leaves (text, numbers, `true`, `false`, `null`) match; a field that holds an object does not "exist".
 */

/** Tells whether an event (or a part of one) matches; `undefined` is a part that is absent. */
export type Matcher = (value: unknown) => boolean;

/** Says of one leaf whether it matches. */
type LeafTest = (leaf: Leaf) => boolean;
type Leaf = string | number | boolean | null;
type JsonObject = Readonly<Record<string, unknown>>;

/** The pattern itself is wrong; EventBridge answers `InvalidEventPatternException`. */
export class InvalidPattern extends Error {
  constructor(path: readonly string[], reason: string) {
    super(`Event pattern is not valid. Reason: ${reason}${path.length === 0 ? "" : ` at ${path.join(".")}`}`);
    this.name = "InvalidPattern";
  }
}

/**
 * Compiles a pattern.
 *
 * @param pattern the parsed JSON of an `EventPattern`
 * @throws InvalidPattern that names the field
 */
export function compilePattern(pattern: unknown): Matcher {
  if (!isObject(pattern)) throw new InvalidPattern([], "Filter is not an object");
  return compileObject(pattern, []);
}

function compileObject(pattern: JsonObject, path: readonly string[]): Matcher {
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw new InvalidPattern(path, "Empty objects are not allowed");
  const fields = entries.map(([key, value]): Matcher => {
    const here = [...path, key];
    if (key === "$or" && isAlternatives(value)) {
      const alternatives = value.map((alternative) => compileObject(alternative, here));
      return (object) => alternatives.some((matches) => matches(object));
    }
    const matches = compileField(value, here);
    return (object) => matches(isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined);
  });
  const matchesOne: Matcher = (object) => fields.every((matches) => matches(object));
  return (value) => {
    if (!Array.isArray(value)) return matchesOne(value);
    const elements = value.flat(Number.POSITIVE_INFINITY);
    return elements.length === 0 ? matchesOne(undefined) : elements.some(matchesOne);
  };
}

function compileField(value: unknown, path: readonly string[]): Matcher {
  if (isObject(value)) return compileObject(value, path);
  if (!Array.isArray(value)) throw new InvalidPattern(path, `"${path.at(-1)}" must be an object or an array`);
  if (value.length === 0) throw new InvalidPattern(path, "Empty arrays are not allowed");
  const matchers = value.map((alternative) => compileAlternative(alternative, path));
  return (found) => {
    const leaves = leavesOf(found);
    return matchers.some((matches) => matches(leaves));
  };
}

/** One element of a field's array: a value, or an object with one operator. */
function compileAlternative(
  alternative: unknown,
  path: readonly string[],
): (leaves: readonly Leaf[]) => boolean {
  if (isLeaf(alternative)) return (leaves) => leaves.includes(alternative);
  if (!isObject(alternative))
    throw new InvalidPattern(path, "Match value must be String, number, true, false, or null");
  const [operator, operand] = onlyEntry(alternative, path);
  if (operator === "exists") {
    if (typeof operand !== "boolean")
      throw new InvalidPattern(path, "exists match pattern must be either true or false");
    return (leaves) => leaves.length > 0 === operand;
  }
  const test = compileOperator(operator, operand, path);
  return (leaves) => leaves.some(test);
}

function compileOperator(operator: string, operand: unknown, path: readonly string[]): LeafTest {
  switch (operator) {
    case "prefix":
      return affix(operand, path, operator, (text, part) => text.startsWith(part));
    case "suffix":
      return affix(operand, path, operator, (text, part) => text.endsWith(part));
    case "equals-ignore-case": {
      const wanted = textOf(operand, path, operator).toLowerCase();
      return (leaf) => typeof leaf === "string" && leaf.toLowerCase() === wanted;
    }
    case "wildcard": {
      const expression = wildcard(textOf(operand, path, operator), path);
      return (leaf) => typeof leaf === "string" && expression.test(leaf);
    }
    case "numeric":
      return numeric(operand, path);
    case "cidr":
      return cidr(textOf(operand, path, operator), path);
    case "anything-but":
      return anythingBut(operand, path);
    default:
      throw new InvalidPattern(path, `Unrecognized match type ${operator}`);
  }
}

/** `prefix` and `suffix`, either as they are written or `{"equals-ignore-case": …}`. */
function affix(
  operand: unknown,
  path: readonly string[],
  operator: string,
  test: (text: string, part: string) => boolean,
): LeafTest {
  if (!isObject(operand)) {
    const part = textOf(operand, path, operator);
    return (leaf) => typeof leaf === "string" && test(leaf, part);
  }
  const [inner, value] = onlyEntry(operand, path);
  if (inner !== "equals-ignore-case")
    throw new InvalidPattern(path, `Unsupported ${operator} pattern: ${inner}`);
  const part = textOf(value, path, operator).toLowerCase();
  return (leaf) => typeof leaf === "string" && test(leaf.toLowerCase(), part);
}

/** `*` stands for any characters; `\*` and `\\` for themselves. */
function wildcard(text: string, path: readonly string[]): RegExp {
  let source = "";
  for (const [token] of text.matchAll(/\\.|\\$|\*+|[^\\*]+/gsu)) {
    if (token.startsWith("*")) {
      if (token.length > 1) throw new InvalidPattern(path, "Consecutive wildcard characters are not allowed");
      source += ".*";
    } else if (token.startsWith("\\")) {
      if (token !== "\\*" && token !== "\\\\")
        throw new InvalidPattern(path, "Invalid escape character in wildcard");
      source += token;
    } else source += token.replace(/[\\^$.|?*+()[\]{}/]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, "su");
}

/** Numbers in patterns are limited: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html */
const LARGEST = 5_000_000_000;

const COMPARISONS: ReadonlyMap<unknown, (a: number, b: number) => boolean> = new Map([
  ["=", (a: number, b: number) => a === b],
  ["<", (a: number, b: number) => a < b],
  ["<=", (a: number, b: number) => a <= b],
  [">", (a: number, b: number) => a > b],
  [">=", (a: number, b: number) => a >= b],
]);

/** `[">", 0, "<=", 5]`: pairs that must all hold. */
function numeric(operand: unknown, path: readonly string[]): LeafTest {
  if (!Array.isArray(operand) || operand.length < 2 || operand.length > 4 || operand.length % 2 !== 0) {
    throw new InvalidPattern(path, "Value of numeric must be an array of one or two comparisons");
  }
  const tests: ((leaf: number) => boolean)[] = [];
  for (let index = 0; index < operand.length; index += 2) {
    const compare = COMPARISONS.get(operand[index]);
    const bound: unknown = operand[index + 1];
    if (compare === undefined)
      throw new InvalidPattern(path, `Unrecognized numeric range operator: ${operand[index]}`);
    if (typeof bound !== "number" || Math.abs(bound) > LARGEST) {
      throw new InvalidPattern(
        path,
        "Value of a numeric comparison must be a number between -5.0e9 and 5.0e9",
      );
    }
    tests.push((leaf) => compare(leaf, bound));
  }
  return (leaf) => typeof leaf === "number" && tests.every((test) => test(leaf));
}

function cidr(text: string, path: readonly string[]): LeafTest {
  const [address = "", bits = "", ...rest] = text.split("/");
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : undefined;
  const length = /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (family === undefined || rest.length > 0 || length < 0 || length > (family === "ipv4" ? 32 : 128)) {
    throw new InvalidPattern(path, `Malformed CIDR, one '/' required: ${text}`);
  }
  const range = new BlockList();
  range.addSubnet(address, length, family);
  return (leaf) => {
    if (typeof leaf !== "string") return false;
    return isIPv4(leaf) ? range.check(leaf, "ipv4") : isIPv6(leaf) && range.check(leaf, "ipv6");
  };
}

/** Operators that `anything-but` can turn round, each with one text or a list of texts. */
const NEGATABLE = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

/** `anything-but` a value, a list of texts or of numbers, or what an operator matches. An absent field never matches. */
function anythingBut(operand: unknown, path: readonly string[]): LeafTest {
  if (!isObject(operand)) {
    const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
    const excluded = new Set(values);
    const texts = values.every((value) => typeof value === "string");
    if (values.length === 0 || !(texts || values.every((value) => typeof value === "number"))) {
      throw new InvalidPattern(path, "Inside anything-but must be text or numbers, or a list of either");
    }
    return (leaf) => !excluded.has(leaf);
  }
  const [operator, value] = onlyEntry(operand, path);
  if (!NEGATABLE.includes(operator))
    throw new InvalidPattern(path, `Unsupported anything-but pattern: ${operator}`);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) throw new InvalidPattern(path, "Empty arrays are not allowed");
  const tests = values.map((one) => compileOperator(operator, textOf(one, path, operator), path));
  return (leaf) => !tests.some((test) => test(leaf));
}

/** Words that mean an operator: an object in `$or` that uses one as a field name makes `$or` a plain field. */
const RESERVED = new Set([
  ...["exact", "equals-ignore-case", "prefix", "suffix", "anything-but", "anything-but-prefix", "exists"],
  ...["numeric", "numeric-exact", "numeric-greater", "numeric-less", "cidr", "wildcard"],
]);

function isAlternatives(value: unknown): value is readonly JsonObject[] {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((one) => isObject(one) && !Object.keys(one).some((key) => RESERVED.has(key)))
  );
}

/** The leaves of a field: itself, or those in its array, however nested. Objects are none. */
function leavesOf(value: unknown): readonly Leaf[] {
  if (Array.isArray(value)) return value.flat(Number.POSITIVE_INFINITY).filter(isLeaf);
  return isLeaf(value) ? [value] : [];
}

function onlyEntry(object: JsonObject, path: readonly string[]): readonly [string, unknown] {
  const [entry, ...others] = Object.entries(object);
  if (entry === undefined || others.length > 0)
    throw new InvalidPattern(path, "Only one key allowed in match expression");
  return entry;
}

function textOf(operand: unknown, path: readonly string[], operator: string): string {
  if (typeof operand !== "string")
    throw new InvalidPattern(path, `${operator} match pattern must be a string`);
  return operand;
}

function isLeaf(value: unknown): value is Leaf {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
