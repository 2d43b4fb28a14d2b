import { isRecord, type Json, TemplateError } from "./template.ts";

/** What a template's functions can refer to. */
export interface Scope {
  /** The value of a parameter, pseudo parameter or resource; undefined when there is no such thing. */
  ref(name: string): unknown;
  /** An attribute of a resource; undefined when there is no such resource. */
  attribute(logicalId: string, name: string): string | undefined;
  condition(name: string): boolean;
  readonly mappings: Json;
  readonly region: string;
}

/** `AWS::NoValue`: the member that has it is left out. */
export const NO_VALUE = Symbol("AWS::NoValue");

/**
 * Replaces the intrinsic functions in a part of a template by their values.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 * @param where the path of `value` in the template, for errors
 * @throws TemplateError naming the path, the function and what is wrong
 */
export function resolve(value: unknown, scope: Scope, where: string): unknown {
  if (Array.isArray(value))
    return value
      .map((item, at) => resolve(item, scope, `${where}[${at}]`))
      .filter((item) => item !== NO_VALUE);
  if (!isRecord(value)) return value;
  const call = functionCall(value);
  if (call !== undefined) return evaluate(call.name, call.argument, scope, where);
  const members = Object.entries(value).map(
    ([name, member]) => [name, resolve(member, scope, `${where}.${name}`)] as const,
  );
  return Object.fromEntries(members.filter(([, member]) => member !== NO_VALUE));
}

/** An object with one member named `Ref` or `Fn::…` is a function call. */
export function functionCall(value: Json): { readonly name: string; readonly argument: unknown } | undefined {
  const [first, ...others] = Object.entries(value);
  if (first === undefined || others.length > 0) return undefined;
  const [name, argument] = first;
  return name === "Ref" || name.startsWith("Fn::") ? { name, argument } : undefined;
}

type Evaluate = (argument: unknown, scope: Scope, where: string) => unknown;

const evaluators: Readonly<Record<string, Evaluate>> = {
  Ref: (argument, scope, where) => {
    const value = scope.ref(String(argument));
    if (value === undefined)
      throw new TemplateError(`${where}: Ref ${String(argument)} names no parameter or resource`);
    return value;
  },
  "Fn::GetAtt": (argument, scope, where) => {
    const [logicalId, name] = attributePath(argument);
    const value = scope.attribute(logicalId, String(resolve(name, scope, where)));
    if (value === undefined)
      throw new TemplateError(`${where}: Fn::GetAtt ${logicalId}.${String(name)} names no resource`);
    return value;
  },
  "Fn::Sub": (argument, scope, where) => {
    const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
    return substitute(String(text), resolve(variables ?? {}, scope, where), scope, where);
  },
  "Fn::Join": (argument, scope, where) => {
    const [separator, items] = list(argument, scope, where, 2);
    if (!Array.isArray(items)) throw new TemplateError(`${where}: Fn::Join needs a separator and a list`);
    return items.map(String).join(String(separator));
  },
  "Fn::Select": (argument, scope, where) => {
    const [index, items] = list(argument, scope, where, 2);
    const found: unknown = Array.isArray(items) ? items[Number(index)] : undefined;
    if (found === undefined) throw new TemplateError(`${where}: Fn::Select finds no item ${String(index)}`);
    return found;
  },
  "Fn::Split": (argument, scope, where) => {
    const [separator, text] = list(argument, scope, where, 2);
    return String(text).split(String(separator));
  },
  "Fn::FindInMap": (argument, scope, where) => {
    const [map, top, second] = list(argument, scope, where, 3);
    const found = member(member(member(scope.mappings, map), top), second);
    if (found === undefined)
      throw new TemplateError(`${where}: Mappings has no ${String(map)}.${String(top)}.${String(second)}`);
    return found;
  },
  "Fn::If": (argument, scope, where) => {
    if (!Array.isArray(argument) || argument.length !== 3)
      throw new TemplateError(`${where}: Fn::If needs a condition and two values`);
    // Only the chosen side is looked at: the other may name resources that do not exist.
    return resolve(scope.condition(String(argument[0])) ? argument[1] : argument[2], scope, where);
  },
  "Fn::Base64": (argument, scope, where) =>
    Buffer.from(String(resolve(argument, scope, where))).toString("base64"),
  "Fn::GetAZs": (_argument, scope) => ["a", "b", "c"].map((zone) => scope.region + zone),
};

function evaluate(name: string, argument: unknown, scope: Scope, where: string): unknown {
  const evaluator = Object.hasOwn(evaluators, name) ? evaluators[name] : undefined;
  if (evaluator === undefined) throw new TemplateError(`${where}: ${name} is not emulated`);
  return evaluator(argument, scope, where);
}

function list(argument: unknown, scope: Scope, where: string, length: number): readonly unknown[] {
  const value = resolve(argument, scope, where);
  if (Array.isArray(value) && value.length === length) return value;
  throw new TemplateError(`${where}: a function needs a list of ${length} values`);
}

const member = (value: unknown, name: unknown): unknown =>
  isRecord(value) && Object.hasOwn(value, String(name)) ? value[String(name)] : undefined;

/** `[logicalId, attribute]` of either form of Fn::GetAtt. */
export function attributePath(argument: unknown): readonly [string, unknown] {
  if (Array.isArray(argument))
    return [String(argument[0]), argument.length > 2 ? argument.slice(1).join(".") : argument[1]];
  const text = String(argument);
  const dot = text.indexOf(".");
  return dot < 0 ? [text, ""] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** `${Name}`, `${Logical.Attribute}`; `${!Name}` stands for `${Name}`. */
export const SUBSTITUTION = /\$\{(!?)([^}]*)\}/g;

function substitute(text: string, variables: unknown, scope: Scope, where: string): string {
  return text.replace(SUBSTITUTION, (_whole, literal: string, name: string) => {
    if (literal !== "") return `\${${name}}`;
    const trimmed = name.trim();
    const variable = member(variables, trimmed);
    if (variable !== undefined) return String(variable);
    const [logicalId, attribute] = attributePath(trimmed);
    const value = attribute === "" ? scope.ref(trimmed) : scope.attribute(logicalId, String(attribute));
    if (value === undefined || value === NO_VALUE)
      throw new TemplateError(`${where}: Fn::Sub finds nothing named ${trimmed}`);
    return String(value);
  });
}
