import type { AuditEntry } from "./api-views.ts";
import { isDerived, type RunEvent, type RunEventOf } from "./events.ts";
import { evolve } from "./evolve.ts";
import { type Run, releaseOf } from "./run.ts";

/** What people call the decisions of the record. */
const ACTS: Readonly<Record<string, string>> = {
  "approval.given": "approve",
  "approval.refused": "refuse",
  "approval.withdrawn": "withdraw",
  "gate.overridden": "override",
  "run.stop-requested": "stop",
};

/** What a run is that somebody has started; one that only moves a release has the one stage. */
const STARTS: Readonly<Record<string, string>> = { manual: "start", rollback: "roll-back" };

/** A decision as some event or other carries it; new kinds of decisions are in the record without a word here. */
type Decided = RunEvent & {
  readonly identity: string;
  readonly person: string;
};

/** Every decision of people about a run, in the order of its events. Whoever started it by hand has decided that. */
export function decisionsOf(events: readonly RunEvent[]): readonly AuditEntry[] {
  const [first] = events;
  if (first?.type !== "run.started") return [];
  const about = { pipeline: first.definition.name, run: first.runId, commit: first.revision.commit };
  const decisions: Entry[] = [];
  let run: Run | undefined;
  for (const event of events) {
    if (isDecision(event)) decisions.push(entryOf(event, run));
    run = evolve(run, event);
  }
  return [...startOf(first), ...decisions].map((entry) => ({ ...entry, ...about }));
}

type Entry = Omit<AuditEntry, "pipeline" | "run" | "commit">;

function startOf({ at, trigger, people, definition, reused }: RunEventOf<"run.started">): readonly Entry[] {
  if (!("by" in trigger)) return [];
  // What is only moved is known from the beginning; what is still to be built is not.
  const moved = definition.images.flatMap(({ name }) => reused[name]?.digest ?? []);
  return [
    {
      at: iso(at),
      act: STARTS[trigger.type] ?? trigger.type,
      stage: isDerived(trigger) ? definition.stages[0]?.name : undefined,
      person: trigger.by,
      identity: people.starter ?? trigger.by,
      release: isDerived(trigger) ? moved.join(",") : undefined,
      comment: "reason" in trigger ? trigger.reason : undefined,
      from: people.starterFrom,
    },
  ];
}

function isDecision(event: RunEvent): event is Decided {
  return "identity" in event && "person" in event;
}

/** @param before the run as it was then: a decision that names no release is about the one that it had */
function entryOf(event: Decided, before: Run | undefined): Entry {
  return {
    at: iso(event.at),
    act: ACTS[event.type] ?? event.type,
    stage: textOf(event, "stage"),
    person: event.person,
    identity: event.identity,
    release: textOf(event, "release") ?? (before === undefined ? undefined : releaseOf(before)),
    comment: textOf(event, "comment") ?? textOf(event, "reason"),
    from: textOf(event, "from"),
  };
}

function textOf(event: Decided, name: string): string | undefined {
  const found = Object.entries(event).find(([key]) => key === name)?.[1];
  return typeof found === "string" ? found : undefined;
}

const iso = (at: number): string => new Date(at).toISOString();
