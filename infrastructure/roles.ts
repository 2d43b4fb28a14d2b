import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { ecsStatements } from "./ecs-statements.ts";
import { gateStatements } from "./gate-statements.ts";
import { imageStatements, pushStatements } from "./image-statements.ts";
import { messageStatements, slackSecretStatement } from "./messages.ts";
import { attribute, codecommitRepositoriesOf, connectionsOf, distinct, PROJECTS, sub } from "./names.ts";
import { reviewerRole, reviewerStatements } from "./reviewer.ts";

type Statement = Readonly<Record<string, unknown>>;

const ARN = "arn:${AWS::Partition}";
const HERE = "${AWS::Region}:${AWS::AccountId}";

/** One role per function, each with just what its function calls, on just the resources of the pipelines. */
export function functionRoles(
  pipelines: readonly PipelineDefinition[],
  passRoles: readonly string[],
): Readonly<Record<string, unknown>> {
  const advance = advanceStatements(pipelines, passRoles);
  const reading = [
    "GetBranch",
    "GetCommit",
    "GetDifferences",
    "GetPullRequest",
    "ListBranches",
    "ListPullRequests",
  ];
  const sources = codecommitStatements(
    "ReadRepositories",
    pipelines,
    reading.map((action) => `codecommit:${action}`),
  );
  return {
    OnCodecommitPushRole: role("on-codecommit-push", [...advance, ...sources]),
    OnCodecommitPullRequestRole: role("on-codecommit-pull-request", [...advance, ...sources]),
    OnGithubWebhookRole: role("on-github-webhook", [storeStatement(), secretStatement(), openRunStatement()]),
    OnSlackInteractionRole: role("on-slack-interaction", [
      pressStatement(),
      slackSecretStatement(),
      invokeStatement("JudgePresses", "OnSlackDecisionLambdaFunction"),
    ]),
    OnSlackDecisionRole: role("on-slack-decision", advance),
    OpenRunRole: role("open-run", [...advance, ...sources]),
    OnBuildChangeRole: role("on-build-change", advance),
    OnDeploymentChangeRole: role("on-deployment-change", advance),
    OnScheduleRole: role("on-schedule", [...advance, ...sources]),
    OnBaseImageRole: role("on-base-image", [...advance, ...sources]),
    HttpApiRole: role("http-api", [...advance, ...sources]),
    SweepRole: role("sweep", [...advance, ...sources]),
    ...reviewerRole(pipelines),
  };
}

/** On the pipelines' CodeCommit repositories; nothing when there are none. */
function codecommitStatements(
  Sid: string,
  pipelines: readonly PipelineDefinition[],
  actions: readonly string[],
): readonly Statement[] {
  const repositories = distinct(pipelines, codecommitRepositoriesOf);
  if (repositories.length === 0) return [];
  const Resource = repositories.map((name) => sub(`${ARN}:codecommit:${HERE}:${name}`));
  return [{ Sid, Effect: "Allow", Action: actions, Resource }];
}

function role(name: string, statements: readonly Statement[]): unknown {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: sub(`Tandem \${AWS::StackName}: ${name}`),
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      },
      Policies: [
        {
          PolicyName: "tandem",
          PolicyDocument: { Version: "2012-10-17", Statement: [...statements, ...ownStatements()] },
        },
      ],
    },
  };
}

/** Log lines and dead letters: what every function of the stack writes. */
function ownStatements(): readonly Statement[] {
  return [
    {
      Sid: "WriteOwnLogs",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: sub(`${ARN}:logs:${HERE}:log-group:/aws/lambda/\${AWS::StackName}-*:*`),
    },
    {
      Sid: "SendDeadLetters",
      Effect: "Allow",
      Action: "sqs:SendMessage",
      Resource: attribute("DeadLetters", "Arn"),
    },
  ];
}

/** What `advance` may do to a run, whoever calls it. */
function advanceStatements(
  pipelines: readonly PipelineDefinition[],
  passRoles: readonly string[],
): readonly Statement[] {
  return [
    storeStatement(),
    ...buildStatements(),
    ...imageStatements(pipelines),
    // Whether a branch that has a tag of an image still is there.
    ...codecommitStatements("AskForBranches", pipelines, ["codecommit:GetBranch"]),
    ...ecsStatements(pipelines, passRoles),
    ...gateStatements(pipelines),
    // Whoever advances a run tells the commit's host of it.
    secretStatement(),
    ...reviewerStatements(pipelines),
    ...messageStatements(pipelines),
  ];
}

function storeStatement(): Statement {
  return {
    Sid: "KeepTheStreams",
    Effect: "Allow",
    Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
    Resource: [attribute("Table", "Arn"), { "Fn::Join": ["/", [attribute("Table", "Arn"), "index", "*"]] }],
  };
}

/** The webhook's secrets, and what GitHub's API is asked with. */
function secretStatement(): Statement {
  return {
    Sid: "ReadGithubSecret",
    Effect: "Allow",
    Action: "secretsmanager:GetSecretValue",
    Resource: { Ref: "GithubSecret" },
  };
}

function openRunStatement(): Statement {
  return invokeStatement("OpenRuns", "OpenRunLambdaFunction");
}

function invokeStatement(Sid: string, id: string): Statement {
  return { Sid, Effect: "Allow", Action: "lambda:InvokeFunction", Resource: attribute(id, "Arn") };
}

/** Remembers a press, so that the same request once more is none. */
function pressStatement(): Statement {
  return {
    Sid: "RememberPresses",
    Effect: "Allow",
    Action: "dynamodb:PutItem",
    Resource: attribute("Table", "Arn"),
    Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["slack#*"] } },
  };
}

/** Builds run as the projects say: no image, role or privilege of the caller's choice. */
function buildStatements(): readonly Statement[] {
  const projects = PROJECTS.map((id) => attribute(id, "Arn"));
  return [
    {
      Sid: "StartBuilds",
      Effect: "Allow",
      Action: "codebuild:StartBuild",
      Resource: projects,
      Condition: {
        Null: {
          "codebuild:environment.image": "true",
          "codebuild:environment.privilegedMode": "true",
          "codebuild:serviceRole": "true",
        },
      },
    },
    {
      Sid: "FollowBuilds",
      Effect: "Allow",
      Action: ["codebuild:StopBuild", "codebuild:BatchGetBuilds", "codebuild:ListBuildsForProject"],
      Resource: projects,
    },
    {
      Sid: "ReadBuildLogs",
      Effect: "Allow",
      Action: "logs:GetLogEvents",
      Resource: { "Fn::Join": ["", [attribute("BuildLogs", "Arn"), ":log-stream:*"]] },
    },
  ];
}

/**
 * What builds may do. Those of the pipelines' own commits: read the commit, push to the pipelines' repositories, write
 * their log. Those of strangers' commits: write their log.
 */
export function buildRoles(pipelines: readonly PipelineDefinition[]): Readonly<Record<string, unknown>> {
  return {
    BuildRole: buildRole("builds", [writeBuildLogs(), ...buildStatementsOf(pipelines)]),
    UntrustedBuildRole: buildRole("builds of pull requests from forks", [writeBuildLogs()]),
  };
}

function buildRole(name: string, statements: readonly Statement[]): unknown {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: sub(`Tandem \${AWS::StackName}: ${name}`),
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "codebuild.amazonaws.com" },
            Action: "sts:AssumeRole",
            Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          },
        ],
      },
      Policies: [{ PolicyName: "tandem", PolicyDocument: { Version: "2012-10-17", Statement: statements } }],
    },
  };
}

function writeBuildLogs(): Statement {
  return {
    Sid: "WriteBuildLogs",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: { "Fn::Join": ["", [attribute("BuildLogs", "Arn"), ":log-stream:*"]] },
  };
}

function buildStatementsOf(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const connections = distinct(pipelines, connectionsOf);
  return [
    ...codecommitStatements("ReadRepositories", pipelines, ["codecommit:GitPull"]),
    ...(connections.length === 0
      ? []
      : [
          {
            Sid: "ReadGitHub",
            Effect: "Allow",
            Action: [
              "codeconnections:GetConnection",
              "codeconnections:GetConnectionToken",
              "codeconnections:UseConnection",
            ],
            Resource: connections,
          },
        ]),
    ...pushStatements(pipelines),
  ];
}
