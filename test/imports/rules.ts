import type { Graph, Import } from "./graph.ts";

/** What the files of one part of the house may import; the table "Who may import whom" of the architecture. */
interface Rule {
  /** Parts, or single files, whose values and types may be imported. */
  readonly parts: readonly string[];
  /** Parts of which only types may be imported. */
  readonly types?: readonly string[];
  /** Files that may be loaded with `import()`. */
  readonly dynamic?: readonly string[];
  readonly npm: "any" | readonly RegExp[];
  readonly node: boolean | readonly string[];
}

const SCHEMA = [/^zod$/, /^yaml$/, /^picomatch$/];
const SHARED = [
  "shared",
  "shared/pipeline",
  "shared/intake",
  "shared/effects",
  "shared/store",
  "shared/definition",
];
const EVERYTHING = [
  ...SHARED,
  "functions",
  "functions/handler",
  "infrastructure",
  "local",
  "cli",
  "console",
  "demo",
  "examples",
  "bench",
  "test",
  "scripts",
];

const RULES: Readonly<Record<string, Rule>> = {
  "shared/pipeline": { parts: ["shared/pipeline"], npm: [], node: false },
  "shared/definition": { parts: ["shared/definition", "shared/pipeline"], npm: SCHEMA, node: false },
  "shared/intake": { parts: ["shared/intake", "shared/pipeline"], npm: SCHEMA, node: false },
  "shared/store": {
    parts: ["shared/store", "shared/pipeline"],
    // The webhook's bundle has no room for the SDK: it signs its requests itself.
    npm: [/^@aws-sdk\/client-dynamodb$/, /^@aws-sdk\/util-dynamodb$/, /^zod$/, /^aws4fetch$/],
    node: ["node:crypto"],
  },
  "shared/effects": {
    parts: ["shared/effects", "shared/pipeline"],
    types: ["shared/store", "shared/intake"],
    npm: [/^@aws-sdk\//, /^zod$/, /^aws4fetch$/],
    // A GitHub App signs its own tokens.
    node: ["node:crypto"],
  },
  shared: {
    // The locks of stages and the streams of pipelines are no AWS effects: they know the store's contract only.
    parts: [
      "shared",
      "shared/pipeline",
      "shared/intake",
      "shared/effects/stage-lock.ts",
      "shared/effects/pipeline-stream.ts",
    ],
    types: ["shared/store", "shared/effects"],
    npm: [],
    node: false,
  },
  functions: { parts: ["functions", ...SHARED], npm: "any", node: true },
  "functions/handler": { parts: ["functions", ...SHARED], npm: "any", node: true },
  // What serverless.yml computes from the pipelines.
  infrastructure: {
    parts: ["infrastructure", "shared/definition"],
    types: ["shared/pipeline"],
    npm: "any",
    node: true,
  },
  local: { parts: ["local"], npm: "any", node: true },
  cli: {
    // `tandem validate` works without a stack: it compiles the files as packaging does.
    parts: ["cli", "shared/pipeline/messages.ts", "shared/definition/compile.ts"],
    types: ["shared/pipeline"],
    dynamic: ["local/main.ts", "demo/main.ts"],
    npm: "any",
    node: true,
  },
  console: {
    parts: ["console", "shared/pipeline/messages.ts"],
    types: ["shared/pipeline"],
    npm: [/^preact$/],
    node: false,
  },
  demo: { parts: ["demo", "cli", "local", "examples"], types: ["shared/pipeline"], npm: "any", node: true },
  examples: { parts: ["examples"], npm: "any", node: true },
  scripts: { parts: [...SHARED, "scripts", "cli", "local"], npm: "any", node: true },
  bench: { parts: EVERYTHING, npm: "any", node: true },
  test: { parts: EVERYTHING, npm: "any", node: true },
};

/** The folders whose sources have a rule. */
export const FOLDERS = [...new Set(Object.keys(RULES).flatMap((part) => part.split("/")[0] ?? []))];

/** The part of the house that a file belongs to. */
function partOf(file: string): string {
  const [top = "", second = ""] = file.split("/");
  if (top === "functions") {
    return /^functions\/(?:on-.*|http-api|sweep)\.ts$/.test(file) ? "functions/handler" : "functions";
  }
  return top === "shared" && !second.endsWith(".ts") ? `${top}/${second}` : top;
}

/** Imports that the table does not allow, each as the path from an entry: `a → b → c`. */
export function forbidden(graph: Graph): readonly string[] {
  return graph.imports
    .filter((one) => !isAllowed(one))
    .map((one) => [...chainTo(graph, one.from), one.to].join(" → "));
}

function isAllowed({ from, to, typeOnly, dynamic }: Import): boolean {
  const rule = RULES[partOf(from)];
  if (rule === undefined) return false;
  if (to.startsWith("node:")) return typeof rule.node === "boolean" ? rule.node : rule.node.includes(to);
  // What packaging puts into the bundles.
  if (to.startsWith("virtual:")) return partOf(from).startsWith("functions");
  if (to.startsWith("npm:")) {
    const name = to.slice("npm:".length);
    return rule.npm === "any" || rule.npm.some((pattern) => pattern.test(name));
  }
  const within = (parts: readonly string[] = []) => parts.includes(partOf(to)) || parts.includes(to);
  return within(rule.parts) || (typeOnly && within(rule.types)) || (dynamic && within(rule.dynamic));
}

/** The shortest way from a file that nothing imports. */
function chainTo(graph: Graph, file: string): readonly string[] {
  let paths: readonly (readonly string[])[] = [[file]];
  const seen = new Set([file]);
  for (;;) {
    const longer = paths.flatMap((path) =>
      graph.imports
        .filter(({ to, from }) => to === path[0] && !seen.has(from))
        .map(({ from }) => [from, ...path]),
    );
    const entry = paths.find(([first]) => !graph.imports.some(({ to }) => to === first));
    if (entry !== undefined) return entry;
    if (longer.length === 0) return paths[0] ?? [file];
    for (const [first] of longer) if (first !== undefined) seen.add(first);
    paths = longer;
  }
}

/** Files that import each other in a circle, types too: `a → b → a`. */
export function cycles(graph: Graph): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push([...path.slice(at), file].join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const { from, to } of graph.imports) if (from === file) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of graph.files) visit(file, []);
  return found;
}
