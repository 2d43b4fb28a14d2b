import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  BatchGetBuildsCommand,
  CodeBuildClient,
  ListBuildsForProjectCommand,
  StartBuildCommand,
  StopBuildCommand,
} from "@aws-sdk/client-codebuild";
import {
  CodeCommitClient,
  GetBranchCommand,
  GetCommitCommand,
  GetDifferencesCommand,
  GetFileCommand,
  GetPullRequestCommand,
  ListBranchesCommand,
  ListPullRequestsCommand,
} from "@aws-sdk/client-codecommit";
import {
  BatchGetImageCommand,
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  ECRClient,
  GetDownloadUrlForLayerCommand,
  GetLifecyclePolicyCommand,
  PutImageCommand,
} from "@aws-sdk/client-ecr";
import { ECRPUBLICClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr-public";
import {
  ContinueServiceDeploymentCommand,
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListServiceDeploymentsCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { Aws } from "./aws.ts";
import { awsQuery } from "./aws-query.ts";
import { describeTaskDefinition, registerTaskDefinition } from "./whole-task-definition.ts";

/**
 * The AWS operations through the SDK's clients: credentials, region and endpoint as its default chain finds them.
 * Called once per function, outside the handler.
 */
export function sdkAws(): Aws {
  const codebuild = new CodeBuildClient({});
  const codecommit = new CodeCommitClient({});
  const ecr = new ECRClient({});
  // ECR Public's API is in two regions only: https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
  const ecrPublic = new ECRPUBLICClient({ region: "us-east-1" });
  const ecs = new ECSClient({});
  const cloudwatch = new CloudWatchClient({});
  const lambda = new LambdaClient({});
  const logs = new CloudWatchLogsClient({});
  const endpoint = process.env.AWS_ENDPOINT_URL;
  return {
    codebuild: {
      startBuild: (input) => codebuild.send(new StartBuildCommand(input)),
      stopBuild: (input) => codebuild.send(new StopBuildCommand(input)),
      batchGetBuilds: (input) => codebuild.send(new BatchGetBuildsCommand(input)),
      listBuildsForProject: (input) => codebuild.send(new ListBuildsForProjectCommand(input)),
    },
    codecommit: {
      getBranch: (input) => codecommit.send(new GetBranchCommand(input)),
      getCommit: (input) => codecommit.send(new GetCommitCommand(input)),
      getDifferences: (input) => codecommit.send(new GetDifferencesCommand(input)),
      listPullRequests: (input) => codecommit.send(new ListPullRequestsCommand(input)),
      getPullRequest: (input) => codecommit.send(new GetPullRequestCommand(input)),
      getFile: (input) => codecommit.send(new GetFileCommand(input)),
      listBranches: (input) => codecommit.send(new ListBranchesCommand(input)),
    },
    ecr: {
      batchGetImage: (input) => ecr.send(new BatchGetImageCommand(input)),
      describeImageScanFindings: (input) => ecr.send(new DescribeImageScanFindingsCommand(input)),
      putImage: (input) => ecr.send(new PutImageCommand(input)),
      getDownloadUrlForLayer: (input) => ecr.send(new GetDownloadUrlForLayerCommand(input)),
      describeImages: (input) => ecr.send(new DescribeImagesCommand(input)),
      getLifecyclePolicy: (input) => ecr.send(new GetLifecyclePolicyCommand(input)),
    },
    ecrPublic: {
      getAuthorizationToken: (input) => ecrPublic.send(new GetAuthorizationTokenCommand(input)),
    },
    ecs: {
      describeServices: (input) => ecs.send(new DescribeServicesCommand(input)),
      describeTaskDefinition: (input) => describeTaskDefinition(ecs, input),
      listTaskDefinitions: (input) => ecs.send(new ListTaskDefinitionsCommand(input)),
      registerTaskDefinition: (input) => registerTaskDefinition(ecs, input),
      updateService: (input) => ecs.send(new UpdateServiceCommand(input)),
      listServiceDeployments: (input) => ecs.send(new ListServiceDeploymentsCommand(input)),
      describeServiceRevisions: (input) => ecs.send(new DescribeServiceRevisionsCommand(input)),
      describeClusters: (input) => ecs.send(new DescribeClustersCommand(input)),
      describeCapacityProviders: (input) => ecs.send(new DescribeCapacityProvidersCommand(input)),
      listContainerInstances: (input) => ecs.send(new ListContainerInstancesCommand(input)),
      describeContainerInstances: (input) => ecs.send(new DescribeContainerInstancesCommand(input)),
      describeServiceDeployments: (input) => ecs.send(new DescribeServiceDeploymentsCommand(input)),
      continueServiceDeployment: (input) => ecs.send(new ContinueServiceDeploymentCommand(input)),
      runTask: (input) => ecs.send(new RunTaskCommand(input)),
      stopTask: (input) => ecs.send(new StopTaskCommand(input)),
      listTasks: (input) => ecs.send(new ListTasksCommand(input)),
      describeTasks: (input) => ecs.send(new DescribeTasksCommand(input)),
    },
    query: awsQuery({
      region: () => ecs.config.region(),
      credentials: () => ecs.config.credentials(),
      ...(endpoint === undefined ? {} : { endpoint }),
    }),
    lambda: { invoke: (input) => lambda.send(new InvokeCommand(input)) },
    cloudwatch: { describeAlarms: (input) => cloudwatch.send(new DescribeAlarmsCommand(input)) },
    logs: { getLogEvents: (input) => logs.send(new GetLogEventsCommand(input)) },
  };
}
