import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { clustersOf, distinct, servicesOf, sub } from "./names.ts";

type Statement = Readonly<Record<string, unknown>>;

const ARN = "arn:${AWS::Partition}";
const HERE = "${AWS::Region}:${AWS::AccountId}";

/** What deploying reads and changes in ECS, in the clusters and services of the pipelines. */
export function ecsStatements(
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
      Sid: "AnswerPauses",
      Effect: "Allow",
      Action: ["ecs:DescribeServiceDeployments", "ecs:ContinueServiceDeployment"],
      Resource: services.map((name) => sub(`${ARN}:ecs:${HERE}:service-deployment/${name}/*`)),
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
    ...oneOffStatements(pipelines),
    {
      // Why containers failed is in their own logs, which are not ours: those under the name that ECS's console gives them.
      Sid: "ReadTaskLogs",
      Effect: "Allow",
      Action: "logs:GetLogEvents",
      Resource: sub(`${ARN}:logs:${HERE}:log-group:/ecs/*:log-stream:*`),
    },
    ...hostStatements(clusters),
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

/** Tasks before and after deployments, in the clusters of pipelines that have any. */
function oneOffStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const clusters = distinct(pipelines, ({ stages }) =>
    stages.flatMap(({ deploy }) =>
      deploy.flatMap(({ cluster, before = [], after = [] }) =>
        before.length + after.length === 0 ? [] : [cluster],
      ),
    ),
  );
  if (clusters.length === 0) return [];
  const clusterArns = clusters.map((name) => sub(`${ARN}:ecs:${HERE}:cluster/${name}`));
  return [
    {
      Sid: "RunTasksOnce",
      Effect: "Allow",
      Action: ["ecs:RunTask", "ecs:TagResource"],
      Resource: sub(`${ARN}:ecs:${HERE}:task-definition/*:*`),
      Condition: { ArnEquals: { "ecs:cluster": clusterArns } },
    },
    {
      Sid: "StopTasks",
      Effect: "Allow",
      Action: "ecs:StopTask",
      Resource: clusters.map((name) => sub(`${ARN}:ecs:${HERE}:task/${name}/*`)),
    },
  ];
}

/** What stands behind a service, and whether every container of it can run there: looked at before a deployment. */
function hostStatements(clusters: readonly string[]): readonly Statement[] {
  return [
    {
      Sid: "SeeHosts",
      Effect: "Allow",
      Action: ["ecs:DescribeClusters", "ecs:ListContainerInstances", "ecs:DescribeContainerInstances"],
      Resource: clusters.flatMap((name) => [
        sub(`${ARN}:ecs:${HERE}:cluster/${name}`),
        sub(`${ARN}:ecs:${HERE}:container-instance/${name}/*`),
      ]),
    },
    {
      // A strategy may name any of them; that of the cluster is not known here.
      Sid: "SeeCapacity",
      Effect: "Allow",
      Action: "ecs:DescribeCapacityProviders",
      Resource: sub(`${ARN}:ecs:${HERE}:capacity-provider/*`),
    },
    {
      // Hosts that are not there yet. The two actions know no resources:
      // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
      Sid: "SeeComingHosts",
      Effect: "Allow",
      Action: ["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeLaunchTemplateVersions"],
      Resource: "*",
    },
    {
      // Sidecars come from repositories that no pipeline names.
      Sid: "SeeSidecars",
      Effect: "Allow",
      Action: ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"],
      Resource: sub(`${ARN}:ecr:${HERE}:repository/*`),
    },
  ];
}
