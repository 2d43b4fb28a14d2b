import type { AuditEntry } from "./pipeline/api-views.ts";
import type { Store } from "./store/stream-store.ts";

/** Decisions about a pipeline that belong to no run; those about a run are in its own stream. */
function decisionStream(pipeline: string): string {
  return `decisions#${pipeline}`;
}

/** Puts a decision on record, before it is acted upon: what was done without a record could not be found again. */
export async function recordDecision(store: Store, entry: AuditEntry): Promise<void> {
  const stream = decisionStream(entry.pipeline);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { version } = await store.streams.last(stream);
    if (await store.streams.append(stream, version, [entry])) return;
  }
  throw new Error(`the record of ${entry.pipeline} is contended: ${ATTEMPTS} others were first`);
}

const ATTEMPTS = 10;

/** All of them, in order; there are few. */
export async function readDecisions(store: Store, pipeline: string): Promise<readonly AuditEntry[]> {
  const { events } = await store.streams.load(decisionStream(pipeline));
  return events as readonly AuditEntry[];
}
