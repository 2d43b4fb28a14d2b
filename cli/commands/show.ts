import type { Command } from "commander";
import { causeOf } from "../cause.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { findRun } from "../find-run.ts";
import { closing } from "../help.ts";
import { readOn } from "../render/log.ts";
import { renderRun } from "../render/run.ts";
import { createPaint, printableDeep } from "../render/text.ts";

export const RUN = "a run's id, `latest`, or a pipeline's name for its newest run";

/** `tandem show RUN` */
export function addShow(program: Command, context: CliContext): void {
  withApi(program.command("show"))
    .description("show a run: builds, index, stages, services")
    .argument("[run]", RUN, "latest")
    .addHelpText("after", closing(["tandem show hello-3", "tandem show latest --json"]))
    .action(async (given: string, options: ApiOptions) => {
      const { api, address } = connect(context, options);
      const run = await findRun(api, given);
      const { out, colours } = context.terminal;
      if (options.json) return out(asJson(run));
      const cause = await causeOf(api, run);
      out(page(renderRun(printableDeep(run), readOn(address), createPaint(colours), cause)));
    });
}
