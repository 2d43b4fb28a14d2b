import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type CliContext, connect } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { closing, meaning } from "../help.ts";
import { addRedeliver } from "./redeliver.ts";

export const ENGINES = ["auto", "docker", "podman", "none"] as const;
export type EngineName = (typeof ENGINES)[number];

interface UpOptions {
  readonly port: number;
  readonly state?: string;
  readonly engine: EngineName;
}

/** `tandem local up` */
export function addLocal(program: Command, context: CliContext): void {
  const local = program
    .command("local")
    .description("AWS on this machine, as far as a delivery pipeline needs it");
  local
    .command("up")
    .description("serve AWS, the registry, git and the HTTP API on one port, until Ctrl-C")
    .option("--port <port>", "0 for any that is free", portNumber, 4566)
    .option("--state <folder>", "keep everything there across restarts (default: a temporary folder)")
    .addOption(engineOption())
    .addHelpText(
      "after",
      closing(["tandem local up", "tandem local up --port 4567 --state ~/.tandem"], {
        0: "ended by Ctrl-C",
        1: "could not start, or something broke",
        2: "the command line is wrong",
      }),
    )
    .action(async ({ port, state, engine }: UpOptions) => {
      const { runLocal } = await import("../../local/main.ts");
      const kept = state === undefined ? {} : { state: resolve(context.cwd, state) };
      context.exit(await runLocal({ port, engine, ...kept }));
    });
  addSeed(local, context);
  addRedeliver(local, context);
}

/** `tandem local seed` */
function addSeed(local: Command, context: CliContext): void {
  local
    .command("seed")
    .description(
      "create what pipelines/hello.yml expects: the repository, and the clusters staging and production",
    )
    .option("--url <address>", "the local endpoint (default: $TANDEM_URL, or http://127.0.0.1:4566)")
    .addHelpText(
      "after",
      closing(["tandem local seed"], meaning({ 0: "it is there", 1: "something could not be created" })),
    )
    .action(async ({ url: given }: { readonly url?: string }) => {
      const { api, address } = connect(context, given === undefined ? {} : { url: given });
      if (!address.local)
        throw new Failure(
          EXIT.usage,
          "not-local",
          `${address.url} is not on this machine: seed fills a local endpoint only`,
        );
      // Says what is wrong when nothing answers, and whether it is Tandem that does.
      await api.runs(1);
      const { runSeed } = await import("../../demo/main.ts");
      await runSeed(address.url, context.signal);
      context.terminal.out("repository hello, clusters staging and production with service web: ready\n");
    });
}

/** `--engine` */
export function engineOption(): Option {
  return new Option("--engine <engine>", "what builds images and runs tasks")
    .choices(ENGINES)
    .default("auto");
}

/** @throws InvalidArgumentError when it is no TCP port */
export function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError("It must be from 0 to 65535.");
  return port;
}
