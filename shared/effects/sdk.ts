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
  ListBranchesCommand,
} from "@aws-sdk/client-codecommit";
import { BatchGetImageCommand, ECRClient, PutImageCommand } from "@aws-sdk/client-ecr";
import {
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListServiceDeploymentsCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import type { Aws } from "./aws.ts";

/**
 * The AWS operations through the SDK's clients: credentials, region and endpoint as its default chain finds them.
 * Called once per function, outside the handler.
 */
export function sdkAws(): Aws {
  const codebuild = new CodeBuildClient({});
  const codecommit = new CodeCommitClient({});
  const ecr = new ECRClient({});
  const ecs = new ECSClient({});
  const logs = new CloudWatchLogsClient({});
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
      listBranches: (input) => codecommit.send(new ListBranchesCommand(input)),
    },
    ecr: {
      batchGetImage: (input) => ecr.send(new BatchGetImageCommand(input)),
      putImage: (input) => ecr.send(new PutImageCommand(input)),
    },
    ecs: {
      describeServices: (input) => ecs.send(new DescribeServicesCommand(input)),
      describeTaskDefinition: (input) => ecs.send(new DescribeTaskDefinitionCommand(input)),
      listTaskDefinitions: (input) => ecs.send(new ListTaskDefinitionsCommand(input)),
      registerTaskDefinition: (input) => ecs.send(new RegisterTaskDefinitionCommand(input)),
      updateService: (input) => ecs.send(new UpdateServiceCommand(input)),
      listServiceDeployments: (input) => ecs.send(new ListServiceDeploymentsCommand(input)),
      describeServiceRevisions: (input) => ecs.send(new DescribeServiceRevisionsCommand(input)),
      listTasks: (input) => ecs.send(new ListTasksCommand(input)),
      describeTasks: (input) => ecs.send(new DescribeTasksCommand(input)),
    },
    logs: { getLogEvents: (input) => logs.send(new GetLogEventsCommand(input)) },
  };
}
