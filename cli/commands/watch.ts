import type { Command } from "commander";
import { causeOf } from "../cause.ts";
import { type ApiOptions, asJson, type CliContext, connect, withApi } from "../context.ts";
import { EXIT } from "../failure.ts";
import { findRun } from "../find-run.ts";
import { closing, meaning } from "../help.ts";
import { readOn } from "../render/log.ts";
import { watchRun } from "../watch.ts";
import { RUN } from "./show.ts";

const LOCAL_INTERVAL_MS = 200;
const REMOTE_INTERVAL_MS = 2000;

/** `tandem watch RUN` */
export function addWatch(program: Command, context: CliContext): void {
  const codes = meaning({
    0: "the run succeeded",
    1: "the run failed, was stopped or superseded",
    130: "Ctrl-C",
  });
  withApi(program.command("watch"))
    .description("follow a run until it is over")
    .argument("[run]", RUN, "latest")
    .addHelpText("after", closing(["tandem watch latest", "tandem watch hello-3 --json"], codes))
    .action((given: string, options: ApiOptions) => watch(context, given, options));
}

/** With `--json` nothing but the run as it ended is printed. */
async function watch(context: CliContext, given: string, options: ApiOptions): Promise<void> {
  const { terminal, signal, exit } = context;
  const { api, address } = connect(context, options);
  const first = await findRun(api, given);
  const run = await watchRun({
    first,
    cause: options.json ? undefined : await causeOf(api, first),
    look: () => api.run(first.id),
    terminal: options.json ? { ...terminal, live: false, out: () => undefined } : terminal,
    where: readOn(address),
    intervalMs: address.local ? LOCAL_INTERVAL_MS : REMOTE_INTERVAL_MS,
    signal,
  });
  if (options.json) terminal.out(asJson(run));
  exit(run.status === "succeeded" ? EXIT.ok : EXIT.failed);
}
