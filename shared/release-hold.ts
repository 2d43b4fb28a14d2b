import { advanceAll, type Deps } from "./advance.ts";
import { changeStageLock } from "./effects/stage-lock.ts";
import type { Hold, StageLock, StageLockEvent } from "./pipeline/stages.ts";

/**
 * Ends the hold that a rollback put on a stage, and wakes the run that waits for it.
 * @returns the hold that was released; undefined when there was none
 */
export async function releaseHold(
  deps: Deps,
  pipeline: string,
  stage: string,
  by: string,
  reason: string,
): Promise<Hold | undefined> {
  const { hold, next } = await changeStageLock(deps.store, pipeline, stage, (lock: StageLock) => {
    const events: readonly StageLockEvent[] =
      lock.hold === undefined ? [] : [{ type: "stage.released", by, reason }];
    return { events, hold: lock.hold, next: lock.queue[0]?.runId };
  });
  if (hold !== undefined && next !== undefined) await advanceAll(deps, next);
  return hold;
}
