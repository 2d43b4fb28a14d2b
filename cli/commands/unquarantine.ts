import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { closing, meaning } from "../help.ts";
import { persist } from "../persist.ts";
import { printable } from "../render/text.ts";

/** `tandem unquarantine PIPELINE STAGE [--reason TEXT]` */
export function addUnquarantine(program: Command, context: CliContext): void {
  withApi(program.command("unquarantine"))
    .description("roll the release out once more on the architecture that was taken out")
    .argument("<pipeline>", "the pipeline's name")
    .argument("<stage>", "the stage that does without an architecture")
    .option("--reason <text>", "what has been mended")
    .addHelpText(
      "after",
      closing(
        ['tandem unquarantine hello production --reason "new Graviton AMI"'],
        meaning({ 6: "nothing is in quarantine there" }),
      ),
    )
    .action(async (pipeline: string, stage: string, options: ApiOptions & { readonly reason?: string }) => {
      const { api } = connect(context, options);
      const wish = { id: randomUUID(), reason: options.reason };
      const answer = await persist(() => api.move(pipeline, stage, "unquarantine", wish));
      const { out } = context.terminal;
      if (options.json) return out(asJson(answer));
      out(page([printable(answer.message), `follow it: tandem watch ${answer.run.id}`]));
    });
}
