import { setTimeout as pause } from "node:timers/promises";
import type { RunView } from "../shared/pipeline/view.ts";
import type { TandemApi } from "./api.ts";
import { EXIT, Failure } from "./failure.ts";

/** A pipeline's newest run is looked for among so many of the newest. */
const SEARCHED = 1000;
const PAGE = 200;
/** How often a run is looked for that the list names, and the pause in between. */
const LOOKS = 10;
const PAUSE_MS = 200;

/**
 * The run that a person means: its id, `latest`, or a pipeline's name for its newest.
 * @throws Failure when there is none
 */
export async function findRun(api: TandemApi, given: string): Promise<RunView> {
  if (given === "latest") {
    const [newest] = (await api.runs(1)).runs;
    if (newest === undefined)
      throw new Failure(EXIT.unknown, "no-runs", "there is no run yet: push a commit that a pipeline wants");
    return listedRun(api, newest.id);
  }
  try {
    return await api.run(given);
  } catch (error) {
    if (!isUnknown(error)) throw error;
    const newest = await newestOf(api, given);
    if (newest !== undefined) return listedRun(api, newest);
    const message = `there is no run and no pipeline "${given}" with runs; \`tandem runs\` lists them`;
    throw new Failure(EXIT.unknown, "unknown-run", message, { cause: error });
  }
}

/** The list may be ahead of a run that is just beginning. */
async function listedRun(api: TandemApi, id: string): Promise<RunView> {
  for (let looks = 1; ; looks += 1) {
    try {
      return await api.run(id);
    } catch (error) {
      if (!isUnknown(error) || looks === LOOKS) throw error;
    }
    await pause(PAUSE_MS);
  }
}

const isUnknown = (error: unknown): boolean => error instanceof Failure && error.exitCode === EXIT.unknown;

async function newestOf(api: TandemApi, pipeline: string): Promise<string | undefined> {
  let cursor: string | undefined;
  for (let searched = 0; searched < SEARCHED; searched += PAGE) {
    const page = await api.runs(PAGE, cursor);
    const found = page.runs.find((run) => run.pipeline === pipeline);
    if (found !== undefined) return found.id;
    cursor = page.cursor;
    if (cursor === undefined) return undefined;
  }
  return undefined;
}
