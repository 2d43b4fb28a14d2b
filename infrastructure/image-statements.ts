import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { attribute, distinct, imagesOf, publicImagesOf, repositoryId, sub } from "./names.ts";

type Statement = Readonly<Record<string, unknown>>;

/** What publishing reads and writes; and what retention looks at. */
export function imageStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const repositories = distinct(pipelines, imagesOf).map((image) => attribute(repositoryId(image), "Arn"));
  const Action = [
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:DescribeImageScanFindings",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetLifecyclePolicy",
    "ecr:PutImage",
  ];
  return [
    ...(repositories.length === 0
      ? []
      : [{ Sid: "PublishIndexes", Effect: "Allow", Action, Resource: repositories }]),
    ...publicStatements(pipelines, ["ecr-public:BatchCheckLayerAvailability", "ecr-public:PutImage"]),
  ];
}

/**
 * ECR Public's repositories belong to the account, not to a region. Its tokens are the account's, too, and STS gives them:
 * https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
 */
function publicStatements(
  pipelines: readonly PipelineDefinition[],
  actions: readonly string[],
): readonly Statement[] {
  const images = distinct(pipelines, publicImagesOf);
  if (images.length === 0) return [];
  return [
    {
      Sid: "LogInToEcrPublic",
      Effect: "Allow",
      Action: ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"],
      Resource: "*",
    },
    {
      Sid: "PushToEcrPublic",
      Effect: "Allow",
      Action: actions,
      Resource: images.map((name) =>
        sub(`arn:\${AWS::Partition}:ecr-public::\${AWS::AccountId}:repository/${name}`),
      ),
    },
  ];
}

const PUSH = [
  "BatchCheckLayerAvailability",
  "CompleteLayerUpload",
  "InitiateLayerUpload",
  "PutImage",
  "UploadLayerPart",
];

/** What builds push with. */
export function pushStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const repositories = distinct(pipelines, imagesOf).map((image) => attribute(repositoryId(image), "Arn"));
  const actions = [...PUSH, "BatchGetImage", "GetDownloadUrlForLayer"].sort();
  const inEcr: readonly Statement[] = [
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
      Action: actions.map((action) => `ecr:${action}`),
      Resource: repositories,
    },
  ];
  return [
    ...(repositories.length === 0 ? [] : inEcr),
    ...publicStatements(
      pipelines,
      PUSH.map((action) => `ecr-public:${action}`),
    ),
  ];
}
