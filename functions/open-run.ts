import { z } from "zod";
import { openRun } from "../shared/accept.ts";
import { readPipeline } from "../shared/effects/pipeline-stream.ts";
import { patient } from "../shared/store/patient-store.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const runtime = createRuntime();
const { sources } = runtime;
const pause = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
const deps = { ...runtime.deps, store: patient(runtime.deps.store, Math.random, pause) };

const request = z.strictObject({ pipeline: z.string(), runId: z.string() });

/** Opens a run that a webhook has accepted. What has been opened meanwhile, by a double or the sweep, is left alone. */
export async function handler(payload: unknown): Promise<void> {
  const { pipeline, runId } = request.parse(payload);
  const { state } = await readPipeline(deps.store, pipeline);
  const started = state.opening.find((one) => one.runId === runId);
  if (started === undefined) {
    log.info("ignored", { runId, reason: `${runId} has been opened already` });
    return;
  }
  await openRun(deps, started, sources[started.definition.source.type]);
  log.info("opened", { runId });
}
