import {
  CodeCommitClient,
  GetCommentsForPullRequestCommand,
  PostCommentForPullRequestCommand,
  UpdateCommentCommand,
  UpdatePullRequestApprovalStateCommand,
} from "@aws-sdk/client-codecommit";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { Reviewer } from "./reviewer.ts";

/**
 * Reviewers as sessions of a role that every function of the stack may assume: `assumed-role/ROLE/tandem-PIPELINE`,
 * whichever function it is that speaks.
 * @param roleArn the role that may comment and approve
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export function sdkReviewers(roleArn: string): (pipeline: string) => Reviewer {
  const sts = new STSClient({});
  const reviewers = new Map<string, Reviewer>();
  return (pipeline) => {
    const known = reviewers.get(pipeline) ?? reviewerOf(sts, roleArn, `tandem-${pipeline}`);
    reviewers.set(pipeline, known);
    return known;
  };
}

function reviewerOf(sts: STSClient, RoleArn: string, RoleSessionName: string): Reviewer {
  const credentials = async () => {
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName }));
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined)
      throw new Error(`AssumeRole of ${RoleArn} gave no credentials`);
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      ...(Expiration === undefined ? {} : { expiration: Expiration }),
    };
  };
  const client = new CodeCommitClient({ credentials });
  return {
    getCommentsForPullRequest: (input) => client.send(new GetCommentsForPullRequestCommand(input)),
    postCommentForPullRequest: (input) => client.send(new PostCommentForPullRequestCommand(input)),
    updateComment: (input) => client.send(new UpdateCommentCommand(input)),
    updatePullRequestApprovalState: (input) => client.send(new UpdatePullRequestApprovalStateCommand(input)),
  };
}
