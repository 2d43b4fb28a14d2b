import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import {
  attribute,
  codecommitRepositoriesOf,
  distinct,
  PROJECTS,
  repositoryId,
  reviewedRepositoriesOf,
  servicesOf,
  sub,
} from "./names.ts";

/** EventBridge retries for a day before an event becomes a dead letter. */
const RETRY = { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 };

/** The rules that bring events to the functions, each for exactly the pipelines' resources. */
export function rules(pipelines: readonly PipelineDefinition[]): Readonly<Record<string, unknown>> {
  const repositories = distinct(pipelines, codecommitRepositoriesOf);
  const reviewed = distinct(pipelines, reviewedRepositoriesOf);
  const bases = distinct(pipelines, ({ rebuildOn }) => rebuildOn);
  const services = distinct(pipelines, servicesOf);
  return {
    ...(repositories.length === 0 ? {} : codecommitRule(repositories)),
    ...(reviewed.length === 0 ? {} : pullRequestRule(reviewed)),
    ...(bases.length === 0 ? {} : baseImageRule(bases)),
    ...scheduleRules(pipelines),
    ...rule("BuildChange", "OnBuildChange", "One of our builds has ended.", {
      EventPattern: {
        source: ["aws.codebuild"],
        "detail-type": ["CodeBuild Build State Change"],
        detail: {
          "project-name": PROJECTS.map((Ref) => ({ Ref })),
          "build-status": ["SUCCEEDED", "FAILED", "STOPPED", "FAULT", "TIMED_OUT"],
        },
      },
    }),
    ...(services.length === 0 ? {} : deploymentRules(services)),
    ...rule("EveryMinute", "Sweep", "The sweep.", { ScheduleExpression: "rate(1 minute)" }),
  };
}

/** What ECS says of the pipelines' services, and of the tasks that we run once. */
function deploymentRules(services: readonly string[]): Readonly<Record<string, unknown>> {
  const resources = services.map((name) =>
    sub(`arn:\${AWS::Partition}:ecs:\${AWS::Region}:\${AWS::AccountId}:service/${name}`),
  );
  const source = ["aws.ecs"];
  return {
    ...rule(
      "DeploymentChange",
      "OnDeploymentChange",
      "A deployment of a pipeline's service began or ended.",
      {
        EventPattern: {
          source,
          "detail-type": ["ECS Deployment State Change"],
          resources,
          detail: {
            // Also of a deployment that others begin: it takes the place of ours.
            eventName: [
              "SERVICE_DEPLOYMENT_IN_PROGRESS",
              "SERVICE_DEPLOYMENT_COMPLETED",
              "SERVICE_DEPLOYMENT_FAILED",
            ],
          },
        },
      },
    ),
    ...rule("DeploymentPaused", "OnDeploymentChange", "A deployment waits for an answer.", {
      EventPattern: {
        source,
        "detail-type": ["ECS Hook State Change"],
        detail: { eventName: ["HOOK_AWAITING_ACTION"] },
      },
    }),
    ...rule("TaskStopped", "OnDeploymentChange", "A task that Tandem has run once has stopped.", {
      EventPattern: {
        source,
        "detail-type": ["ECS Task State Change"],
        detail: { lastStatus: ["STOPPED"], startedBy: [{ prefix: "tandem/" }] },
      },
    }),
  };
}

function codecommitRule(repositories: readonly string[]): Readonly<Record<string, unknown>> {
  return rule("CodecommitPush", "OnCodecommitPush", "A ref of a pipeline's repository has changed.", {
    EventPattern: {
      source: ["aws.codecommit"],
      "detail-type": ["CodeCommit Repository State Change"],
      resources: repositories.map((name) =>
        sub(`arn:\${AWS::Partition}:codecommit:\${AWS::Region}:\${AWS::AccountId}:${name}`),
      ),
      detail: { event: ["referenceCreated", "referenceUpdated"] },
    },
  });
}

/** Pull requests that have something new to build: closing, merging and approving one is no business of ours. */
function pullRequestRule(repositories: readonly string[]): Readonly<Record<string, unknown>> {
  return rule(
    "CodecommitPullRequest",
    "OnCodecommitPullRequest",
    "A pull request of a pipeline's repository has been opened or pushed to.",
    {
      EventPattern: {
        source: ["aws.codecommit"],
        "detail-type": ["CodeCommit Pull Request State Change"],
        resources: repositories.map((name) =>
          sub(`arn:\${AWS::Partition}:codecommit:\${AWS::Region}:\${AWS::AccountId}:${name}`),
        ),
        detail: { event: ["pullRequestCreated", "pullRequestSourceBranchUpdated"] },
      },
    },
  );
}

function baseImageRule(repositories: readonly string[]): Readonly<Record<string, unknown>> {
  return rule("BaseImage", "OnBaseImage", "A base image of a pipeline has been pushed.", {
    EventPattern: {
      source: ["aws.ecr"],
      "detail-type": ["ECR Image Action"],
      detail: { "action-type": ["PUSH"], result: ["SUCCESS"], "repository-name": repositories },
    },
  });
}

/** One rule per pipeline and expression; the function is told which pipeline, and the event's id, which tells doubles. */
function scheduleRules(pipelines: readonly PipelineDefinition[]): Readonly<Record<string, unknown>> {
  const rules = pipelines.flatMap(({ name, schedule }) =>
    schedule.map((ScheduleExpression, index) => {
      const input = {
        InputPathsMap: { id: "$.id", time: "$.time" },
        InputTemplate: `{"pipeline": "${name}", "id": <id>, "time": <time>}`,
      };
      const trigger = { ScheduleExpression };
      return rule(
        `Schedule${repositoryId(name)}${index}`,
        "OnSchedule",
        `The schedule of ${name}.`,
        trigger,
        input,
      );
    }),
  );
  return Object.assign({}, ...rules);
}

function rule(
  name: string,
  target: string,
  description: string,
  trigger: Readonly<Record<string, unknown>>,
  input?: Readonly<Record<string, unknown>>,
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
            ...(input === undefined ? {} : { InputTransformer: input }),
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
