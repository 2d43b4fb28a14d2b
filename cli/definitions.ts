import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Compiled, SourceFile } from "../shared/definition/compile.ts";
import { EXIT, Failure } from "./failure.ts";

/** Definitions, with the files that they were read from. */
export type Definitions = Compiled & {
  readonly files: readonly string[];
  /** Each fault in a line, for people. */
  readonly told: readonly string[];
};

/**
 * Reads and checks the named definitions, and those in the named folders.
 * @throws Failure when there are none, or one cannot be read
 */
export async function readDefinitions(cwd: string, given: readonly string[]): Promise<Definitions> {
  const files = await definitionFiles(cwd, given.length === 0 ? ["pipelines"] : given);
  const sources = await Promise.all(files.map((file) => readSource(cwd, file)));
  // Loaded when it is needed: most commands need no schema, which takes longer to load than all else.
  const { compilePipelines, renderFault } = await import("../shared/definition/compile.ts");
  const compiled = compilePipelines(sources);
  return { files, ...compiled, told: compiled.faults.map(renderFault) };
}

async function definitionFiles(cwd: string, given: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    given.map(async (name) => {
      const path = resolve(cwd, name);
      const kind = await stat(path).catch(() => undefined);
      if (kind === undefined) throw missing(`there is no ${name}`);
      if (!kind.isDirectory()) return [path];
      const names = (await readdir(path)).filter((file) => /\.ya?ml$/.test(file)).sort();
      if (names.length === 0) throw missing(`${name} holds no pipeline definitions (*.yml)`);
      return names.map((file) => join(path, file));
    }),
  );
  return [...new Set(found.flat())].map((path) => relative(cwd, path) || path);
}

async function readSource(cwd: string, file: string): Promise<SourceFile> {
  try {
    return { file, text: await readFile(resolve(cwd, file), "utf8") };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(EXIT.failed, "unreadable", `${file} cannot be read: ${why}`, { cause: error });
  }
}

const missing = (what: string): Failure =>
  new Failure(EXIT.failed, "no-definitions", `${what}: run it in the project's folder, or name the files`);
