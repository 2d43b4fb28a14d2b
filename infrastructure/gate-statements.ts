import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { distinct, sub } from "./names.ts";

type Statement = Readonly<Record<string, unknown>>;

const ARN = "arn:${AWS::Partition}";
const HERE = "${AWS::Region}:${AWS::AccountId}";

/** What only some pipelines ask for: alarms, functions as checks, task definitions from files. */
export function gateStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  return [...alarmStatements(pipelines), ...checkStatements(pipelines), ...fileStatements(pipelines)];
}

function alarmStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const alarms = distinct(pipelines, ({ stages }) =>
    stages.flatMap(({ deploy, checks = [] }) => [
      ...deploy.flatMap((target) => target.alarms ?? []),
      ...checks.flatMap((check) => (check.type === "alarm" ? [check.alarm] : [])),
    ]),
  );
  if (alarms.length === 0) return [];
  return [
    {
      // Composite and metric alarms in one call: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
      Sid: "LookAtAlarms",
      Effect: "Allow",
      Action: "cloudwatch:DescribeAlarms",
      Resource: sub(`${ARN}:cloudwatch:${HERE}:alarm:*`),
    },
  ];
}

function checkStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const functions = distinct(pipelines, ({ stages }) =>
    stages.flatMap(({ checks = [] }) =>
      checks.flatMap((check) => (check.type === "lambda" ? [check.function] : [])),
    ),
  );
  if (functions.length === 0) return [];
  return [
    {
      Sid: "AskChecks",
      Effect: "Allow",
      Action: "lambda:InvokeFunction",
      Resource: functions.map((name) => sub(`${ARN}:lambda:${HERE}:function:${name}`)),
    },
  ];
}

function fileStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const repositories = distinct(pipelines, ({ source, stages }) =>
    source.type === "codecommit" &&
    stages.some(({ deploy }) => deploy.some(({ taskDefinition }) => taskDefinition?.from === "file"))
      ? [source.repository]
      : [],
  );
  if (repositories.length === 0) return [];
  return [
    {
      Sid: "ReadTaskDefinitionFiles",
      Effect: "Allow",
      Action: "codecommit:GetFile",
      Resource: repositories.map((name) => sub(`${ARN}:codecommit:${HERE}:${name}`)),
    },
  ];
}
