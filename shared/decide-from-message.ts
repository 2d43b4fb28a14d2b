import type { Deps } from "./advance.ts";
import { type Decided, intervene } from "./decide-stage.ts";
import { type DecisionResult, decide, quorum } from "./pipeline/approvals.ts";
import type { Person } from "./pipeline/identities.ts";
import { approvalProblem } from "./pipeline/messages.ts";
import { questionOf } from "./pipeline/news.ts";
import type { Problem } from "./pipeline/problem.ts";
import { isTerminal, type Run, type Stage } from "./pipeline/run.ts";

/** An approval by a message's button. */
export interface MessageApproval {
  readonly runId: string;
  readonly stage: string;
  /** What the message asked; the release itself is the run's, and never another. */
  readonly question: string;
  /** From where, for the record. */
  readonly from: string;
}

/**
 * Approves what a message has shown, by the same rules as everywhere. A message that has been overtaken approves nothing:
 * the question is compared with the state that the decision is stored under.
 */
export function decideFromMessage(
  deps: Deps,
  { runId, stage: name, question, from }: MessageApproval,
  who: Person,
): Promise<Decided> {
  return intervene(deps, runId, (run, now) => {
    const stage = run.stages.find(({ definition }) => definition.name === name);
    const release = stage?.gate?.release ?? "";
    const result = decide(run, { stage: name, decision: "approve", release, from }, who, now);
    if (result.type === "already" || stage === undefined || isTerminal(run)) return result;
    const asked = questionOf(stage);
    if (asked !== undefined && run.stop !== undefined)
      return refused(run, stage, { code: "not-waiting", status: "to be stopped with the run" });
    // Whoever comes after the last that was needed adds nothing to the record.
    if (asked === undefined && stage.state.status === "gated" && quorum(stage).reached)
      return refused(run, stage, { code: "not-waiting", status: "approved" });
    return result.type !== "decided" || asked === question ? result : overtaken(run, stage, question);
  });
}

function overtaken(run: Run, stage: Stage, question: string): DecisionResult {
  const round = /^gate (\d+)$/.exec(question)?.[1];
  const voided = round === undefined ? [] : (stage.gate?.voided.slice(Number(round)) ?? []);
  const changed = voided.length > 0 ? voided : ["the message asks about an earlier point of the deployment"];
  return refused(run, stage, { code: "changed", changed });
}

function refused(run: Run, stage: Stage, problem: Problem): DecisionResult {
  return { type: "problem", problem, message: approvalProblem(run, stage.definition.name, problem) };
}
