import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  UpdateStackCommand,
  ValidateTemplateCommand,
} from "@aws-sdk/client-cloudformation";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

let stateDir: string;
let platform: PlatformEndpoint;
let client: CloudFormationClient;
const start = async (): Promise<void> => {
  platform = await startPlatform({}, stateDir);
  client = new CloudFormationClient(platform.sdk());
};
const stop = async (): Promise<void> => {
  client.destroy();
  await platform.close();
};
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "tandem-stacks-"));
  await start();
});
afterAll(async () => {
  await stop();
  await rm(stateDir, { recursive: true, force: true });
});

const template = (name: string): string => `
Description: A thing & its <queue>
Parameters:
  Name: { Type: String }
Resources:
  Thing: { Type: AWS::Probe::Thing, Properties: { Name: !Ref Name } }
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: ${name} } }
  Topic: { Type: AWS::SNS::Topic }
Outputs:
  Arn: { Value: !GetAtt Thing.Arn, Description: Where it is }
`;

const create = (StackName: string, TemplateBody: string, more = {}) =>
  client.send(new CreateStackCommand({ StackName, TemplateBody, ...more }));
const describeStack = async (StackName: string) =>
  (await client.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];

const Parameters = [{ ParameterKey: "Name", ParameterValue: "first <&>" }];

test("a stack is created, described and listed", async () => {
  const { StackId } = await create("shop", template("orders"), { Parameters });
  expect(StackId).toMatch(/^arn:aws:cloudformation:us-east-1:000000000000:stack\/shop\//);
  const stack = await describeStack("shop");
  expect(stack).toMatchObject({
    StackId,
    StackStatus: "CREATE_COMPLETE",
    Description: "A thing & its <queue>",
    Parameters,
    Outputs: [{ OutputKey: "Arn", OutputValue: "arn:probe:first <&>", Description: "Where it is" }],
  });
  expect(stack?.CreationTime).toBeInstanceOf(Date);
  const { StackResourceSummaries } = await client.send(new ListStackResourcesCommand({ StackName: "shop" }));
  expect(
    StackResourceSummaries?.map((resource) => [resource.LogicalResourceId, resource.PhysicalResourceId]),
  ).toEqual([
    ["Thing", "thing-shop-Thing"],
    ["Queue", `${platform.url}/000000000000/orders`],
    ["Topic", "shop-Topic"],
  ]);
  const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: "shop" }));
  expect(StackResources?.[2]).toMatchObject({
    ResourceStatus: "CREATE_COMPLETE",
    ResourceStatusReason: expect.stringContaining("Not emulated"),
  });
  expect(platform.said).toContain("not emulated: AWS::SNS::Topic (Topic)");
});

test("a stack survives a restart", async () => {
  const before = await describeStack("shop");
  await stop();
  await start();
  expect(await describeStack("shop")).toEqual(before);
});

test("a stack is updated, unless nothing has changed", async () => {
  const update = (ParameterValue: string) =>
    client.send(
      new UpdateStackCommand({
        StackName: "shop",
        UsePreviousTemplate: true,
        Parameters: [{ ParameterKey: "Name", ParameterValue }],
      }),
    );
  await update("second");
  expect(await describeStack("shop")).toMatchObject({
    StackStatus: "UPDATE_COMPLETE",
    Outputs: [{ OutputValue: "arn:probe:second" }],
  });
  await expect(update("second")).rejects.toThrow("No updates are to be performed.");
});

test("a resource that fails fails the stack, with the reason", async () => {
  await create("broken", "Resources: { Thing: { Type: AWS::Probe::Thing, Properties: { Fail: yes } } }");
  expect(await describeStack("broken")).toMatchObject({
    StackStatus: "CREATE_FAILED",
    StackStatusReason: "AWS::Probe::Thing Thing: this thing cannot be made",
  });
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: "broken" }));
  expect(StackEvents?.map((event) => event.ResourceStatus)).toEqual(["CREATE_FAILED", "CREATE_IN_PROGRESS"]);
});

test("a deleted stack is forgotten, and says that its resources stay", async () => {
  await create("gone", template("gone-queue"), { Parameters });
  await client.send(new DeleteStackCommand({ StackName: "gone" }));
  await expect(describeStack("gone")).rejects.toThrow("Stack with id gone does not exist");
  const { StackSummaries } = await client.send(
    new ListStacksCommand({ StackStatusFilter: ["DELETE_COMPLETE"] }),
  );
  expect(StackSummaries).toMatchObject([
    { StackName: "gone", StackStatusReason: expect.stringContaining("keeps") },
  ]);
  await client.send(new DeleteStackCommand({ StackName: "never-was" }));
});

describe("is refused:", () => {
  const thing = "Resources: { Thing: { Type: AWS::Probe::Thing } }";
  test.each<[string, string, string, object, string]>([
    ["a second stack of a name", "shop", thing, {}, "AlreadyExistsException"],
    ["a name with a space", "a b", thing, {}, "ValidationError"],
    ["a template that is none", "other", "[]", {}, "ValidationError"],
    ["a missing parameter", "other", template("q"), {}, "ValidationError"],
    [
      "IAM without capability",
      "other",
      "Resources: { R: { Type: AWS::IAM::Role } }",
      {},
      "InsufficientCapabilitiesException",
    ],
    [
      "a template of another place",
      "other",
      "",
      { TemplateURL: "https://s3.amazonaws.com/x" },
      "ValidationError",
    ],
    ["a template of 60 KB", "other", `${thing} # ${"x".repeat(60_000)}`, {}, "ValidationError"],
  ])("%s", async (_what, name, body, more, error) => {
    await expect(create(name, body, more)).rejects.toMatchObject({ name: error });
    if (name === "other") await expect(describeStack(name)).rejects.toThrow("does not exist");
  });
});

test("a template is validated without being created", async () => {
  const { Parameters: parameters, Description } = await client.send(
    new ValidateTemplateCommand({ TemplateBody: template("q") }),
  );
  expect(Description).toBe("A thing & its <queue>");
  expect(parameters).toMatchObject([{ ParameterKey: "Name" }]);
});
