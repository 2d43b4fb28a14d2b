import type * as CloudWatch from "@aws-sdk/client-cloudwatch";
import type * as CloudWatchLogs from "@aws-sdk/client-cloudwatch-logs";
import type * as CodeBuild from "@aws-sdk/client-codebuild";
import type * as CodeCommit from "@aws-sdk/client-codecommit";
import type * as Ecr from "@aws-sdk/client-ecr";
import type * as EcrPublic from "@aws-sdk/client-ecr-public";
import type * as Ecs from "@aws-sdk/client-ecs";
import type * as Lambda from "@aws-sdk/client-lambda";
import type { AwsQuery } from "./aws-query.ts";

/** One AWS call: the SDK's input and output, without its metadata. */
export type Call<Input, Output> = (input: Input) => Promise<Omit<Output, "$metadata">>;

/** The AWS operations the effects use, and no others: what IAM has to grant, and what a test has to provide. */
export interface Aws {
  readonly codebuild: {
    readonly startBuild: Call<CodeBuild.StartBuildCommandInput, CodeBuild.StartBuildCommandOutput>;
    readonly stopBuild: Call<CodeBuild.StopBuildCommandInput, CodeBuild.StopBuildCommandOutput>;
    readonly batchGetBuilds: Call<
      CodeBuild.BatchGetBuildsCommandInput,
      CodeBuild.BatchGetBuildsCommandOutput
    >;
    readonly listBuildsForProject: Call<
      CodeBuild.ListBuildsForProjectCommandInput,
      CodeBuild.ListBuildsForProjectCommandOutput
    >;
  };
  readonly codecommit: {
    readonly getBranch: Call<CodeCommit.GetBranchCommandInput, CodeCommit.GetBranchCommandOutput>;
    readonly getFile: Call<CodeCommit.GetFileCommandInput, CodeCommit.GetFileCommandOutput>;
    readonly getCommit: Call<CodeCommit.GetCommitCommandInput, CodeCommit.GetCommitCommandOutput>;
    readonly listPullRequests: Call<
      CodeCommit.ListPullRequestsCommandInput,
      CodeCommit.ListPullRequestsCommandOutput
    >;
    readonly getPullRequest: Call<
      CodeCommit.GetPullRequestCommandInput,
      CodeCommit.GetPullRequestCommandOutput
    >;
    readonly getDifferences: Call<
      CodeCommit.GetDifferencesCommandInput,
      CodeCommit.GetDifferencesCommandOutput
    >;
    readonly listBranches: Call<CodeCommit.ListBranchesCommandInput, CodeCommit.ListBranchesCommandOutput>;
  };
  readonly ecr: {
    readonly batchGetImage: Call<Ecr.BatchGetImageCommandInput, Ecr.BatchGetImageCommandOutput>;
    readonly describeImageScanFindings: Call<
      Ecr.DescribeImageScanFindingsCommandInput,
      Ecr.DescribeImageScanFindingsCommandOutput
    >;
    readonly putImage: Call<Ecr.PutImageCommandInput, Ecr.PutImageCommandOutput>;
    readonly getDownloadUrlForLayer: Call<
      Ecr.GetDownloadUrlForLayerCommandInput,
      Ecr.GetDownloadUrlForLayerCommandOutput
    >;
    readonly describeImages: Call<Ecr.DescribeImagesCommandInput, Ecr.DescribeImagesCommandOutput>;
    readonly getLifecyclePolicy: Call<
      Ecr.GetLifecyclePolicyCommandInput,
      Ecr.GetLifecyclePolicyCommandOutput
    >;
  };
  readonly ecrPublic: {
    readonly getAuthorizationToken: Call<
      EcrPublic.GetAuthorizationTokenCommandInput,
      EcrPublic.GetAuthorizationTokenCommandOutput
    >;
  };
  readonly ecs: {
    readonly describeServices: Call<Ecs.DescribeServicesCommandInput, Ecs.DescribeServicesCommandOutput>;
    readonly describeTaskDefinition: Call<
      Ecs.DescribeTaskDefinitionCommandInput,
      Ecs.DescribeTaskDefinitionCommandOutput
    >;
    readonly listTaskDefinitions: Call<
      Ecs.ListTaskDefinitionsCommandInput,
      Ecs.ListTaskDefinitionsCommandOutput
    >;
    readonly registerTaskDefinition: Call<
      Ecs.RegisterTaskDefinitionCommandInput,
      Ecs.RegisterTaskDefinitionCommandOutput
    >;
    readonly updateService: Call<Ecs.UpdateServiceCommandInput, Ecs.UpdateServiceCommandOutput>;
    readonly listServiceDeployments: Call<
      Ecs.ListServiceDeploymentsCommandInput,
      Ecs.ListServiceDeploymentsCommandOutput
    >;
    readonly describeServiceRevisions: Call<
      Ecs.DescribeServiceRevisionsCommandInput,
      Ecs.DescribeServiceRevisionsCommandOutput
    >;
    readonly describeClusters: Call<Ecs.DescribeClustersCommandInput, Ecs.DescribeClustersCommandOutput>;
    readonly describeCapacityProviders: Call<
      Ecs.DescribeCapacityProvidersCommandInput,
      Ecs.DescribeCapacityProvidersCommandOutput
    >;
    readonly listContainerInstances: Call<
      Ecs.ListContainerInstancesCommandInput,
      Ecs.ListContainerInstancesCommandOutput
    >;
    readonly describeContainerInstances: Call<
      Ecs.DescribeContainerInstancesCommandInput,
      Ecs.DescribeContainerInstancesCommandOutput
    >;
    readonly describeServiceDeployments: Call<
      Ecs.DescribeServiceDeploymentsCommandInput,
      Ecs.DescribeServiceDeploymentsCommandOutput
    >;
    readonly continueServiceDeployment: Call<
      Ecs.ContinueServiceDeploymentCommandInput,
      Ecs.ContinueServiceDeploymentCommandOutput
    >;
    readonly runTask: Call<Ecs.RunTaskCommandInput, Ecs.RunTaskCommandOutput>;
    readonly stopTask: Call<Ecs.StopTaskCommandInput, Ecs.StopTaskCommandOutput>;
    readonly listTasks: Call<Ecs.ListTasksCommandInput, Ecs.ListTasksCommandOutput>;
    readonly describeTasks: Call<Ecs.DescribeTasksCommandInput, Ecs.DescribeTasksCommandOutput>;
  };
  /** Without the SDK: two calls do not need clients of two megabytes. */
  readonly query: AwsQuery;
  readonly cloudwatch: {
    readonly describeAlarms: Call<
      CloudWatch.DescribeAlarmsCommandInput,
      CloudWatch.DescribeAlarmsCommandOutput
    >;
  };
  readonly lambda: {
    readonly invoke: Call<Lambda.InvokeCommandInput, Lambda.InvokeCommandOutput>;
  };
  readonly logs: {
    readonly getLogEvents: Call<
      CloudWatchLogs.GetLogEventsCommandInput,
      CloudWatchLogs.GetLogEventsCommandOutput
    >;
  };
}
