import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT } from "../failure.ts";
import { closing, meaning } from "../help.ts";
import { renderRetention } from "../render/retention.ts";
import { createPaint, printableDeep } from "../render/text.ts";

interface RetentionOptions extends ApiOptions {
  readonly simulate?: boolean;
}

/** `tandem retention [PIPELINE]` */
export function addRetention(program: Command, context: CliContext): void {
  withApi(program.command("retention"))
    .description("show what ECR keeps of the images, and what it would expire")
    .argument("[pipeline]", "the pipeline; all of them when left out")
    .option("--simulate", "list every image: what would expire now, and why the others stay")
    .addHelpText(
      "after",
      closing(
        ["tandem retention --simulate", "tandem retention hello --simulate --json"],
        meaning({
          0: "nothing that is needed would expire",
          1: "something that runs would expire, or the policy in ECR is not the generated one",
          4: "no such pipeline",
        }),
      ),
    )
    .action(async (pipeline: string | undefined, options: RetentionOptions) => {
      const { api } = connect(context, options);
      const found = await api.retention(pipeline);
      context.exit(found.repositories.some(({ problems }) => problems.length > 0) ? EXIT.failed : EXIT.ok);
      const { out, colours } = context.terminal;
      if (options.json) return out(asJson(found));
      out(page(renderRetention(printableDeep(found), options.simulate === true, createPaint(colours))));
    });
}
