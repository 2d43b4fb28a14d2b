import { table } from "../cli/render/table.ts";
import type { Paint } from "../cli/render/text.ts";
import type { Clients } from "./clients.ts";
import { CLUSTERS } from "./clusters.ts";
import { DemoFailure } from "./options.ts";
import { poll } from "./poll.ts";
import { type ShownTask, tasksOf } from "./tasks.ts";

/** A container is up before its server listens, and much before under emulation. */
const PATIENCE_MS = 15_000;

/** What a task answered at its own address. */
interface Page {
  readonly task: ShownTask;
  readonly address: string;
  readonly version: string;
  readonly architecture: string;
  readonly commit: string;
}

/**
 * Asks every running task for its page, over HTTP.
 * @returns a table of what each says of itself; undefined when tasks are simulated and answer nothing
 * @throws DemoFailure when one names another architecture, version or commit than it was placed for and built from
 */
export async function checkPages(
  clients: Clients,
  expected: { readonly version: number; readonly commit: string },
  paint: Paint,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const tasks = (await Promise.all(CLUSTERS.map((cluster) => tasksOf(clients, cluster)))).flat();
  if (tasks.every(({ simulated }) => simulated)) return undefined;
  const pages = await Promise.all(tasks.map((task) => readPage(task, signal)));
  const wrong = pages.filter(
    ({ task, version, architecture, commit }) =>
      architecture !== task.architecture ||
      version !== String(expected.version) ||
      commit !== expected.commit,
  );
  const [first] = wrong;
  if (first !== undefined)
    throw new DemoFailure(
      `task ${first.task.id} on ${first.task.architecture} answers "version ${first.version} of ${first.commit} on ${first.architecture}", not version ${expected.version} of ${expected.commit}`,
    );
  const rows = pages.map(({ task, address, version, architecture, commit }) => [
    task.cluster,
    task.architecture,
    address,
    `hello ${version} on ${architecture}, commit ${commit.slice(0, 7)}`,
  ]);
  return table(["CLUSTER", "HOST", "ADDRESS", "ITS PAGE SAYS"], rows, paint.faint);
}

async function readPage(task: ShownTask, signal: AbortSignal): Promise<Page> {
  if (task.hostPort === undefined) throw new DemoFailure(`task ${task.id} has no port of its host`);
  const address = `http://127.0.0.1:${task.hostPort}/`;
  const [page, listing] = await poll(
    () => Promise.all([address, `${address}commit/`].map((url) => read(url, signal))).catch(() => undefined),
    PATIENCE_MS,
    `the page of task ${task.id} at ${address}`,
    signal,
  );
  const [, version = "?", architecture = "?"] = /<title>hello (\S+) on (\S+)<\/title>/.exec(page ?? "") ?? [];
  const [, commit = "?"] = /href="\/commit\/([0-9a-f]{40})"/.exec(listing ?? "") ?? [];
  return { task, address, version, architecture, commit };
}

async function read(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]) });
  if (!response.ok) throw new DemoFailure(`${url} answered ${response.status}`);
  return response.text();
}
