import { summaryOf } from "./news-text.ts";
import type { Problem } from "./problem.ts";
import type { Run } from "./run.ts";

/**
 * What somebody can do whose decision was not taken, or how the run stands where nothing is left to decide.
 * @param who as the definition names whoever decides
 * @returns undefined where the refusal itself says it
 */
export function approvalRemedy(run: Run, problem: Problem, who: string): string | undefined {
  switch (problem.code) {
    case "not-a-member":
      return `ask one of them, or have somebody add ${who} to the group: in the user pool, or under \`groups\` in the definition of ${run.definition.name}, which holds for runs that start then`;
    case "expired":
      return "push again to ask anew";
    case "no-approval":
    case "not-waiting":
    case "ended":
      return nowOf(run);
    case "unknown-stage":
    case "self-approval":
    case "other-release":
    case "changed":
    case "not-given":
    case "no-override":
      return undefined;
  }
}

/** "now: superseded by hello-2". */
export function nowOf(run: Run): string {
  return `now: ${summaryOf(run)}`;
}
