import type * as CloudWatchLogs from "@aws-sdk/client-cloudwatch-logs";
import type * as CodeBuild from "@aws-sdk/client-codebuild";
import type * as CodeCommit from "@aws-sdk/client-codecommit";
import type * as Ecr from "@aws-sdk/client-ecr";
import type * as Ecs from "@aws-sdk/client-ecs";

/** One AWS call: the SDK's input and output, without its metadata. */
type Call<Input, Output> = (input: Input) => Promise<Omit<Output, "$metadata">>;

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
    readonly getCommit: Call<CodeCommit.GetCommitCommandInput, CodeCommit.GetCommitCommandOutput>;
    readonly getDifferences: Call<
      CodeCommit.GetDifferencesCommandInput,
      CodeCommit.GetDifferencesCommandOutput
    >;
    readonly listBranches: Call<CodeCommit.ListBranchesCommandInput, CodeCommit.ListBranchesCommandOutput>;
  };
  readonly ecr: {
    readonly batchGetImage: Call<Ecr.BatchGetImageCommandInput, Ecr.BatchGetImageCommandOutput>;
    readonly putImage: Call<Ecr.PutImageCommandInput, Ecr.PutImageCommandOutput>;
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
    readonly listTasks: Call<Ecs.ListTasksCommandInput, Ecs.ListTasksCommandOutput>;
    readonly describeTasks: Call<Ecs.DescribeTasksCommandInput, Ecs.DescribeTasksCommandOutput>;
  };
  readonly logs: {
    readonly getLogEvents: Call<
      CloudWatchLogs.GetLogEventsCommandInput,
      CloudWatchLogs.GetLogEventsCommandOutput
    >;
  };
}
