import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import type { MessageChannel } from "../shared/pipeline/message-channel.ts";
import { distinct, repositoryId, sub } from "./names.ts";

type Statement = Readonly<Record<string, unknown>>;

const channelsOf = ({ messages = [] }: PipelineDefinition): readonly MessageChannel[] => messages;

const topicsOf = (pipeline: PipelineDefinition) =>
  channelsOf(pipeline).flatMap((channel) => (channel.type === "sns" ? [channel.topic] : []));

const busesOf = (pipeline: PipelineDefinition) =>
  channelsOf(pipeline).flatMap((channel) => (channel.type === "event-bridge" ? [channel.bus] : []));

const isArn = (name: string) => name.startsWith("arn:");

/** `repositoryId` makes letters and digits of any name. */
const idOf = (name: string) => repositoryId(name).replace(/^Image/, "");
const topicId = (name: string) => `Topic${idOf(name)}`;

/** Where messages go and what they are sent with: topics, e-mail subscriptions, and Slack's secret. */
export function messageResources(
  pipelines: readonly PipelineDefinition[],
): Readonly<Record<string, unknown>> {
  const own = distinct(pipelines, topicsOf).filter((name) => !isArn(name));
  const topics = own.flatMap((name) => [
    [
      topicId(name),
      {
        Type: "AWS::SNS::Topic",
        Properties: { TopicName: sub(`\${AWS::StackName}-${name}`), DisplayName: "Tandem" },
      },
    ],
    ...emailsOf(pipelines, name).map((address) => [
      `${topicId(name)}To${idOf(address)}`,
      {
        Type: "AWS::SNS::Subscription",
        Properties: { TopicArn: { Ref: topicId(name) }, Protocol: "email", Endpoint: address },
      },
    ]),
  ]);
  return { SlackSecret: slackSecret(), ...Object.fromEntries(topics) };
}

/** Of all pipelines that use a topic. */
function emailsOf(pipelines: readonly PipelineDefinition[], topic: string): readonly string[] {
  return distinct(pipelines, (pipeline) =>
    channelsOf(pipeline).flatMap((channel) =>
      channel.type === "sns" && channel.topic === topic ? channel.email : [],
    ),
  );
}

/** Begins with nothing that lets anybody in; whoever sets Slack up puts the rest there. Updates leave it as it is. */
function slackSecret(): unknown {
  const fields =
    '{"signingSecrets":["one, or two during a change"],"botToken":"xoxb-…","webhooks":{"NAME":"https://hooks.slack.com/…"}}';
  return {
    Type: "AWS::SecretsManager::Secret",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      Name: "tandem/slack",
      Description: `Slack, as JSON with any of ${fields}`,
      SecretString: "{}",
    },
  };
}

/** What the functions have to know to send messages. */
export function messageEnvironment(
  pipelines: readonly PipelineDefinition[],
): Readonly<Record<string, unknown>> {
  const own = distinct(pipelines, topicsOf).filter((name) => !isArn(name));
  const pairs = own.map((name) => ({ "Fn::Join": ["=", [name, { Ref: topicId(name) }]] }));
  return {
    CONSOLE_URL: sub("${HttpApi.ApiEndpoint}/console/"),
    SLACK_API_URL: "https://slack.com/api",
    SLACK_SECRET: { Ref: "SlackSecret" },
    // By name: with a reference the function's own environment would depend on the function.
    SLACK_DECISION_FUNCTION: sub("${AWS::StackName}-onSlackDecision"),
    ...(pairs.length === 0 ? {} : { TOPICS: { "Fn::Join": [",", pairs] } }),
  };
}

/** Whoever advances a run sends its messages: to just the channels of the pipelines. */
export function messageStatements(pipelines: readonly PipelineDefinition[]): readonly Statement[] {
  const topics = distinct(pipelines, topicsOf);
  const buses = distinct(pipelines, busesOf);
  const isSlack = pipelines.some((pipeline) =>
    channelsOf(pipeline).some(({ type }) => type === "slack" || type === "slack-webhook"),
  );
  return [
    ...(isSlack ? [slackSecretStatement()] : []),
    ...(topics.length === 0
      ? []
      : [
          {
            Sid: "PublishMessages",
            Effect: "Allow",
            Action: "sns:Publish",
            Resource: topics.map((name) => (isArn(name) ? name : { Ref: topicId(name) })),
          },
        ]),
    ...(buses.length === 0
      ? []
      : [
          {
            Sid: "PutOwnEvents",
            Effect: "Allow",
            Action: "events:PutEvents",
            Resource: buses.map(busArn),
            // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
            Condition: { StringEquals: { "events:source": "tandem" } },
          },
        ]),
  ];
}

function busArn(bus: string): unknown {
  return isArn(bus)
    ? bus
    : sub(`arn:\${AWS::Partition}:events:\${AWS::Region}:\${AWS::AccountId}:event-bus/${bus}`);
}

/** The app's signing secret, its bot's token, and the webhooks. */
export function slackSecretStatement(): Statement {
  return {
    Sid: "ReadSlackSecret",
    Effect: "Allow",
    Action: "secretsmanager:GetSecretValue",
    Resource: { Ref: "SlackSecret" },
  };
}
