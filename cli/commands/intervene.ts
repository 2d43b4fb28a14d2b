import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { findRun } from "../find-run.ts";
import { closing, meaning } from "../help.ts";
import { printable } from "../render/text.ts";
import { RUN } from "./show.ts";

type Options = ApiOptions & { readonly reason: string };

/** `tandem override RUN STAGE --reason TEXT` */
export function addOverride(program: Command, context: CliContext): void {
  withApi(program.command("override"))
    .description("let a stage begin outside of its window, or although a check fails")
    .argument("<run>", RUN)
    .argument("<stage>", "the stage that waits")
    .requiredOption("--reason <text>", "why; the record keeps it")
    .addHelpText(
      "after",
      closing(
        ['tandem override hello-3 production --reason "hotfix for checkout"'],
        meaning({ 5: "you may not override this stage", 6: "there is nothing to override now" }),
      ),
    )
    .action((run: string, stage: string, { reason, ...options }: Options) =>
      overrideGate(context, run, stage, reason, options),
    );
}

/** Lets a stage begin in spite of its window and checks, and says so. */
export async function overrideGate(
  context: CliContext,
  given: string,
  stage: string,
  reason: string,
  options: ApiOptions,
): Promise<void> {
  const { api } = connect(context, options);
  const run = await findRun(api, given);
  const answer = await api.override(run.id, stage, reason);
  context.terminal.out(options.json ? asJson(answer) : page([printable(answer.message)]));
}

/** `tandem stop RUN [--reason TEXT]` */
export function addStop(program: Command, context: CliContext): void {
  withApi(program.command("stop"))
    .description("end a run before its next stage; what is under way comes to its end")
    .argument("<run>", RUN)
    .option("--reason <text>", "why; the record keeps it")
    .addHelpText(
      "after",
      closing(
        ['tandem stop hello-3 --reason "wrong branch"'],
        meaning({ 5: "you may not stop runs of this pipeline", 6: "the run has ended" }),
      ),
    )
    .action(async (given: string, options: ApiOptions & { readonly reason?: string }) => {
      const { api } = connect(context, options);
      const run = await findRun(api, given);
      const answer = await api.stop(run.id, options.reason);
      context.terminal.out(options.json ? asJson(answer) : page([printable(answer.message)]));
    });
}
