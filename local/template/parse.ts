import {
  type CollectionTag,
  type Document,
  Pair,
  parseDocument,
  Scalar,
  type ScalarTag,
  YAMLMap,
} from "yaml";
import { type Template, TemplateError, templateOf } from "./template.ts";

/** The functions that have a short form in YAML; `!Ref X` is `{Ref: X}`, all others `{"Fn::Name": …}`. */
const FUNCTIONS = [
  "And",
  "Base64",
  "Cidr",
  "Equals",
  "FindInMap",
  "GetAZs",
  "GetAtt",
  "If",
  "ImportValue",
  "Join",
  "Not",
  "Or",
  "Select",
  "Split",
  "Sub",
];

const PLAIN = ["Ref", "Condition"];

/** `{"Fn::Name": node}` as a YAML node, so that what is inside is read with its own tags. */
function call(name: string, node: unknown): YAMLMap {
  const map = new YAMLMap();
  map.items.push(new Pair(new Scalar(PLAIN.includes(name) ? name : `Fn::${name}`), node));
  return map;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html */
const SHORT_FORMS: (ScalarTag | CollectionTag)[] = [...FUNCTIONS, ...PLAIN].flatMap((name) => {
  const tag = `!${name}`;
  const scalar: ScalarTag = {
    tag,
    resolve: (text) => ({
      [PLAIN.includes(name) ? name : `Fn::${name}`]: name === "GetAtt" ? attribute(text) : text,
    }),
  };
  const list: CollectionTag = {
    tag,
    collection: "seq",
    resolve: (node) => call(name, node),
  };
  const map: CollectionTag = { tag, collection: "map", resolve: (node) => call(name, node) };
  return [scalar, list, map];
});

/** `Logical.Attribute.Of.It` is split at the first dot. */
function attribute(text: string): readonly string[] {
  const dot = text.indexOf(".");
  return dot < 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

/**
 * Reads a template in JSON or in YAML, with the short forms of the intrinsic functions.
 * @throws TemplateError with the line of the fault
 */
export function parseTemplate(text: string): Template {
  if (text.trimStart().startsWith("{")) {
    try {
      return templateOf(JSON.parse(text));
    } catch (error) {
      if (error instanceof SyntaxError)
        throw new TemplateError(`Template format error: JSON not well-formed. ${error.message}`);
      throw error;
    }
  }
  const document: Document = parseDocument(text, { customTags: SHORT_FORMS, logLevel: "silent" });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined)
    throw new TemplateError(`Template format error: YAML not well-formed. ${fault.message.split("\n")[0]}`);
  return templateOf(document.toJS());
}
