import type { Command } from "commander";
import type { CommitAnswer, DeliveryLine } from "../answers.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { readDefinitions } from "../definitions.ts";
import { EXIT, Failure } from "../failure.ts";
import { findRun } from "../find-run.ts";
import { fullCommit } from "../git.ts";
import { closing } from "../help.ts";
import { table } from "../render/table.ts";
import { clock, createPaint, printable, printableDeep } from "../render/text.ts";
import { RUN } from "./show.ts";

interface ExplainOptions extends ApiOptions {
  readonly commit?: string;
}

/** `tandem explain RUN`, `tandem explain --commit SHA` */
export function addExplain(program: Command, context: CliContext): void {
  withApi(program.command("explain"))
    .description("say what a run waits for, or why a commit made a run or none")
    .argument("[run]", `${RUN} (default: "latest")`)
    .option("--commit <sha>", "instead of a run: each pipeline and this commit; abbreviated in a checkout")
    .addHelpText("after", closing(["tandem explain hello-3", "tandem explain --commit 0123456"]))
    .action((run: string | undefined, options: ExplainOptions) => {
      const { commit } = options;
      if (commit === undefined) return explainRun(context, run ?? "latest", options);
      if (run === undefined) return explainCommit(context, commit, options);
      const message = `give either the run ${run} or --commit ${commit}, not both`;
      throw new Failure(EXIT.usage, "run-or-commit", message);
    });
}

async function explainRun(context: CliContext, given: string, options: ApiOptions): Promise<void> {
  const { id, status, explanation } = await findRun(connect(context, options).api, given);
  const { out } = context.terminal;
  out(options.json ? asJson({ id, status, explanation }) : page(explanation.map(printable)));
}

async function explainCommit(context: CliContext, given: string, options: ApiOptions): Promise<void> {
  const { api } = connect(context, options);
  const answer = await api.commit(await fullCommit(given, context));
  const { commit, deliveries } = answer;
  if (deliveries.length === 0) {
    const message = `nothing is known of the commit ${commit}: no event named it in the last 35 days, or it was pushed together with newer commits, and the newest of a push stands for them all`;
    throw new Failure(EXIT.unknown, "unknown-commit", message);
  }
  const { out, colours } = context.terminal;
  if (options.json) return out(asJson(answer));
  const rows = [...printableDeep(deliveries).map(rowOf), ...(await untouched(context, answer))];
  const head = ["PIPELINE", "RUN", "EVENT", "REF", "WHEN (UTC)", "WHY"];
  out(page(table(head, rows, createPaint(colours).faint)));
}

function rowOf({ pipeline, trigger, ref, at, outcome }: DeliveryLine): readonly string[] {
  const name = ref.replace(/^refs\/(?:heads|tags)\//, "");
  const [run, why] = "runId" in outcome ? [outcome.runId, "accepted"] : ["none", outcome.ignored];
  return [pipeline, run, trigger, name, clock(at), why];
}

/** The pipelines of the working directory that no event of the commit was handed to: their sources do not take it. */
async function untouched(
  { cwd }: CliContext,
  { deliveries }: CommitAnswer,
): Promise<readonly (readonly string[])[]> {
  const read = await readDefinitions(cwd, []).catch(() => undefined);
  if (read === undefined || read.faults.length > 0) return [];
  const touched = new Set(deliveries.map(({ pipeline }) => pipeline));
  const repositories = new Set(deliveries.map(({ repository }) => repository.toLowerCase()));
  const refs = [...new Set(deliveries.map(({ ref }) => printable(ref)))].join(", ");
  return read.pipelines
    .filter(({ name }) => !touched.has(name))
    .map(({ name, source: { repository } }) => {
      const why = repositories.has(repository.toLowerCase())
        ? `its source's branches, tags and events do not take ${refs}`
        : `it follows the repository ${repository}`;
      return [name, "none", "", "", "", why];
    });
}
