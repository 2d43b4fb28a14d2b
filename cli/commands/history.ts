import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { findStage } from "../find-stage.ts";
import { closing } from "../help.ts";
import { table } from "../render/table.ts";
import { clock, createPaint, paintStatus, printableDeep, shortCommit } from "../render/text.ts";

interface HistoryOptions extends ApiOptions {
  readonly limit: string;
  readonly cursor?: string;
}

/** `tandem history [PIPELINE] STAGE` */
export function addHistory(program: Command, context: CliContext): void {
  withApi(program.command("history"))
    .description("list the runs that came to a stage, and who decided")
    .argument("<stage...>", "the pipeline and the stage, or the stage alone where only one pipeline has it")
    .option("--limit <count>", "how many", "20")
    .option("--cursor <cursor>", "go on where an earlier list ended")
    .addHelpText("after", closing(["tandem history hello production", "tandem history production"]))
    .action(async (words: readonly string[], { limit, cursor, ...options }: HistoryOptions) => {
      const query = new URLSearchParams({ limit, ...(cursor === undefined ? {} : { cursor }) });
      const { api } = connect(context, options);
      const { pipeline, stage } = await findStage(api, words);
      const answer = await api.history(pipeline, stage, query);
      const { out, colours } = context.terminal;
      if (options.json) return out(asJson(answer));
      const { entries, cursor: next } = printableDeep(answer);
      if (entries.length === 0) return out(`no run has come to ${stage} of ${pipeline} yet\n`);
      const paint = createPaint(colours);
      const rows = entries.map(({ run, outcome, commit, enteredAt, decisions }) => [
        run,
        { text: outcome, paint: (text: string) => paintStatus(paint, outcome, text) },
        shortCommit(commit),
        enteredAt === undefined ? "" : clock(enteredAt),
        decisions.map(({ act, person }) => `${act}: ${person}`).join(", "),
      ]);
      out(page(table(["RUN", "OUTCOME", "COMMIT", "ENTERED (UTC)", "DECISIONS"], rows, paint.faint)));
      if (next !== undefined) out(`older ones: tandem history ${pipeline} ${stage} --cursor ${next}\n`);
    });
}
