import type { EventDraft, LocalContext } from "../service.ts";
import type { CommentRecord, PullRequestRecord } from "./pull-request-records.ts";
import { repositoryArn } from "./repository-operations.ts";

/** What has happened to a pull request, as CodeCommit calls it. */
export type PullRequestChange =
  | { readonly event: "pullRequestCreated" | "pullRequestSourceBranchUpdated" | "pullRequestStatusChanged" }
  | { readonly event: "pullRequestMergeStatusUpdated"; readonly mergeOption: "FAST_FORWARD_MERGE" }
  | {
      readonly event: "pullRequestApprovalStateChanged";
      readonly approvalStatus: "APPROVE" | "REVOKE";
    };

/**
 * The event of a pull request that has changed.
 * See https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html#pullRequestCreated.
 */
export function pullRequestStateChange(
  context: LocalContext,
  pull: PullRequestRecord,
  change: PullRequestChange,
  callerUserArn: string,
): EventDraft {
  return {
    source: "aws.codecommit",
    detailType: "CodeCommit Pull Request State Change",
    resources: [repositoryArn(context, pull.repository)],
    detail: {
      ...change,
      author: pull.authorArn,
      callerUserArn,
      creationDate: date(pull.createdAt),
      ...(pull.description === undefined ? {} : { description: pull.description }),
      destinationCommit: pull.destinationCommit,
      destinationReference: pull.destination,
      isMerged: pull.merged === undefined ? "False" : "True",
      lastModifiedDate: date(pull.lastActivityAt),
      notificationBody: `${callerUserArn}: ${change.event} of pull request ${pull.id} in the repository ${pull.repository}`,
      pullRequestId: pull.id,
      pullRequestStatus: pull.status === "OPEN" ? "Open" : "Closed",
      repositoryNames: [pull.repository],
      revisionId: pull.revisionId,
      sourceCommit: pull.sourceCommit,
      sourceReference: pull.source,
      title: pull.title,
    },
  };
}

/**
 * The event of a comment.
 * See https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html#commentOnPullRequestCreated.
 */
export function commentOnPullRequest(
  context: LocalContext,
  repositoryId: string,
  pull: PullRequestRecord,
  comment: CommentRecord,
  event: "commentOnPullRequestCreated" | "commentOnPullRequestUpdated",
  callerUserArn: string,
): EventDraft {
  return {
    source: "aws.codecommit",
    detailType: "CodeCommit Comment on Pull Request",
    resources: [repositoryArn(context, pull.repository)],
    detail: {
      afterCommitId: comment.afterCommit,
      beforeCommitId: comment.beforeCommit,
      callerUserArn,
      commentId: comment.id,
      event,
      notificationBody: `${callerUserArn}: ${event} on pull request ${pull.id} in the repository ${pull.repository}`,
      pullRequestId: pull.id,
      repositoryId,
      repositoryName: pull.repository,
    },
  };
}

/** `Tue Oct 10 21:32:51 UTC 2023`. */
function date(at: number): string {
  const [weekday = "", day = "", month = "", year = "", time = ""] = new Date(at)
    .toUTCString()
    .replace(",", "")
    .split(" ");
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}
