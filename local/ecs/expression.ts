/**
 * ECS's cluster query language, as far as placement constraints and `ListContainerInstances` filters use it:
 * `subject operator [argument]`, `and`/`&&`, `or`/`||`, `not`/`!`, parentheses.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
 */

/** What an expression can ask a container instance; `undefined` when it has no such subject. */
export type Subjects = (subject: string) => string | readonly string[] | undefined;

export type Expression = (subjects: Subjects) => boolean;

/** The text is no expression; `message` says where and why. */
export class ExpressionError extends Error {}

const token = /\s*(?:(\[[^\]]*\])|("[^"]*")|(&&|\|\||==|!=|>=|<=|=~|!~|[()!<>])|([^\s()[\]"!=<>&|~]+))/y;

type Comparison = (actual: string, wanted: string) => boolean;

const ordered = (compare: (order: number) => boolean): Comparison => {
  return (actual, wanted) =>
    compare(actual.localeCompare(wanted, undefined, { numeric: true, sensitivity: "variant" }));
};
/** @throws ExpressionError for what is no regular expression. */
function pattern(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`);
  } catch {
    throw new ExpressionError(`"${text}" is not a regular expression`);
  }
}

const comparisons: Readonly<Record<string, Comparison>> = {
  "==": (actual, wanted) => actual === wanted,
  "!=": (actual, wanted) => actual !== wanted,
  ">": ordered((order) => order > 0),
  ">=": ordered((order) => order >= 0),
  "<": ordered((order) => order < 0),
  "<=": ordered((order) => order <= 0),
  "=~": (actual, wanted) => pattern(wanted).test(actual),
  "!~": (actual, wanted) => !pattern(wanted).test(actual),
};
const words: Readonly<Record<string, string>> = {
  equals: "==",
  not_equals: "!=",
  greater_than: ">",
  greater_than_equal: ">=",
  less_than: "<",
  less_than_equal: "<=",
  matches: "=~",
  not_matches: "!~",
  and: "&&",
  or: "||",
  not: "!",
};
const negative = new Set(["!=", "!~"]);

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null)
      throw new ExpressionError(`unexpected "${text.slice(at, at + 10)}" at position ${at}`);
    const [, list, quoted, symbol, word] = match;
    tokens.push(list ?? quoted ?? symbol ?? words[word ?? ""] ?? word ?? "");
  }
  return tokens;
}

const unquoted = (text: string): string => text.replace(/^"(.*)"$/, "$1");

class Parser {
  private position = 0;
  private readonly tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  parse(): Expression {
    const expression = this.disjunction();
    const rest = this.tokens[this.position];
    if (rest !== undefined) throw new ExpressionError(`unexpected "${rest}"`);
    return expression;
  }

  private take(expected: string): boolean {
    if (this.tokens[this.position] !== expected) return false;
    this.position += 1;
    return true;
  }

  private next(what: string): string {
    const value = this.tokens[this.position];
    if (value === undefined) throw new ExpressionError(`${what} is missing at the end`);
    this.position += 1;
    return value;
  }

  private disjunction(): Expression {
    const parts = [this.conjunction()];
    while (this.take("||")) parts.push(this.conjunction());
    return (subjects) => parts.some((part) => part(subjects));
  }

  private conjunction(): Expression {
    const parts = [this.negation()];
    while (this.take("&&")) parts.push(this.negation());
    return (subjects) => parts.every((part) => part(subjects));
  }

  private negation(): Expression {
    if (this.take("!")) {
      const inner = this.negation();
      return (subjects) => !inner(subjects);
    }
    if (this.take("(")) {
      const inner = this.disjunction();
      if (!this.take(")")) throw new ExpressionError('")" is missing');
      return inner;
    }
    return this.comparison();
  }

  private comparison(): Expression {
    const subject = this.next("a subject");
    const operator = this.next(`the operator after ${subject}`);
    if (operator === "exists") return (subjects) => subjects(subject) !== undefined;
    if (operator === "not_exists") return (subjects) => subjects(subject) === undefined;
    if (operator === "!" && this.take("exists")) return (subjects) => subjects(subject) === undefined;
    if (operator === "in" || operator === "not_in") return this.membership(subject, operator === "in");
    if (operator === "!" && this.take("in")) return this.membership(subject, false);
    const compare = comparisons[operator];
    if (compare === undefined) throw new ExpressionError(`"${operator}" is not an operator`);
    const wanted = unquoted(this.next(`the argument of ${subject} ${operator}`));
    if (operator === "=~" || operator === "!~") pattern(wanted);
    return (subjects) => {
      const actual = subjects(subject);
      if (actual === undefined) return negative.has(operator);
      return typeof actual === "string"
        ? compare(actual, wanted)
        : actual.some((one) => compare(one, wanted));
    };
  }

  private membership(subject: string, positive: boolean): Expression {
    const list = this.next(`the list of ${subject}`);
    if (!list.startsWith("[")) throw new ExpressionError(`${subject} in: a list as in [a, b] is expected`);
    const members = new Set(
      list
        .slice(1, -1)
        .split(",")
        .map((member) => unquoted(member.trim())),
    );
    return (subjects) => {
      const actual = subjects(subject);
      const values = actual === undefined ? [] : typeof actual === "string" ? [actual] : actual;
      return values.some((value) => members.has(value)) === positive;
    };
  }
}

const parsed = new Map<string, Expression>();

/**
 * Parses an expression; the same text is parsed once.
 *
 * @throws ExpressionError with what is wrong.
 */
export function parseExpression(text: string): Expression {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const expression = new Parser(tokenize(text)).parse();
  if (parsed.size < 1000) parsed.set(text, expression);
  return expression;
}
