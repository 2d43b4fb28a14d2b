import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { MOST_JUDGEMENTS } from "../../functions/slack-decision.ts";
import { messageEnvironment, messageResources, messageStatements } from "../../infrastructure/messages.ts";
import { userPool } from "../../infrastructure/people.ts";
import { functionRoles } from "../../infrastructure/roles.ts";
import type { MessageChannel } from "../../shared/pipeline/message-channel.ts";
import { definition } from "../pipeline/given.ts";
import { BUS, HOOK, SLACK, TOPIC } from "../pipeline/told.ts";

const FOREIGN = "arn:aws:sns:us-east-1:111122223333:theirs";
const pipelines = (...all: readonly (readonly MessageChannel[])[]) =>
  all.map((messages, index) => definition({ name: `p${index}`, messages }));
const sids = (...channels: readonly MessageChannel[]) =>
  messageStatements(pipelines(channels)).map(({ Sid, Resource }) => [Sid, Resource]);

/** What every function of the stack writes. */
const OWN = ["logs:CreateLogStream", "logs:PutLogEvents"];

/** What it takes to advance a run: `shared/effects`. */
const ADVANCE = [
  "autoscaling:DescribeAutoScalingGroups",
  ...["BatchGetBuilds", "ListBuildsForProject", "StartBuild", "StopBuild"].map((one) => `codebuild:${one}`),
  "codecommit:GetBranch",
  ...["GetItem", "PutItem", "Query", "UpdateItem"].map((one) => `dynamodb:${one}`),
  "ec2:DescribeLaunchTemplateVersions",
  ...["BatchGetImage", "DescribeImageScanFindings", "DescribeImages", "GetDownloadUrlForLayer"].map(
    (one) => `ecr:${one}`,
  ),
  ...["GetLifecyclePolicy", "PutImage"].map((one) => `ecr:${one}`),
  "ecs:ContinueServiceDeployment",
  ...["CapacityProviders", "Clusters", "ContainerInstances", "ServiceDeployments", "ServiceRevisions"].map(
    (one) => `ecs:Describe${one}`,
  ),
  ...["Services", "TaskDefinition", "Tasks"].map((one) => `ecs:Describe${one}`),
  ...["ContainerInstances", "ServiceDeployments", "TaskDefinitions", "Tasks"].map((one) => `ecs:List${one}`),
  ...["RegisterTaskDefinition", "TagResource", "UpdateService"].map((one) => `ecs:${one}`),
  "events:PutEvents",
  "iam:PassRole",
  ...["CreateLogStream", "GetLogEvents", "PutLogEvents"].map((one) => `logs:${one}`),
  "secretsmanager:GetSecretValue",
  "sns:Publish",
  "sqs:SendMessage",
];

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
    const statements = statementsOf("OnSlackInteractionRole");
    expect(actionsIn(statements)).toEqual([
      "dynamodb:PutItem",
      "lambda:InvokeFunction",
      ...OWN,
      "secretsmanager:GetSecretValue",
      "sqs:SendMessage",
    ]);
    expect(statements.find(({ Sid }) => Sid === "RememberPresses")?.Condition).toEqual({
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["slack#*"] },
    });
    expect(statements.filter(({ Resource }) => JSON.stringify(Resource) === '"*"')).toEqual([]);
  });

  test("whoever judges a press may advance its run and tell of it, and nothing else", () => {
    const statements = statementsOf("OnSlackDecisionRole");
    expect(actionsIn(statements)).toEqual(ADVANCE);
    expect(statements).toEqual(statementsOf("OnBuildChangeRole"));
  });

  test("and ask the user pool who is in a group", () => {
    const settings = {
      issuer: "",
      clientId: "",
      scope: "",
      token: "id_token",
      nameClaim: "",
      groupsClaim: "",
    };
    const groups = pipelines([SLACK]).map((pipeline) => ({ ...pipeline, groups: {} }));
    const resources = userPool(groups, { ...settings, readers: "", operators: "" });
    const mine = Object.values(resources).filter((one) =>
      JSON.stringify(one).includes('{"Ref":"OnSlackDecisionRole"}'),
    );
    expect(mine).toMatchObject([
      {
        Type: "AWS::IAM::Policy",
        Properties: {
          PolicyDocument: {
            Statement: [
              {
                ...{ Effect: "Allow", Action: "cognito-idp:ListUsersInGroup" },
                Resource: { "Fn::GetAtt": ["PeoplePool", "Arn"] },
              },
            ],
          },
        },
      },
    ]);
  });

  test("messages themselves take three rights", () => {
    const all = messageStatements(pipelines([SLACK, HOOK, TOPIC, BUS]));
    expect(all.map(({ Effect, Action }) => [Effect, Action])).toEqual([
      ["Allow", "secretsmanager:GetSecretValue"],
      ["Allow", "sns:Publish"],
      ["Allow", "events:PutEvents"],
    ]);
  });

  test("Lambda hands a press over as often as the function counts on", () => {
    const yaml = readFileSync(new URL("../../serverless.yml", import.meta.url), "utf8");
    const own = /^ {2}onSlackDecision:\n(?: {4}.*\n)+/m.exec(yaml)?.[0] ?? "";
    const retries = /^ {4}maximumRetryAttempts: (\d)$/m.exec(own)?.[1];
    expect(MOST_JUDGEMENTS).toBe(Number(retries) + 1);
  });
});

const role = z.object({
  Properties: z.object({
    Policies: z.array(
      z.object({
        PolicyDocument: z.object({
          Statement: z.array(
            z.looseObject({ Sid: z.string(), Action: z.union([z.string(), z.array(z.string())]) }),
          ),
        }),
      }),
    ),
  }),
});

/** What a function may do of a pipeline that tells everybody. */
function statementsOf(name: string) {
  const { Policies } = role.parse(functionRoles(pipelines([SLACK, TOPIC, BUS]), [])[name]).Properties;
  return Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** Every one of them, once and in order: a wider right is one more. */
function actionsIn(statements: ReturnType<typeof statementsOf>): readonly string[] {
  return [...new Set(statements.flatMap(({ Action }) => Action))].sort();
}
