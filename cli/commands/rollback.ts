import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { closing, meaning } from "../help.ts";
import { persist } from "../persist.ts";
import { printable } from "../render/text.ts";

interface RollbackOptions extends ApiOptions {
  readonly to?: string;
  readonly reason?: string;
}

/** `tandem rollback PIPELINE STAGE [--to RUN] [--reason TEXT]` */
export function addRollback(program: Command, context: CliContext): void {
  withApi(program.command("rollback"))
    .description("go back to an earlier release in a stage; the stage is held afterwards")
    .argument("<pipeline>", "the pipeline's name")
    .argument("<stage>", "the stage that goes back")
    .option("--to <run>", "the run to go back to (default: the release before)")
    .option("--reason <text>", "why")
    .addHelpText(
      "after",
      closing(
        [
          'tandem rollback hello production --reason "checkout fails"',
          'tandem rollback hello production --to hello-41 --reason "checkout fails"',
        ],
        meaning({ 6: "there is nothing to go back to" }),
      ),
    )
    .action(async (pipeline: string, stage: string, { to, reason, ...options }: RollbackOptions) => {
      const { api } = connect(context, options);
      const wish = { id: randomUUID(), reason, ...(to === undefined ? {} : { to }) };
      const answer = await persist(() => api.move(pipeline, stage, "rollback", wish));
      const { out } = context.terminal;
      if (options.json) return out(asJson(answer));
      out(
        page([
          printable(answer.message),
          `follow it: tandem watch ${printable(answer.run.id)}`,
          `then, to let releases in again: tandem release-hold ${pipeline} ${stage} --reason WHY`,
        ]),
      );
    });
}
