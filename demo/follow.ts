import { setTimeout as pause } from "node:timers/promises";
import { EXIT, Failure } from "../cli/failure.ts";
import { isOver } from "../cli/render/run.ts";
import type { RunView } from "../shared/pipeline/view.ts";
import type { Clients } from "./clients.ts";
import { CLUSTERS, serviceOf } from "./clusters.ts";
import type { Display } from "./display.ts";
import { type Observation, observe } from "./observe.ts";
import { DemoFailure } from "./options.ts";
import { POLL_MS, poll } from "./poll.ts";
import { type PlatformImage, RegistryRepository } from "./registry.ts";
import { type RowContext, rowsOf } from "./rows.ts";

/** A run that stands still so long, without waiting for anybody, is stuck. */
const PATIENCE_MS = 180_000;
const PUSH_PATIENCE_MS = 30_000;

export interface Followed {
  readonly run: RunView;
  readonly index: readonly PlatformImage[] | undefined;
  /** How long a person took to answer. */
  readonly personMs: number;
}

export interface FollowOptions {
  readonly clients: Clients;
  readonly url: string;
  readonly display: Display;
  readonly version: number;
  readonly commit: string;
  readonly signal: AbortSignal;
  /** Decides on a stage that asks. @returns milliseconds that a person took to answer */
  readonly decide: (run: RunView, stage: string) => Promise<number>;
}

/** The task definition that each cluster's service runs now. */
export async function runningDefinitions(clients: Clients): Promise<ReadonlyMap<string, string>> {
  const services = await Promise.all(CLUSTERS.map((cluster) => serviceOf(clients, cluster)));
  return new Map(CLUSTERS.map((cluster, at) => [cluster, services[at]?.taskDefinition ?? ""]));
}

/**
 * Shows the run of a commit from its beginning to its end, and has its approvals decided on the way.
 * @throws DemoFailure when no run begins, or one stands still
 */
export async function followCommit(
  options: FollowOptions,
  before: ReadonlyMap<string, string>,
): Promise<Followed> {
  const { clients, url, display, version, commit, signal, decide } = options;
  const { id } = await poll(
    () => runOf(clients, commit),
    PUSH_PATIENCE_MS,
    `a run for the commit ${commit.slice(0, 7)}`,
    signal,
  );
  const registry = new RegistryRepository(url, "hello", signal);
  const watchdog = new Watchdog();
  let index: readonly PlatformImage[] | undefined;
  let personMs = 0;
  display.next();
  for (;;) {
    const observation = await observe(clients, id);
    const { run } = observation;
    const digest = run.images[0]?.indexDigest;
    if (index === undefined && digest !== undefined) index = await registry.platforms(digest);
    const context: RowContext = { paint: display.paint, version, before, index };
    display.show(rowsOf(observation, context));
    if (isOver(run)) return { run, index, personMs };
    const asking = run.stages.find(({ gate }) => gate?.open === true);
    if (asking === undefined) watchdog.check(observation);
    else {
      personMs += await decide(run, asking.name);
      watchdog.reset();
    }
    await pause(POLL_MS, undefined, { signal });
  }
}

/** The run of a commit, once it is there; the list may be ahead of a run that is just beginning. */
export async function runOf({ tandem }: Clients, commit: string): Promise<RunView | undefined> {
  const listed = (await tandem.runs(20)).runs.find((run) => run.commit === commit);
  if (listed === undefined) return undefined;
  try {
    return await tandem.run(listed.id);
  } catch (error) {
    if (error instanceof Failure && error.exitCode === EXIT.unknown) return undefined;
    throw error;
  }
}

/** Notices a run in which nothing happens any more. */
class Watchdog {
  #seen = "";
  #since = performance.now();

  reset(): void {
    this.#since = performance.now();
  }

  check({ run, tasks }: Observation): void {
    const now = JSON.stringify([run, [...tasks]]);
    if (now !== this.#seen) this.reset();
    this.#seen = now;
    if (performance.now() - this.#since > PATIENCE_MS)
      throw new DemoFailure(`${run.id} stands still: ${run.explanation.at(-1) ?? run.status}`);
  }
}
