import type { RunEventOf } from "../../../shared/pipeline/events.ts";
import type { Run } from "../../../shared/pipeline/run.ts";
import { ARNS, MANAGERS, type Name } from "../world/people.ts";
import type { Findings } from "./findings.ts";

/** A decision as a person sent it. */
export interface Sent {
  readonly by: Name;
  readonly runId: string;
  readonly stage: string;
  readonly decision: "approve" | "refuse";
  readonly release: string;
}

type Given = RunEventOf<"approval.given" | "approval.refused">;

/** Invariant 4, the people's half: who may decide decided, and on what they said they had seen. */
export class DecisionChecks {
  readonly #findings: Findings;
  readonly #sent: Sent[] = [];

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  sent(decision: Sent): void {
    this.#sent.push(decision);
  }

  stored(run: Run, event: Given): void {
    const decision = event.type === "approval.given" ? "approve" : "refuse";
    const by = MANAGERS.find((name) => ARNS[name] === event.identity);
    const what = `${event.person}'s ${event.type} of ${event.stage} of ${run.id}`;
    if (by === undefined) {
      this.#findings.violate(4, `${what}: not a release manager`);
      return;
    }
    const matches = this.#sent.some(
      (sent) =>
        sent.by === by &&
        sent.runId === run.id &&
        sent.stage === event.stage &&
        sent.decision === decision &&
        sent.release === event.release,
    );
    this.#findings.demand(matches, 4, () => `${what}: nobody sent it`);
    const rule = run.definition.stages.find(({ name }) => name === event.stage)?.approval;
    const own = isInvolved(run, by) && rule?.selfApproval !== true && decision === "approve";
    this.#findings.demand(!own, 4, () => `${what}: their own commit`);
  }
}

/** Whether somebody wrote, committed or pushed what a run is about. */
export function isInvolved({ people }: Run, by: Name): boolean {
  return (
    people.pusher === ARNS[by] || [people.author, people.committer].some((text) => text?.includes(`<${by}@`))
  );
}
