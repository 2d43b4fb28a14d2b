import { resolve } from "node:path";
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { closing } from "../help.ts";
import { type EngineName, engineOption, portNumber } from "./local.ts";

interface DemoOptions {
  readonly yes?: boolean;
  readonly json?: string;
  readonly port?: number;
  readonly state?: string;
  readonly engine: EngineName;
  readonly keep?: boolean;
}

/** `tandem demo` */
export function addDemo(program: Command, context: CliContext): void {
  program
    .command("demo")
    .description("two pushes of examples/hello, through staging to production, on this machine")
    .option("--yes", "approve without asking")
    .option("--json <file>", "write what happened to a file")
    .addOption(engineOption())
    .option("--port <port>", "the local endpoint's (default: 4566, or any that is free)", portNumber)
    .option("--state <folder>", "keep everything there (default: a temporary folder)")
    .option("--keep", "leave everything running at the end, until Ctrl-C")
    .addHelpText(
      "after",
      closing(["tandem demo", "tandem demo --yes --engine none --json demo-result.json"], {
        0: "both versions run in production",
        1: "something went wrong, or the approval was refused",
        2: "the command line is wrong",
        130: "Ctrl-C",
      }),
    )
    .action(async ({ json, state, port, yes = false, keep = false, engine }: DemoOptions) => {
      const { runDemo } = await import("../../demo/main.ts");
      const code = await runDemo({
        yes,
        keep,
        engine,
        terminal: context.terminal,
        signal: context.signal,
        ...(json === undefined ? {} : { json: resolve(context.cwd, json) }),
        ...(state === undefined ? {} : { state: resolve(context.cwd, state) }),
        ...(port === undefined ? {} : { port }),
      });
      context.exit(code);
    });
}
