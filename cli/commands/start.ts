import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { fullCommit } from "../git.ts";
import { closing, meaning } from "../help.ts";
import { persist } from "../persist.ts";
import { printable, printableDeep, shortCommit } from "../render/text.ts";

interface StartOptions extends ApiOptions {
  readonly branch?: string;
  readonly commit?: string;
}

/** `tandem start PIPELINE` */
export function addStart(program: Command, context: CliContext): void {
  withApi(program.command("start"))
    .description("start a run of a branch's newest commit")
    .argument("<pipeline>", "the pipeline's name")
    .option("--branch <branch>", "which branch (default: the pipeline's first)")
    .option("--commit <sha>", "only if this is the branch's newest commit; abbreviated in a checkout")
    .addHelpText(
      "after",
      closing(
        ["tandem start hello", "tandem start hello --branch main --commit 0123456"],
        meaning({ 6: "it is not started, e.g. the commit is not the branch's newest" }),
      ),
    )
    .action((pipeline: string, options: StartOptions) => start(context, pipeline, options));
}

async function start(
  context: CliContext,
  pipeline: string,
  { branch, commit, ...options }: StartOptions,
): Promise<void> {
  const { api } = connect(context, options);
  const wish = {
    id: randomUUID(),
    ...(branch === undefined ? {} : { branch }),
    ...(commit === undefined ? {} : { commit: await fullCommit(commit, context) }),
  };
  const started = await persist(() => api.start(pipeline, wish));
  const { out } = context.terminal;
  if (options.json) return out(asJson(started));
  const { id, ref, commit: built, repository } = printableDeep(started.run);
  const what = `${ref.replace(/^refs\/heads\//, "")} ${shortCommit(built)} of ${repository}`;
  out(page([`${printable(started.message)}: ${what}`, `follow it: tandem watch ${id}`]));
}
