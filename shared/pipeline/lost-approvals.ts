import type { Approval, Run, Stage } from "./run.ts";
import { isTerminal } from "./run.ts";

/** What a gate's approvals are worth. */
export interface Standing {
  readonly approvals: readonly Approval[];
  /** Why earlier ones count no more, each time. */
  readonly voided: readonly string[];
}

/** A run that has ended at a gate, as when a newer one took its place, took with it what had been approved there. */
export function standingOf(run: Run, { gate, state }: Stage): Standing {
  if (gate === undefined) return { approvals: [], voided: [] };
  const { approvals, voided } = gate;
  if (approvals.length === 0 || !isTerminal(run) || state.status !== "gated") return { approvals, voided };
  const people = approvals.map(({ person }) => person).join(", ");
  return { approvals: [], voided: [...voided, `${people} had approved, and ${endOf(run)}`] };
}

function endOf({ id, status }: Run): string {
  return status.status === "superseded"
    ? `${status.by} is newer and took its place`
    : `${id} is ${status.status}`;
}
