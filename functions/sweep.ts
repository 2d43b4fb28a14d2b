import pipelines from "tandem:pipelines";
import { sweep } from "../shared/sweep.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps, sources } = createRuntime();

/** Every minute: heals what lost events and crashes left behind. */
export async function handler(): Promise<void> {
  const { opened, visited, cut, errors } = await sweep(deps, pipelines, sources);
  for (const { runId, error } of errors)
    log.error("the sweep could not advance a run", { runId, error: String(error) });
  log.info("swept", { opened, visited, cut, errors: errors.length });
}
