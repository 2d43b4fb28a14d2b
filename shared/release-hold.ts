import { advanceAll, type Deps } from "./advance.ts";
import { recordDecision } from "./decisions.ts";
import { changeStageLock, readStageLock } from "./effects/stage-lock.ts";
import type { Hold, StageLock, StageLockEvent } from "./pipeline/stage-lock.ts";

/** Who ends a hold: the name, the raw identity, and from where. */
export interface Releaser {
  readonly by: string;
  readonly identity: string;
  readonly from: string;
}

/**
 * Ends the hold that a rollback put on a stage, and wakes the run that waits for it.
 * @returns the hold that was released; undefined when there was none
 */
export async function releaseHold(
  deps: Deps,
  pipeline: string,
  stage: string,
  { by, ...who }: Releaser,
  reason: string,
): Promise<Hold | undefined> {
  const { lock } = await readStageLock(deps.store, pipeline, stage);
  if (lock.hold === undefined) return undefined;
  const at = deps.now();
  await recordDecision(deps.store, {
    at: new Date(at).toISOString(),
    act: "release-hold",
    ...{ pipeline, stage, run: lock.hold.runId },
    person: by,
    ...who,
    comment: reason,
  });
  const { hold, next } = await changeStageLock(deps.store, pipeline, stage, (now: StageLock) => {
    const events: readonly StageLockEvent[] =
      now.hold === undefined ? [] : [{ type: "stage.released", by, reason, at, ...who }];
    return { events, hold: now.hold, next: now.queue[0]?.runId };
  });
  if (hold !== undefined && next !== undefined) await advanceAll(deps, next);
  return hold;
}

/**
 * Holds a stage: nothing is promoted into it until somebody releases it.
 * @returns false when it is held already
 */
export async function holdStage(
  deps: Deps,
  pipeline: string,
  stage: string,
  { by, ...who }: Releaser,
  reason: string,
): Promise<boolean> {
  const { lock } = await readStageLock(deps.store, pipeline, stage);
  if (lock.hold !== undefined) return false;
  await recordDecision(deps.store, {
    at: new Date(deps.now()).toISOString(),
    act: "hold",
    ...{ pipeline, stage },
    person: by,
    ...who,
    comment: reason,
  });
  const runId = lock.holder?.runId ?? lock.newest ?? "nobody";
  const held: StageLockEvent = { type: "stage.held", runId, reason: `${by} holds it: ${reason}` };
  const { events } = await changeStageLock(deps.store, pipeline, stage, (now: StageLock) => ({
    events: now.hold === undefined ? [held] : [],
  }));
  return events.length > 0;
}
