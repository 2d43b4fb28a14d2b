import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { Decided, StartWish } from "../answers.ts";
import type { TandemApi } from "../api.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { fullCommit } from "../git.ts";
import { closing, meaning } from "../help.ts";
import { printable, printableDeep, shortCommit } from "../render/text.ts";

/** An answer may get lost on its way: so often it is asked for, with the same id. */
const ATTEMPTS = 3;
const PAUSE_MS = 200;

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
  const started = await persist(api, pipeline, {
    id: randomUUID(),
    ...(branch === undefined ? {} : { branch }),
    ...(commit === undefined ? {} : { commit: await fullCommit(commit, context) }),
  });
  const { out } = context.terminal;
  if (options.json) return out(asJson(started));
  const { id, ref, commit: built, repository } = printableDeep(started.run);
  const what = `${ref.replace(/^refs\/heads\//, "")} ${shortCommit(built)} of ${repository}`;
  out(page([`${printable(started.message)}: ${what}`, `follow it: tandem watch ${id}`]));
}

/** The id makes a request that got through and one that is made again a single run. */
async function persist(api: TandemApi, pipeline: string, wish: StartWish): Promise<Decided> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.start(pipeline, wish);
    } catch (error) {
      const passing = error instanceof Failure && error.exitCode === EXIT.unreachable;
      if (!passing || error.code === "not-tandem" || attempt === ATTEMPTS) throw error;
    }
    await pause(PAUSE_MS);
  }
}
