import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { attribute, distinct, reviewedRepositoriesOf, sub } from "./names.ts";

const ROLE = "PullRequestRole";

/**
 * Who comments on pull requests in CodeCommit, and approves them: sessions `tandem-PIPELINE` of one role, whichever function
 * it is that speaks. Only its author changes a comment. Nothing where no pipeline builds pull requests.
 */
export function reviewerRole(pipelines: readonly PipelineDefinition[]): Readonly<Record<string, unknown>> {
  const repositories = distinct(pipelines, reviewedRepositoriesOf);
  if (repositories.length === 0) return {};
  const statement = {
    Sid: "SpeakOnPullRequests",
    Effect: "Allow",
    Action: [
      "codecommit:GetCommentsForPullRequest",
      "codecommit:PostCommentForPullRequest",
      "codecommit:UpdateComment",
      "codecommit:UpdatePullRequestApprovalState",
    ],
    Resource: repositories.map((name) =>
      sub(`arn:\${AWS::Partition}:codecommit:\${AWS::Region}:\${AWS::AccountId}:${name}`),
    ),
  };
  return {
    [ROLE]: {
      Type: "AWS::IAM::Role",
      Properties: {
        Description: sub("Tandem ${AWS::StackName}: comments on pull requests, and approvals"),
        AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [trust()] },
        Policies: [
          { PolicyName: "tandem", PolicyDocument: { Version: "2012-10-17", Statement: [statement] } },
        ],
      },
    },
  };
}

/** The functions' roles, by how CloudFormation names them: to name each would tie a knot, for they name this one. */
function trust(): unknown {
  return {
    Effect: "Allow",
    Principal: { AWS: sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root") },
    Action: "sts:AssumeRole",
    Condition: {
      ArnLike: {
        "aws:PrincipalArn": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-*"),
      },
    },
  };
}

/** What a function needs to speak on pull requests. */
export function reviewerStatements(pipelines: readonly PipelineDefinition[]) {
  if (distinct(pipelines, reviewedRepositoriesOf).length === 0) return [];
  return [
    {
      Sid: "SpeakOnPullRequests",
      Effect: "Allow",
      Action: "sts:AssumeRole",
      Resource: attribute(ROLE, "Arn"),
    },
  ];
}

export function reviewerEnvironment(pipelines: readonly PipelineDefinition[]) {
  return distinct(pipelines, reviewedRepositoriesOf).length === 0
    ? {}
    : { PULL_REQUEST_ROLE: attribute(ROLE, "Arn") };
}

/** What an approval rule names as its pool: any pipeline's session. */
export function reviewerOutput(pipelines: readonly PipelineDefinition[]): Readonly<Record<string, unknown>> {
  if (distinct(pipelines, reviewedRepositoriesOf).length === 0) return {};
  const Value = {
    "Fn::Sub": `arn:\${AWS::Partition}:sts::\${AWS::AccountId}:assumed-role/\${${ROLE}}/tandem-*`,
  };
  return { PullRequestApprovers: { Description: "For the pool of an approval rule in CodeCommit.", Value } };
}
