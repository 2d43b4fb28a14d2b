import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "@swc/core";

/** One import as it is written: also `import type`, `export … from`, `import()` and `import("…").Type`. */
export interface Import {
  readonly from: string;
  /** A file of this repository, or `npm:NAME`, `node:NAME`, `virtual:NAME`. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

export interface Graph {
  readonly files: readonly string[];
  readonly imports: readonly Import[];
  /** Files that do nothing but re-export. */
  readonly barrels: readonly string[];
}

/** The sources of the repository by path, `/`-separated, relative to its root. */
export function repositorySources(folders: readonly string[]): Readonly<Record<string, string>> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const sources: Record<string, string> = {};
  for (const folder of folders) {
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name !== folder) continue;
      for (const name of readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" })) {
        if (/\.tsx?$/.test(name) && !name.includes("node_modules")) {
          sources[posix.join(folder, name)] = readFileSync(`${root}/${folder}/${name}`, "utf8");
        }
      }
    }
  }
  return sources;
}

/** Parses every source and resolves what it imports. */
export function importGraph(sources: Readonly<Record<string, string>>): Graph {
  const imports: Import[] = [];
  const barrels: string[] = [];
  for (const [file, text] of Object.entries(sources)) {
    const module = parseSync(text, { syntax: "typescript", tsx: file.endsWith(".tsx"), target: "es2022" });
    collect(module.body, (specifier, typeOnly, dynamic) => {
      imports.push({ from: file, to: resolve(file, specifier), typeOnly, dynamic });
    });
    const statements = module.body.map(({ type }) => type);
    if (
      statements.length > 0 &&
      statements.every((type) => /^Export(?:All|Named)Declaration$/.test(type)) &&
      !file.endsWith(".d.ts")
    ) {
      barrels.push(file);
    }
  }
  return { files: Object.keys(sources), imports, barrels };
}

type Report = (specifier: string, typeOnly: boolean, dynamic: boolean) => void;

/** Walks the syntax tree, whatever its nodes are. */
function collect(node: unknown, report: Report): void {
  if (Array.isArray(node)) {
    for (const child of node) collect(child, report);
    return;
  }
  if (!isRecord(node)) return;
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration": {
      const specifier = literal(node.source);
      if (specifier !== undefined)
        report(specifier, node.typeOnly === true || allTypes(node.specifiers), false);
      break;
    }
    case "CallExpression":
      if (isRecord(node.callee) && node.callee.type === "Import") {
        const [first] = Array.isArray(node.arguments) ? node.arguments : [];
        const specifier = literal(isRecord(first) ? first.expression : undefined);
        if (specifier !== undefined) report(specifier, false, true);
      }
      break;
    case "TsImportType": {
      const specifier = literal(node.argument);
      if (specifier !== undefined) report(specifier, true, false);
      break;
    }
  }
  for (const child of Object.values(node)) collect(child, report);
}

/** `import { type A, type B }`: every name by itself is a type. */
function allTypes(specifiers: unknown): boolean {
  return (
    Array.isArray(specifiers) &&
    specifiers.length > 0 &&
    specifiers.every((specifier) => isRecord(specifier) && specifier.isTypeOnly === true)
  );
}

function literal(node: unknown): string | undefined {
  return isRecord(node) && node.type === "StringLiteral" && typeof node.value === "string"
    ? node.value
    : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function resolve(from: string, specifier: string): string {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  if (specifier.startsWith("node:")) return specifier;
  if (/^[a-z]+:/.test(specifier)) return `virtual:${specifier}`;
  const [scope = "", name = ""] = specifier.split("/");
  return `npm:${scope.startsWith("@") ? `${scope}/${name}` : scope}`;
}
