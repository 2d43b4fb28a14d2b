import { z } from "zod";
import { findAccepted, openRun } from "../shared/open-run.ts";
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
  const { runId } = request.parse(payload);
  const started = await findAccepted(deps, runId);
  const isOpened =
    started !== undefined && (await openRun(deps, started, sources[started.definition.source.type]));
  if (isOpened) log.info("opened", { runId });
  else log.info("ignored", { runId, reason: `${runId} has been opened already` });
}
