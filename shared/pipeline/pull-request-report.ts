import { pullRequestComment, reviewLine } from "./pull-request-messages.ts";
import type { Run } from "./run.ts";

/** The one comment that a run makes on its pull request; it is changed as the run goes on. */
export interface CommentReport {
  readonly type: "comment";
  readonly key: "comment";
  readonly state: string;
  /** All of it, as Markdown. */
  readonly description: string;
}

/** What the outcome is to the pull request's approval rules. */
export interface ApprovalReport {
  readonly type: "approval";
  readonly key: "approval";
  readonly state: "APPROVE" | "REVOKE";
  readonly description: string;
  /** What is approved: nothing of it may have changed since. */
  readonly revisionId: string;
}

/** What CodeCommit should show of a run, by its state alone: only pull requests have a place for it. */
export function pullRequestReports(run: Run): readonly (CommentReport | ApprovalReport)[] {
  if (run.trigger.type !== "pull-request") return [];
  const comment: CommentReport = {
    type: "comment",
    key: "comment",
    state: run.status.status,
    description: pullRequestComment(run),
  };
  return [comment, ...approval(run)];
}

/** Only once it is known; what ends early, since a newer commit has come, says nothing of the pull request. */
function approval(run: Run): readonly ApprovalReport[] {
  const { definition, status, trigger } = run;
  if (definition.source.type !== "codecommit" || !definition.source.approvalState) return [];
  if (trigger.type !== "pull-request" || trigger.revisionId === undefined) return [];
  if (status.status !== "succeeded" && status.status !== "failed") return [];
  const state = status.status === "succeeded" ? "APPROVE" : "REVOKE";
  const { revisionId } = trigger;
  return [{ type: "approval", key: "approval", state, description: reviewLine(run), revisionId }];
}
