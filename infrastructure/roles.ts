import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import {
  attribute,
  clustersOf,
  distinct,
  imagesOf,
  repositoriesOf,
  repositoryId,
  servicesOf,
  sub,
} from "./names.ts";

type Statement = Readonly<Record<string, unknown>>;

const ARN = "arn:${AWS::Partition}";
const HERE = "${AWS::Region}:${AWS::AccountId}";

/** One role per function, each with just what its function calls, on just the resources of the pipelines. */
export function functionRoles(
  pipelines: readonly PipelineDefinition[],
  passRoles: readonly string[],
): Readonly<Record<string, unknown>> {
  const advance = advanceStatements(pipelines, passRoles);
  const codecommit: Statement = {
    Sid: "ReadTheCommitAndTheTip",
    Effect: "Allow",
    Action: ["codecommit:GetBranch", "codecommit:GetCommit"],
    Resource: distinct(pipelines, repositoriesOf).map((name) => sub(`${ARN}:codecommit:${HERE}:${name}`)),
  };
  return {
    OnCodecommitPushRole: role("on-codecommit-push", [...advance, codecommit]),
    OnBuildChangeRole: role("on-build-change", advance),
    OnDeploymentChangeRole: role("on-deployment-change", advance),
    HttpApiRole: role("http-api", advance),
    SweepRole: role("sweep", advance),
  };
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
    imageStatement(pipelines),
    ...ecsStatements(pipelines, passRoles),
  ];
}

function storeStatement(): Statement {
  return {
    Sid: "KeepTheStreams",
    Effect: "Allow",
    Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
    Resource: [attribute("Table", "Arn"), { "Fn::Join": ["/", [attribute("Table", "Arn"), "index", "*"]] }],
  };
}

/** Builds run as the projects say: no image, role or privilege of the caller's choice. */
function buildStatements(): readonly Statement[] {
  const projects = [attribute("ProjectX8664", "Arn"), attribute("ProjectArm64", "Arn")];
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

function imageStatement(pipelines: readonly PipelineDefinition[]): Statement {
  return {
    Sid: "PublishIndexes",
    Effect: "Allow",
    Action: ["ecr:BatchGetImage", "ecr:PutImage"],
    Resource: distinct(pipelines, imagesOf).map((image) => attribute(repositoryId(image), "Arn")),
  };
}

function ecsStatements(
  pipelines: readonly PipelineDefinition[],
  passRoles: readonly string[],
): readonly Statement[] {
  const services = distinct(pipelines, servicesOf);
  if (services.length === 0) return [];
  const clusters = distinct(pipelines, clustersOf);
  return [
    {
      Sid: "RollServicesForward",
      Effect: "Allow",
      Action: ["ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:UpdateService"],
      Resource: services.map((name) => sub(`${ARN}:ecs:${HERE}:service/${name}`)),
    },
    {
      Sid: "SeeRevisions",
      Effect: "Allow",
      Action: "ecs:DescribeServiceRevisions",
      Resource: services.map((name) => sub(`${ARN}:ecs:${HERE}:service-revision/${name}/*`)),
    },
    {
      Sid: "SeeTasks",
      Effect: "Allow",
      Action: ["ecs:ListTasks", "ecs:DescribeTasks"],
      Resource: clusters.flatMap((name) => [
        sub(`${ARN}:ecs:${HERE}:container-instance/${name}/*`),
        sub(`${ARN}:ecs:${HERE}:task/${name}/*`),
      ]),
    },
    {
      // The family is the service's own and not known here; the revision is registered in this account and region only.
      Sid: "RegisterRevisions",
      Effect: "Allow",
      Action: ["ecs:RegisterTaskDefinition", "ecs:TagResource"],
      Resource: sub(`${ARN}:ecs:${HERE}:task-definition/*:*`),
    },
    {
      // These two actions know no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
      Sid: "ReadTaskDefinitions",
      Effect: "Allow",
      Action: ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"],
      Resource: "*",
    },
    {
      Sid: "PassTaskRoles",
      Effect: "Allow",
      Action: "iam:PassRole",
      Resource: passRoles.map((name) => sub(`${ARN}:iam::\${AWS::AccountId}:role/${name}`)),
      Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
    },
  ];
}

/** What a build may do: read the commit, push to the pipelines' repositories, write its log. */
export function buildRole(pipelines: readonly PipelineDefinition[]): unknown {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: sub("Tandem ${AWS::StackName}: builds"),
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
      Policies: [
        {
          PolicyName: "tandem",
          PolicyDocument: { Version: "2012-10-17", Statement: buildRoleStatements(pipelines) },
        },
      ],
    },
  };
}

function buildRoleStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  return [
    {
      Sid: "WriteBuildLogs",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: { "Fn::Join": ["", [attribute("BuildLogs", "Arn"), ":log-stream:*"]] },
    },
    {
      Sid: "ReadTheSource",
      Effect: "Allow",
      Action: "codecommit:GitPull",
      Resource: distinct(pipelines, repositoriesOf).map((name) => sub(`${ARN}:codecommit:${HERE}:${name}`)),
    },
    {
      // A login token is the account's, not a repository's: the action knows no resources.
      Sid: "LogInToEcr",
      Effect: "Allow",
      Action: "ecr:GetAuthorizationToken",
      Resource: "*",
    },
    {
      Sid: "PushImages",
      Effect: "Allow",
      Action: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ],
      Resource: distinct(pipelines, imagesOf).map((image) => attribute(repositoryId(image), "Arn")),
    },
  ];
}
