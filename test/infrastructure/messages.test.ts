import { describe, expect, test } from "@jest/globals";
import { messageEnvironment, messageResources, messageStatements } from "../../infrastructure/messages.ts";
import { functionRoles } from "../../infrastructure/roles.ts";
import type { MessageChannel } from "../../shared/pipeline/message-channel.ts";
import { definition } from "../pipeline/given.ts";
import { BUS, HOOK, SLACK, TOPIC } from "../pipeline/told.ts";

const FOREIGN = "arn:aws:sns:us-east-1:111122223333:theirs";
const pipelines = (...all: readonly (readonly MessageChannel[])[]) =>
  all.map((messages, index) => definition({ name: `p${index}`, messages }));
const sids = (...channels: readonly MessageChannel[]) =>
  messageStatements(pipelines(channels)).map(({ Sid, Resource }) => [Sid, Resource]);

describe("what the stack has for messages", () => {
  test("a topic for each name, whoever uses it, with everybody's addresses; none for an ARN", () => {
    const topic = (...email: readonly string[]) => ({ ...TOPIC, email });
    const resources = messageResources(
      pipelines(
        [topic("a@example.com", "b@example.com")],
        [topic("a@example.com"), { ...TOPIC, topic: FOREIGN }],
      ),
    );
    const { SlackSecret, ...others } = resources;
    expect(SlackSecret).toMatchObject({ Properties: { Name: "tandem/slack", SecretString: "{}" } });
    expect(Object.values(others)).toEqual([
      expect.objectContaining({ Type: "AWS::SNS::Topic" }),
      ...["a@example.com", "b@example.com"].map((Endpoint) => ({
        Type: "AWS::SNS::Subscription",
        Properties: { TopicArn: { Ref: "TopicReleases" }, Protocol: "email", Endpoint },
      })),
    ]);
    for (const id of Object.keys(others)) expect(id).toMatch(/^[A-Za-z0-9]+$/);
  });

  test("the functions know the topics by their names", () => {
    expect(messageEnvironment(pipelines([TOPIC, { ...TOPIC, topic: FOREIGN }])).TOPICS).toEqual({
      "Fn::Join": [",", [{ "Fn::Join": ["=", ["releases", { Ref: "TopicReleases" }]] }]],
    });
    expect(messageEnvironment(pipelines([SLACK]))).not.toHaveProperty("TOPICS");
  });

  test("they may use what the pipelines use, and nothing else", () => {
    expect(sids()).toEqual([]);
    expect(sids(SLACK)).toEqual([["ReadSlackSecret", { Ref: "SlackSecret" }]]);
    expect(sids(HOOK)).toEqual([["ReadSlackSecret", { Ref: "SlackSecret" }]]);
    expect(sids(TOPIC, { ...TOPIC, topic: FOREIGN })).toEqual([
      ["PublishMessages", [FOREIGN, { Ref: "TopicReleases" }]],
    ]);
    const bus = "arn:aws:events:us-east-1:111122223333:event-bus/theirs";
    expect(messageStatements(pipelines([BUS, { ...BUS, bus }]))).toEqual([
      expect.objectContaining({
        Action: "events:PutEvents",
        Resource: [bus, { "Fn::Sub": expect.stringMatching(/:event-bus\/default$/) }],
        Condition: { StringEquals: { "events:source": "tandem" } },
      }),
    ]);
  });

  test("the interactivity endpoint may remember presses and hand them on, and nothing else", () => {
    const role = JSON.stringify(functionRoles(pipelines([SLACK, TOPIC, BUS]), []).OnSlackInteractionRole);
    const actions = [
      ...role.matchAll(/"Action":"((?:dynamodb|secretsmanager|lambda|sns|events|ecs|ecr|codebuild):\w+)"/g),
    ];
    expect(actions.map(([, action]) => action).sort()).toEqual([
      "dynamodb:PutItem",
      "lambda:InvokeFunction",
      "secretsmanager:GetSecretValue",
    ]);
    expect(role).toContain('"dynamodb:LeadingKeys":["slack#*"]');
  });
});
