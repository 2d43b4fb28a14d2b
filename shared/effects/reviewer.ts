import type * as CodeCommit from "@aws-sdk/client-codecommit";
import type { Call } from "./aws.ts";

/**
 * Who speaks on CodeCommit's pull requests in a pipeline's name. Only its author changes a comment, and an approval is its
 * giver's: whichever function tells, it has to be one and the same principal, and another one for each pipeline.
 */
export interface Reviewer {
  readonly getCommentsForPullRequest: Call<
    CodeCommit.GetCommentsForPullRequestCommandInput,
    CodeCommit.GetCommentsForPullRequestCommandOutput
  >;
  readonly postCommentForPullRequest: Call<
    CodeCommit.PostCommentForPullRequestCommandInput,
    CodeCommit.PostCommentForPullRequestCommandOutput
  >;
  readonly updateComment: Call<CodeCommit.UpdateCommentCommandInput, CodeCommit.UpdateCommentCommandOutput>;
  readonly updatePullRequestApprovalState: Call<
    CodeCommit.UpdatePullRequestApprovalStateCommandInput,
    CodeCommit.UpdatePullRequestApprovalStateCommandOutput
  >;
}
