import { evolvePipeline, NEW_PIPELINE, type PipelineEvent } from "../../../shared/pipeline/pipelines.ts";
import { evolveRef, NEW_REF, type RefEvent } from "../../../shared/pipeline/refs.ts";
import { evolveStageLock, FREE, type StageLockEvent } from "../../../shared/pipeline/stage-lock.ts";
import type { Findings } from "./findings.ts";

interface Known {
  version: number;
  /** What folding every event so far gives; as the stream's kind has it. */
  state: unknown;
  readonly events: unknown[];
}

/**
 * Invariant 8: a stream only grows, item by item, and replaying it gives the state that its last item carries. (The
 * runs' own streams carry none: `RunBook` replays those.)
 */
export class StreamChecks {
  readonly #known = new Map<string, Known>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get all(): ReadonlyMap<string, { readonly version: number; readonly events: readonly unknown[] }> {
    return this.#known;
  }

  appended(stream: string, expectedVersion: number, events: readonly unknown[], state: unknown): void {
    const known = this.#known.get(stream) ?? { version: 0, state: beginning(stream), events: [] };
    this.#findings.demand(
      known.version === expectedVersion,
      8,
      () => `${stream} has ${known.version} items, and one was appended after ${expectedVersion}`,
    );
    known.version += 1;
    known.events.push(...events);
    known.state = events.reduce((before, event) => folded(stream, before, event), known.state);
    this.#known.set(stream, known);
    if (known.state === undefined) return;
    this.#findings.demand(
      JSON.stringify(state) === JSON.stringify(known.state),
      8,
      () => `${stream} says ${JSON.stringify(state)}, its events say ${JSON.stringify(known.state)}`,
    );
  }
}

function beginning(stream: string): unknown {
  if (stream.startsWith("stage#")) return FREE;
  if (stream.startsWith("ref#")) return NEW_REF;
  return stream.startsWith("pipeline#") ? NEW_PIPELINE : undefined;
}

function folded(stream: string, state: unknown, event: unknown): unknown {
  if (stream.startsWith("stage#")) {
    return isLock(state) && isLockEvent(event) ? evolveStageLock(state, event) : state;
  }
  if (stream.startsWith("pipeline#")) {
    return isPipelineState(state) && isPipelineEvent(event) ? evolvePipeline(state, event) : state;
  }
  if (stream.startsWith("ref#")) {
    return isRefState(state) && isRefEvent(event) ? evolveRef(state, event) : state;
  }
  return undefined;
}

const isLock = (state: unknown): state is typeof FREE =>
  typeof state === "object" && state !== null && "queue" in state;
const isPipelineState = (state: unknown): state is typeof NEW_PIPELINE =>
  typeof state === "object" && state !== null && "baselined" in state;
const isRefState = (state: unknown): state is typeof NEW_REF =>
  typeof state === "object" && state !== null && "entries" in state;
const hasType = (event: unknown, prefix: string) =>
  typeof event === "object" && event !== null && "type" in event && String(event.type).startsWith(prefix);
const isLockEvent = (event: unknown): event is StageLockEvent => hasType(event, "stage.");
const isRefEvent = (event: unknown): event is RefEvent =>
  ["run.", "commit."].some((prefix) => hasType(event, prefix));
const isPipelineEvent = (event: unknown): event is PipelineEvent =>
  ["runs.", "run.", "index.", "branches."].some((prefix) => hasType(event, prefix));
