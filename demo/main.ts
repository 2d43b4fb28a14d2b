import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readOn } from "../cli/render/log.ts";
import { renderRun } from "../cli/render/run.ts";
import { createPaint, printableDeep } from "../cli/render/text.ts";
import { type RunningLocal, type StartOptions, startLocal } from "../local/main.ts";
import { PortInUse } from "../local/server.ts";
import { createDecide } from "./approval.ts";
import { type Clients, createClients } from "./clients.ts";
import { Display } from "./display.ts";
import { followCommit, runningDefinitions } from "./follow.ts";
import { keep } from "./keep.ts";
import type { DemoOptions, Scene } from "./options.ts";
import { checkPages } from "./pages.ts";
import { HelloRepository } from "./repository.ts";
import { type RunResult, runResult, secondsOf } from "./result.ts";
import { seed } from "./seed.ts";
import { summary } from "./summary.ts";
import { MARKS } from "./tasks.ts";

const SERVICE_DIR = dirname(dirname(fileURLToPath(import.meta.url)));
const PORT = 4566;
const PUSHES = 2;
const INTERRUPTED = 130;

/**
 * Two pushes of examples/hello on this machine, each from the commit to production; leaves nothing behind.
 * @returns the exit code: 0 when both versions have reached production
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const broken = new AbortController();
  const broke = (error: unknown): void => broken.abort(error);
  // What breaks in a callback must not keep the rest from being cleaned up.
  process.on("uncaughtException", broke);
  process.on("unhandledRejection", broke);
  const folder = await mkdtemp(join(tmpdir(), "tandem-demo-"));
  const signal = AbortSignal.any([options.signal, broken.signal]);
  try {
    return await play({ ...options, signal }, folder);
  } catch (error) {
    if (options.signal.aborted) return INTERRUPTED;
    const reason: unknown = broken.signal.aborted ? broken.signal.reason : error;
    options.terminal.err(`tandem demo: ${reason instanceof Error ? reason.message : String(reason)}\n`);
    return 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.off("uncaughtException", broke);
    process.off("unhandledRejection", broke);
  }
}

/** Fills a local endpoint that runs already; see `seed`. */
export async function runSeed(url: string, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-seed-"));
  const clients = createClients(url, signal);
  try {
    await seed(clients, { url, folder, signal });
  } finally {
    clients.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function play(options: DemoOptions, folder: string): Promise<number> {
  const { terminal, signal } = options;
  const display = new Display(terminal);
  const local = await start(options, display);
  const clients = createClients(local.url, signal);
  const scene: Scene = { url: local.url, folder, signal };
  const runs: RunResult[] = [];
  try {
    await introduce(clients, scene, local.engine.name, display);
    const repository = await HelloRepository.open(scene);
    for (let push = 0; push < PUSHES; push += 1) {
      const result = await release(clients, scene, repository, display, options);
      runs.push(result);
      if (result.status !== "succeeded") break;
    }
    display.say();
    for (const line of summary(runs, display.paint)) display.say(line);
    const good = runs.length === PUSHES && runs.every(({ status }) => status === "succeeded");
    if (options.keep) await keep(clients, repository, display, scene);
    return good ? 0 : 1;
  } finally {
    if (options.json !== undefined && runs.length > 0)
      await writeFile(options.json, `${JSON.stringify({ engine: local.engine.name, runs }, null, 2)}\n`);
    clients.close();
    await local.close();
  }
}

/** Starts the local endpoint: on the port that was asked for, or on any when nobody asked and 4566 is taken. */
async function start(
  { port, engine, state, terminal, signal }: DemoOptions,
  display: Display,
): Promise<RunningLocal> {
  const { faint } = createPaint(terminal.colours);
  const settings: Omit<StartOptions, "port"> = {
    engine,
    serviceDir: SERVICE_DIR,
    signal,
    say: (line) => display.say(faint(`local: ${line}`)),
    ...(state === undefined ? {} : { stateDir: state }),
  };
  try {
    return await startLocal({ ...settings, port: port ?? PORT });
  } catch (error) {
    if (!(error instanceof PortInUse) || port !== undefined) throw error;
    display.say(`port ${PORT} is in use: taking another`);
    return startLocal({ ...settings, port: 0 });
  }
}

/** The clusters with version 0 running in them, and what the pictures of their tasks mean. */
async function introduce(clients: Clients, scene: Scene, engine: string, display: Display): Promise<void> {
  display.say(`${display.paint.strong("tandem demo")} at ${scene.url}`);
  display.say(`console: ${scene.url}/console/  (sign in as alice or bob; the password is the name)`);
  await seed(clients, scene);
  const simulated = engine === "none" ? ", simulated: without docker or podman nothing is executed" : "";
  display.say(
    "clusters staging and production: 2 hosts of x86_64, 2 of arm64, service web with 4 tasks each",
  );
  display.say(
    `tasks: ${MARKS.before} of before  ${MARKS.starting} starting  ${MARKS.now} of the release${simulated}`,
  );
}

/** One push, followed to its end. */
async function release(
  clients: Clients,
  { url, signal }: Scene,
  repository: HelloRepository,
  display: Display,
  options: DemoOptions,
): Promise<RunResult> {
  const { version, commit } = await repository.commitNext();
  const before = await runningDefinitions(clients);
  display.say();
  display.say(`$ git push origin main    # version ${version}, as carol`);
  await repository.push();
  const pushedAt = Date.now();
  const decide = createDecide(clients, display, options);
  const followed = await followCommit({ clients, url, display, version, commit, signal, decide }, before);
  const { run, index, personMs } = followed;
  // Why a stage ended the run stands in its row; a build that failed has a log.
  if (run.images.some(({ builds }) => builds.some(({ log }) => log !== undefined)))
    for (const line of renderRun(printableDeep(run), readOn({ url, local: true }), display.paint))
      display.say(line);
  const pages =
    run.status === "succeeded" ? await checkPages(clients, { version, commit }, display.paint, signal) : [];
  for (const line of pages ?? []) display.say(`  ${line}`);
  return runResult(run, index, secondsOf(await clients.tandem.events(run.id), pushedAt, personMs));
}
