import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { attribute, distinct, repositoriesOf, servicesOf, sub } from "./names.ts";

/** EventBridge retries for a day before an event becomes a dead letter. */
const RETRY = { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 };

/** The rules that bring events to the functions, each for exactly the pipelines' resources. */
export function rules(pipelines: readonly PipelineDefinition[]): Readonly<Record<string, unknown>> {
  const repositories = distinct(pipelines, repositoriesOf);
  const services = distinct(pipelines, servicesOf);
  return {
    ...rule("CodecommitPush", "OnCodecommitPush", "A ref of a pipeline's repository has changed.", {
      EventPattern: {
        source: ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        resources: repositories.map((name) =>
          sub(`arn:\${AWS::Partition}:codecommit:\${AWS::Region}:\${AWS::AccountId}:${name}`),
        ),
        detail: { event: ["referenceCreated", "referenceUpdated"] },
      },
    }),
    ...rule("BuildChange", "OnBuildChange", "One of our builds has ended.", {
      EventPattern: {
        source: ["aws.codebuild"],
        "detail-type": ["CodeBuild Build State Change"],
        detail: {
          "project-name": [{ Ref: "ProjectX8664" }, { Ref: "ProjectArm64" }],
          "build-status": ["SUCCEEDED", "FAILED", "STOPPED", "FAULT", "TIMED_OUT"],
        },
      },
    }),
    ...(services.length === 0
      ? {}
      : rule("DeploymentChange", "OnDeploymentChange", "A deployment of a pipeline's service has ended.", {
          EventPattern: {
            source: ["aws.ecs"],
            "detail-type": ["ECS Deployment State Change"],
            resources: services.map((name) =>
              sub(`arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:service/${name}`),
            ),
            detail: { eventName: ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"] },
          },
        })),
    ...rule("EveryMinute", "Sweep", "The sweep.", { ScheduleExpression: "rate(1 minute)" }),
  };
}

function rule(
  name: string,
  target: string,
  description: string,
  trigger: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const lambda = attribute(`${target}LambdaFunction`, "Arn");
  return {
    [`${name}Rule`]: {
      Type: "AWS::Events::Rule",
      Properties: {
        Description: description,
        State: "ENABLED",
        ...trigger,
        Targets: [
          {
            Id: "function",
            Arn: lambda,
            RetryPolicy: RETRY,
            DeadLetterConfig: { Arn: attribute("DeadLetters", "Arn") },
          },
        ],
      },
    },
    [`${name}Permission`]: {
      Type: "AWS::Lambda::Permission",
      Properties: {
        Action: "lambda:InvokeFunction",
        FunctionName: lambda,
        Principal: "events.amazonaws.com",
        SourceArn: attribute(`${name}Rule`, "Arn"),
      },
    },
  };
}
