import type { RunEvent } from "../../../shared/pipeline/events.ts";
import { evolve } from "../../../shared/pipeline/evolve.ts";
import { isReportEvent } from "../../../shared/pipeline/evolve-report.ts";
import { isTerminal, type Run } from "../../../shared/pipeline/run.ts";
import type { Findings } from "./findings.ts";

export interface Entry {
  readonly run: Run;
  readonly events: readonly RunEvent[];
}

/** What one event did to a run; `before` is undefined for its first. */
export interface Change {
  readonly before: Run | undefined;
  readonly event: RunEvent;
  readonly after: Run;
}

/** Every run as its stream tells it, kept up to date append by append: what a reader of the stream would see. */
export class RunBook {
  readonly #entries = new Map<string, { run: Run; readonly events: RunEvent[] }>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get all(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  find(runId: string): Entry | undefined {
    return this.#entries.get(runId);
  }

  /** The runs of a pipeline other than this one. */
  others(run: Run): readonly Run[] {
    return this.all.flatMap(({ run: other }) =>
      other.definition.name === run.definition.name && other.id !== run.id ? [other] : [],
    );
  }

  /** Takes in what has been appended to a run's stream. */
  append(runId: string, events: readonly unknown[]): readonly Change[] {
    return events.filter(isRunEvent).map((event) => this.#take(runId, event));
  }

  #take(runId: string, event: RunEvent): Change {
    const entry = this.#entries.get(runId);
    const before = entry?.run;
    // What only says that others have been told is no change of the run.
    const telling = event.type === "run.closed" || isReportEvent(event);
    if (before !== undefined && isTerminal(before) && !telling) {
      this.#findings.violate(8, `${runId} is ${before.status.status}, and ${event.type} came after`);
    }
    const after = evolve(before, event);
    if (after === undefined) {
      throw new Error(`the stream of ${runId} begins with ${event.type}`);
    }
    if (entry === undefined) this.#entries.set(runId, { run: after, events: [event] });
    else {
      entry.run = after;
      entry.events.push(event);
    }
    return { before, event, after };
  }
}

export function isRunEvent(event: unknown): event is RunEvent {
  return typeof event === "object" && event !== null && "type" in event && "at" in event;
}
