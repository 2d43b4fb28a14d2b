import { evolveStageLock, FREE, type StageLock, type StageLockEvent } from "../pipeline/stage-lock.ts";
import type { Store } from "../store/stream-store.ts";

/** The stream of a stage's lock. */
export function stageStream(pipeline: string, stage: string): string {
  return `stage#${pipeline}/${stage}`;
}

/** The lock as it stands, and the version to append after. */
export async function readStageLock(
  store: Store,
  pipeline: string,
  stage: string,
): Promise<{ readonly version: number; readonly lock: StageLock }> {
  const { version, state } = await store.streams.last(stageStream(pipeline, stage));
  return { version, lock: state === undefined ? FREE : (state as StageLock) };
}

/**
 * Decides on the lock and appends what follows, again from the start when somebody else was first: every loser of a race
 * sees what the winner did. As many tries as there can be contenders at once would be enough.
 */
export async function changeStageLock<T extends { readonly events: readonly StageLockEvent[] }>(
  store: Store,
  pipeline: string,
  stage: string,
  decide: (lock: StageLock) => T,
): Promise<T> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { version, lock } = await readStageLock(store, pipeline, stage);
    const decision = decide(lock);
    if (decision.events.length === 0) return decision;
    const next = decision.events.reduce(evolveStageLock, lock);
    if (await store.streams.append(stageStream(pipeline, stage), version, decision.events, next))
      return decision;
  }
  throw new Error(`stage ${stage} of ${pipeline} is contended: ten others were first`);
}
