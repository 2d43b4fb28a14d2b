import { once } from "node:events";
import { isOver } from "../cli/render/run.ts";
import type { RunView } from "../shared/pipeline/view.ts";
import type { Clients } from "./clients.ts";
import type { Display } from "./display.ts";
import { runOf } from "./follow.ts";
import type { Scene } from "./options.ts";
import { poll } from "./poll.ts";
import type { HelloRepository } from "./repository.ts";

/** A build under emulation takes minutes. */
const PATIENCE_MS = 15 * 60_000;

/**
 * Pushes once more, and leaves everything running for the visitor once production waits for them.
 * @throws DemoFailure when the release never gets there
 */
export async function keep(
  clients: Clients,
  repository: HelloRepository,
  display: Display,
  { url, signal }: Scene,
): Promise<void> {
  const { version, commit } = await repository.commitNext();
  await repository.push();
  display.say();
  display.say(`$ git push origin main    # version ${version}, as carol; its approval is yours`);
  const run = await poll(() => arrived(clients, commit), PATIENCE_MS, `version ${version}`, signal);
  const stage = waitingStage(run)?.name;
  display.say();
  // Where it has failed instead, its page says why.
  const then = stage === undefined ? `is ${run.status}` : `waits for you at ${stage}`;
  display.say(`version ${version} ${then}; sign in as alice or bob, the password is the name:`);
  display.say(`  ${url}/console/`);
  const anchor = stage === undefined ? "" : `#${encodeURIComponent(stage)}`;
  display.say(`  ${url}/console/runs/${encodeURIComponent(run.id)}${anchor}`);
  display.say();
  display.say(`still running, until Ctrl-C:`);
  display.say(`  TANDEM_URL=${url} npx tandem runs`);
  display.say(`  AWS_ENDPOINT_URL=${url} aws ecs describe-services --cluster production --services web`);
  display.say(`  git clone ${repository.url}`);
  if (!signal.aborted) await once(signal, "abort");
}

/** The run of the commit, when it waits for somebody or has ended. */
async function arrived(clients: Clients, commit: string): Promise<RunView | undefined> {
  const run = await runOf(clients, commit);
  return run !== undefined && (isOver(run) || waitingStage(run) !== undefined) ? run : undefined;
}

const waitingStage = ({ stages }: RunView) => stages.find(({ gate }) => gate?.open === true);
