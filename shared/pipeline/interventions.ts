import { type DecisionResult, deciderOf, isMember } from "./approvals.ts";
import type { Instant } from "./events.ts";
import type { Person } from "./identities.ts";
import { approvalProblem } from "./messages.ts";
import type { Problem } from "./problem.ts";
import { isTerminal, type Run } from "./run.ts";

/** What people do to a run beside approving: let a stage begin in spite of its window and checks, or end it. */

/** Lets a stage begin outside of its window, or although a check fails; approvals are not replaced by it. */
export function override(
  run: Run,
  request: { readonly stage: string; readonly reason: string; readonly from?: string },
  who: Person,
  now: Instant,
): DecisionResult {
  const stage = run.stages.find(({ definition }) => definition.name === request.stage);
  const problem = (fault: Problem): DecisionResult => ({
    type: "problem",
    problem: fault,
    message: approvalProblem(run, request.stage, fault),
  });
  if (stage === undefined) {
    return problem({ code: "unknown-stage", stages: run.stages.map(({ definition }) => definition.name) });
  }
  const { window, checks = [], overrides = [] } = stage.definition;
  if (isTerminal(run)) return problem({ code: "not-waiting", status: run.status.status });
  if (window === undefined && checks.length === 0) return problem({ code: "no-override" });
  if (stage.state.status !== "gated" || stage.gate === undefined) {
    return problem({ code: "not-waiting", status: stage.state.status });
  }
  if (!overrides.some((group) => isMember(run.definition, group, who))) {
    return problem({ code: "not-a-member", groups: overrides });
  }
  const decider = deciderOf(run.definition, who);
  if (stage.gate.override !== undefined) {
    return {
      type: "already",
      message: `${stage.gate.override.person} has overridden ${request.stage} already`,
    };
  }
  return {
    type: "decided",
    event: {
      type: "gate.overridden",
      at: now,
      stage: request.stage,
      reason: request.reason,
      ...decider,
      ...(request.from === undefined ? {} : { from: request.from }),
    },
  };
}

/** Ends a run before its next stage; what is under way in AWS comes to its end first. */
export function stopRun(
  run: Run,
  request: { readonly reason: string; readonly from?: string },
  who: Person,
  now: Instant,
): DecisionResult {
  if (isTerminal(run)) {
    const fault: Problem = { code: "ended", status: run.status.status };
    return { type: "problem", problem: fault, message: approvalProblem(run, "", fault) };
  }
  if (run.stop !== undefined) {
    return { type: "already", message: `${run.stop.person} is stopping ${run.id} already` };
  }
  return {
    type: "decided",
    event: {
      type: "run.stop-requested",
      at: now,
      reason: request.reason,
      ...deciderOf(run.definition, who),
      ...(request.from === undefined ? {} : { from: request.from }),
    },
  };
}
