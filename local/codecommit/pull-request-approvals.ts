import { AwsError, type Operation } from "../service.ts";
import { requiredText } from "./input.ts";
import { pullRequestStateChange } from "./pull-request-events.ts";
import { type PullRequestDesk, requireOpen } from "./pull-request-operations.ts";

const STATES = ["APPROVE", "REVOKE"] as const;

/**
 * Who approves a revision of a pull request. There are no approval rules here: nothing is held up by them.
 * See https://docs.aws.amazon.com/codecommit/latest/APIReference/API_UpdatePullRequestApprovalState.html.
 */
export function approvalOperations({ context, pulls }: PullRequestDesk): Readonly<Record<string, Operation>> {
  const revision = (input: Readonly<Record<string, unknown>>): string => {
    const id = requiredText(input, "revisionId", "RevisionIdRequiredException");
    if (/^[0-9a-f]{64}$/.test(id)) return id;
    throw new AwsError("InvalidRevisionIdException", `${id} is no revision's id`);
  };
  return {
    UpdatePullRequestApprovalState: async (input, caller) => {
      const pull = pulls.get(input.pullRequestId);
      const revisionId = revision(input);
      const wanted = requiredText(input, "approvalState", "ApprovalStateRequiredException");
      const approvalStatus = STATES.find((state) => state === wanted);
      if (approvalStatus === undefined)
        throw new AwsError("InvalidApprovalStateException", `${wanted} is none of ${STATES.join(", ")}`);
      requireOpen(pull);
      if (revisionId !== pull.revisionId)
        throw new AwsError("RevisionNotCurrentException", `Pull request ${pull.id} has a newer revision`);
      if (approvalStatus === "APPROVE" && caller.arn === pull.authorArn) {
        const message = `${caller.arn} is the author of pull request ${pull.id}`;
        throw new AwsError("PullRequestCannotBeApprovedByAuthorException", message);
      }
      const others = pull.approvals.filter(
        (one) => one.revisionId !== revisionId || one.userArn !== caller.arn,
      );
      pull.approvals =
        approvalStatus === "APPROVE" ? [...others, { userArn: caller.arn, revisionId }] : others;
      pull.lastActivityAt = context.now();
      await pulls.save();
      const change = { event: "pullRequestApprovalStateChanged", approvalStatus } as const;
      context.emit(pullRequestStateChange(context, pull, change, caller.arn));
      return {};
    },
    GetPullRequestApprovalStates: async (input) => {
      const pull = pulls.get(input.pullRequestId);
      const revisionId = revision(input);
      const approvals = pull.approvals
        .filter((one) => one.revisionId === revisionId)
        .map(({ userArn }) => ({ userArn, approvalState: "APPROVE" }));
      return { approvals };
    },
  };
}
