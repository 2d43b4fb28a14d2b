import type { Run } from "../pipeline/run.ts";
import type { EffectContext, Outcome } from "./context.ts";
import { changePipeline } from "./pipeline-stream.ts";

/** Takes a run that has ended out of its pipeline's queue, and wakes the next. */
export async function closeRun(context: EffectContext, run: Run): Promise<Outcome> {
  const state = await changePipeline(context.store, run.definition.name, ({ active }) =>
    active.some(({ runId }) => runId === run.id) ? { type: "run.closed", runId: run.id } : undefined,
  );
  const next = state.active.find(({ sequence }) => sequence > run.sequence);
  return {
    events: [{ type: "run.closed", at: context.now() }],
    wake: next === undefined ? [] : [{ runId: next.runId }],
  };
}
