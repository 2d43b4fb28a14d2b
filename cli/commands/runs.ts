import { type Command, InvalidArgumentError } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { closing } from "../help.ts";
import { table } from "../render/table.ts";
import { clock, createPaint, paintStatus, printableDeep, shortCommit } from "../render/text.ts";

interface RunsOptions extends ApiOptions {
  readonly limit: number;
  readonly cursor?: string;
}

/** `tandem runs` */
export function addRuns(program: Command, context: CliContext): void {
  withApi(program.command("runs"))
    .description("list runs, the newest first")
    .option("--limit <count>", "how many, 1 to 200", wholeNumber, 20)
    .option("--cursor <cursor>", "go on where an earlier list ended")
    .addHelpText("after", closing(["tandem runs", "tandem runs --limit 1 --json"]))
    .action((options: RunsOptions) => runs(context, options));
}

async function runs(context: CliContext, options: RunsOptions): Promise<void> {
  const { terminal } = context;
  const { api } = connect(context, options);
  const answer = await api.runs(options.limit, options.cursor);
  if (options.json) return terminal.out(asJson(answer));
  const { runs, cursor } = printableDeep(answer);
  if (runs.length === 0) return terminal.out("no runs yet: push a commit that a pipeline wants\n");
  const paint = createPaint(terminal.colours);
  const rows = runs.map(({ id, status, stage, ref, commit, startedAt, updatedAt }) => [
    id,
    {
      text: status === "staging" && stage !== undefined ? stage : status,
      paint: (text: string) => paintStatus(paint, status, text),
    },
    ref.replace(/^refs\/(?:heads|tags)\//, ""),
    shortCommit(commit),
    clock(startedAt),
    clock(updatedAt),
  ]);
  const head = ["RUN", "STATUS", "REF", "COMMIT", "STARTED (UTC)", "UPDATED (UTC)"];
  terminal.out(page(table(head, rows, paint.faint)));
  if (cursor !== undefined)
    terminal.out(`older ones: tandem runs --limit ${options.limit} --cursor ${cursor}\n`);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 200)
    throw new InvalidArgumentError("It must be a whole number from 1 to 200.");
  return number;
}
