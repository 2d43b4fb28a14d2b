import pipelines from "tandem:pipelines";
import { z } from "zod";
import { startRun } from "../shared/start-run.ts";
import { log } from "./log.ts";
import { createRuntime } from "./runtime.ts";

const { deps, sources } = createRuntime();

/** What the rule of a pipeline's schedule hands over: the pipeline, and the event's own id and time. */
const schema = z.object({ pipeline: z.string(), id: z.string(), time: z.string() });

/** A pipeline's schedule: its first branch is built and delivered anew. */
export async function handler(payload: unknown): Promise<void> {
  const { pipeline, id } = schema.parse(payload);
  const definition = pipelines.find(({ name }) => name === pipeline);
  if (definition === undefined) {
    log.warn("ignored", { reason: `there is no pipeline ${pipeline} any more` });
    return;
  }
  const source = sources[definition.source.type];
  const accepted = await startRun(deps, definition, source, {
    id: `schedule ${id}`,
    trigger: { type: "schedule" },
  });
  log.info("schedule", { ...accepted });
}
