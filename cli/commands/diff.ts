import type { Command } from "commander";
import type { StageDiff } from "../answers.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT } from "../failure.ts";
import { closing, meaning } from "../help.ts";
import { renderDiff } from "../render/diff.ts";
import { createPaint } from "../render/text.ts";

/** `tandem diff RUN STAGE` */
export function addDiff(program: Command, context: CliContext): void {
  withApi(program.command("diff"))
    .description("show what a run would change in a stage")
    .argument("<run>", "the run's id, e.g. hello-3")
    .argument("<stage>", "the stage")
    .addHelpText(
      "after",
      closing(["tandem diff hello-3 production"], meaning({ 1: "it could not be deployed as things are" })),
    )
    .action(async (run: string, stage: string, options: ApiOptions) => {
      const diff: StageDiff = await connect(context, options).api.diff(run, stage);
      const { out, colours } = context.terminal;
      out(options.json ? asJson(diff) : page(renderDiff(diff, createPaint(colours))));
      if (diff.problem !== undefined) context.exit(EXIT.failed);
    });
}
