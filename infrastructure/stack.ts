import { join } from "node:path";
import { lifecyclePolicy } from "../shared/definition/lifecycle-policy.ts";
import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { messageEnvironment, messageResources } from "./messages.ts";
import { attribute, distinct, imagesOf, repositoryId, sub } from "./names.ts";
import { authorizer, type PeopleSettings, peopleEnvironment, userPool } from "./people.ts";
import { readPipelines } from "./pipelines.ts";
import { reviewerEnvironment, reviewerOutput } from "./reviewer.ts";
import { buildRoles, functionRoles } from "./roles.ts";
import { rules } from "./rules.ts";

/** What serverless.yml hands in and out; `resolveVariable` reads its other settings. */
interface Serverless {
  readonly resolveVariable: (address: string) => Promise<unknown>;
}

const ROOT = join(__dirname, "..");

/** The functions' environment, the same for all: names only, no secrets. */
export function environment(): Readonly<Record<string, unknown>> {
  const pipelines = readPipelines(ROOT);
  const images = distinct(pipelines, imagesOf);
  const pairs = images.map((image) => ({
    "Fn::Join": ["=", [image, attribute(repositoryId(image), "RepositoryUri")]],
  }));
  return {
    TABLE: { Ref: "Table" },
    PROJECT_X86_64: { Ref: "ProjectX8664" },
    PROJECT_ARM64: { Ref: "ProjectArm64" },
    PROJECT_X86_64_UNTRUSTED: { Ref: "UntrustedProjectX8664" },
    PROJECT_ARM64_UNTRUSTED: { Ref: "UntrustedProjectArm64" },
    REPOSITORY_URIS: { "Fn::Join": [",", pairs] },
    ECR_PUBLIC_URL: "https://public.ecr.aws",
    CODECOMMIT_URL: sub("https://git-codecommit.${AWS::Region}.${AWS::URLSuffix}/v1/repos/"),
    GITHUB_API_URL: "https://api.github.com",
    GITHUB_URL: "https://github.com",
    GITHUB_SECRET: { Ref: "GithubSecret" },
    ...reviewerEnvironment(pipelines),
    ...messageEnvironment(pipelines),
    // By name: with a reference the function's own environment would depend on the function.
    OPEN_RUN_FUNCTION: sub("${AWS::StackName}-openRun"),
    POWERTOOLS_SERVICE_NAME: "tandem",
  };
}

/** Everything of the stack but the functions themselves and their HTTP API. */
export async function resources({ resolveVariable }: Serverless): Promise<unknown> {
  const pipelines = readPipelines(ROOT);
  const passRoles = await resolveVariable("self:custom.passRoles");
  return {
    Resources: {
      Table: table(),
      ...deadLetters(),
      GithubSecret: githubSecret(),
      ...messageResources(pipelines),
      ...projects(pipelines),
      ...Object.fromEntries(
        distinct(pipelines, imagesOf).map((image) => [repositoryId(image), repository(image, pipelines)]),
      ),
      ...functionRoles(pipelines, Array.isArray(passRoles) ? passRoles.map(String) : []),
      ...rules(pipelines),
      ...userPool(pipelines, await peopleSettings(resolveVariable)),
    },
    Outputs: {
      TableName: { Description: "Streams, heads and deliveries.", Value: { Ref: "Table" } },
      DeadLettersUrl: { Description: "Events that no function could take.", Value: { Ref: "DeadLetters" } },
      ...reviewerOutput(pipelines),
    },
  };
}

/** What only the HTTP API's function has to know: who may ask it, and where they sign in. */
export async function httpApiEnvironment({ resolveVariable }: Serverless): Promise<unknown> {
  return peopleEnvironment(await peopleSettings(resolveVariable));
}

/** Who is in a group is asked where people sign in. */
export async function slackDecisionEnvironment({ resolveVariable }: Serverless): Promise<unknown> {
  const { USER_POOL } = peopleEnvironment(await peopleSettings(resolveVariable));
  return { USER_POOL };
}

/** The HTTP API's authorizer for people. */
export async function peopleAuthorizer({ resolveVariable }: Serverless): Promise<unknown> {
  return authorizer(await peopleSettings(resolveVariable));
}

/** @throws Error when an issuer is named without a client */
async function peopleSettings(resolve: Serverless["resolveVariable"]): Promise<PeopleSettings> {
  const given = await resolve("self:custom.people");
  const members = new Map(Object.entries(typeof given === "object" && given !== null ? given : {}));
  const text = (name: string) => String(members.get(name) ?? "");
  const settings: PeopleSettings = {
    issuer: text("issuer"),
    clientId: text("clientId"),
    scope: text("scope"),
    token: text("token"),
    nameClaim: text("nameClaim"),
    groupsClaim: text("groupsClaim"),
    readers: text("readers"),
    operators: text("operators"),
  };
  if ((settings.issuer === "") !== (settings.clientId === ""))
    throw new Error(
      "custom.people in serverless.yml needs both, issuer and clientId, or neither for the stack's own user pool",
    );
  return settings;
}

function table(): unknown {
  const key = (name: string, type: "HASH" | "RANGE") => ({ AttributeName: name, KeyType: type });
  const index = (name: string, hash: string, range: string) => ({
    IndexName: name,
    KeySchema: [key(hash, "HASH"), key(range, "RANGE")],
    Projection: { ProjectionType: "ALL" },
  });
  const attributes = { pk: "S", sk: "N", listPk: "S", listSk: "S", activePk: "S", pipeline: "S" };
  return {
    Type: "AWS::DynamoDB::Table",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: Object.entries(attributes).map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
      KeySchema: [key("pk", "HASH"), key("sk", "RANGE")],
      GlobalSecondaryIndexes: [
        index("runs", "listPk", "listSk"),
        index("pipelines", "pipeline", "listSk"),
        index("active", "activePk", "pk"),
      ],
      TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
    },
  };
}

/** Begins with nothing that lets anybody in; whoever sets GitHub up puts the rest there. Updates leave it as it is. */
function githubSecret(): unknown {
  const fields =
    '{"webhookSecrets":["one, or two during a rotation"],"appId":1,"privateKey":"PEM","token":"instead of an App"}';
  return {
    Type: "AWS::SecretsManager::Secret",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      Name: "tandem/github",
      Description: `GitHub, as JSON with any of ${fields}`,
      SecretString: "{}",
    },
  };
}

function deadLetters(): Readonly<Record<string, unknown>> {
  return {
    DeadLetters: {
      Type: "AWS::SQS::Queue",
      DeletionPolicy: "Delete",
      UpdateReplacePolicy: "Delete",
      Properties: { MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true },
    },
    DeadLettersPolicy: {
      Type: "AWS::SQS::QueuePolicy",
      Properties: {
        Queues: [{ Ref: "DeadLetters" }],
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: "events.amazonaws.com" },
              Action: "sqs:SendMessage",
              Resource: attribute("DeadLetters", "Arn"),
              Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
            },
          ],
        },
      },
    },
  };
}

const X86_64_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0";
const ARM64_IMAGE = "aws/codebuild/amazonlinux-aarch64-standard:3.0";

/**
 * One CodeBuild project per machine architecture, and one more of each for strangers' commits. What they build comes with
 * each StartBuild.
 */
function projects(pipelines: readonly PipelineDefinition[]): Readonly<Record<string, unknown>> {
  const project = (architecture: string, type: string, image: string, role: string) => ({
    Type: "AWS::CodeBuild::Project",
    Properties: {
      Name: sub(`\${AWS::StackName}-${architecture}`),
      Description: `Tandem's builds on ${architecture}.`,
      ServiceRole: attribute(role, "Arn"),
      Artifacts: { Type: "NO_ARTIFACTS" },
      Source: { Type: "NO_SOURCE", BuildSpec: "version: 0.2\nphases: {build: {commands: [exit 1]}}\n" },
      Environment: { Type: type, Image: image, ComputeType: "BUILD_GENERAL1_SMALL", PrivilegedMode: true },
      LogsConfig: { CloudWatchLogs: { Status: "ENABLED", GroupName: { Ref: "BuildLogs" } } },
      QueuedTimeoutInMinutes: 480,
    },
  });
  return {
    BuildLogs: {
      Type: "AWS::Logs::LogGroup",
      DeletionPolicy: "Delete",
      UpdateReplacePolicy: "Delete",
      Properties: { LogGroupName: sub("/aws/codebuild/${AWS::StackName}"), RetentionInDays: 30 },
    },
    ...buildRoles(pipelines),
    ProjectX8664: project("x86-64", "LINUX_CONTAINER", X86_64_IMAGE, "BuildRole"),
    ProjectArm64: project("arm64", "ARM_CONTAINER", ARM64_IMAGE, "BuildRole"),
    UntrustedProjectX8664: project("x86-64-untrusted", "LINUX_CONTAINER", X86_64_IMAGE, "UntrustedBuildRole"),
    UntrustedProjectArm64: project("arm64-untrusted", "ARM_CONTAINER", ARM64_IMAGE, "UntrustedBuildRole"),
  };
}

/** Moving tags such as `{branch}` need mutable tags; deployments name digests only. */
function repository(image: string, pipelines: readonly PipelineDefinition[]): unknown {
  const policy = lifecyclePolicy(image, pipelines);
  return {
    Type: "AWS::ECR::Repository",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      RepositoryName: image,
      ImageScanningConfiguration: { ScanOnPush: true },
      EncryptionConfiguration: { EncryptionType: "AES256" },
      ...(policy === undefined ? {} : { LifecyclePolicy: { LifecyclePolicyText: JSON.stringify(policy) } }),
    },
  };
}
