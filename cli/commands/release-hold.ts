import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, withApi } from "../context.ts";
import { closing, meaning } from "../help.ts";
import { printable } from "../render/text.ts";

/** `tandem release-hold PIPELINE STAGE [--reason TEXT]` */
export function addReleaseHold(program: Command, context: CliContext): void {
  withApi(program.command("release-hold"))
    .description("open a stage again that is held since a rollback")
    .argument("<pipeline>", "the pipeline's name")
    .argument("<stage>", "the stage that is held")
    .option("--reason <text>", "what has been mended")
    .addHelpText(
      "after",
      closing(
        ['tandem release-hold hello production --reason "memory limit raised"'],
        meaning({ 6: "the stage is not held" }),
      ),
    )
    .action(async (pipeline: string, stage: string, options: ApiOptions & { readonly reason?: string }) => {
      const answer = await connect(context, options).api.releaseHold(pipeline, stage, options.reason);
      context.terminal.out(options.json ? asJson(answer) : `${printable(answer.message)}\n`);
    });
}

/** `tandem hold PIPELINE STAGE [--reason TEXT]` */
export function addHold(program: Command, context: CliContext): void {
  withApi(program.command("hold"))
    .description("hold a stage: nothing is promoted into it until somebody releases it")
    .argument("<pipeline>", "the pipeline's name")
    .argument("<stage>", "the stage")
    .option("--reason <text>", "why")
    .addHelpText(
      "after",
      closing(
        ['tandem hold hello production --reason "load test until noon"'],
        meaning({ 6: "the stage is held already" }),
      ),
    )
    .action(async (pipeline: string, stage: string, options: ApiOptions & { readonly reason?: string }) => {
      const answer = await connect(context, options).api.hold(pipeline, stage, options.reason);
      context.terminal.out(options.json ? asJson(answer) : `${printable(answer.message)}\n`);
    });
}
