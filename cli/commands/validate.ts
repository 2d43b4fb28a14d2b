import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { compilePipelines, renderFault, type SourceFile } from "../../shared/definition/compile.ts";
import { asJson, type CliContext, page } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { closing } from "../help.ts";
import { printable } from "../render/text.ts";

/** `tandem validate [FILES…]` */
export function addValidate(program: Command, context: CliContext): void {
  program
    .command("validate")
    .description("check pipeline definitions; reports every fault at once")
    .argument("[files...]", "definitions, or folders of them (default: pipelines/)")
    .option("--json", "print pipelines and faults as JSON")
    .addHelpText(
      "after",
      closing(["tandem validate", "tandem validate pipelines/hello.yml --json"], {
        0: "no faults",
        1: "there are faults, or no definitions",
        2: "the command line is wrong",
      }),
    )
    .action((files: readonly string[], options: { readonly json?: boolean }) =>
      validate(context, files, options),
    );
}

async function validate(
  { terminal, cwd, exit }: CliContext,
  given: readonly string[],
  { json }: { readonly json?: boolean },
): Promise<void> {
  const files = await definitionFiles(cwd, given.length === 0 ? ["pipelines"] : given);
  const sources = await Promise.all(files.map((file) => readSource(cwd, file)));
  const { pipelines, faults } = compilePipelines(sources);
  exit(faults.length === 0 ? EXIT.ok : EXIT.failed);
  const names = faults.length === 0 ? pipelines.map(({ name }) => name) : [];
  if (json) return terminal.out(asJson({ files, pipelines: names, faults }));
  if (faults.length === 0)
    return terminal.out(`${counted(pipelines.length, "pipeline")} without faults: ${names.join(", ")}\n`);
  terminal.out(page(faults.map((fault) => printable(renderFault(fault)))));
  terminal.err(`${counted(faults.length, "fault")} in ${counted(files.length, "file")}\n`);
}

/** The named files, and those in the named folders. */
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

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
