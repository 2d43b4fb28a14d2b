import type { Command } from "commander";
import { asJson, type CliContext, page } from "../context.ts";
import { readDefinitions } from "../definitions.ts";
import { EXIT } from "../failure.ts";
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
  const { files, pipelines, faults, told } = await readDefinitions(cwd, given);
  exit(faults.length === 0 ? EXIT.ok : EXIT.failed);
  const names = faults.length === 0 ? pipelines.map(({ name }) => name) : [];
  if (json) return terminal.out(asJson({ files, pipelines: names, faults }));
  if (faults.length === 0)
    return terminal.out(`${counted(pipelines.length, "pipeline")} without faults: ${names.join(", ")}\n`);
  terminal.out(page(told.map(printable)));
  terminal.err(`${counted(faults.length, "fault")} in ${counted(files.length, "file")}\n`);
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
