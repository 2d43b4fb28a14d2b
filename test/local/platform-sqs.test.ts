import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=zed/20261121/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=00";

let stateDir: string;
let platform: PlatformEndpoint;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "tandem-queues-"));
  platform = await startPlatform({}, stateDir);
  await platform.deploy({
    Resources: {
      DeadLetters: { Type: "AWS::SQS::Queue", Properties: { QueueName: "dead", VisibilityTimeout: 60 } },
      Other: { Type: "AWS::SQS::Queue", Properties: { QueueName: "other" } },
    },
  });
});
afterAll(async () => {
  await platform.close();
  await rm(stateDir, { recursive: true, force: true });
});

const queueUrl = (name: string): string => `${platform.url}/000000000000/${name}`;

/** As SQS clients do, to the queue's own address. */
async function sqs(operation: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
  const response = await fetch(queueUrl("dead"), {
    method: "POST",
    headers: { "x-amz-target": `AmazonSQS.${operation}`, authorization: AUTHORIZATION },
    body: JSON.stringify(input),
  });
  expect(response.headers.get("content-type")).toBe("application/x-amz-json-1.0");
  return response.json();
}

const messagesSchema = z.object({
  Messages: z
    .array(z.looseObject({ Body: z.string(), ReceiptHandle: z.string(), MD5OfBody: z.string() }))
    .default([]),
});
const receive = async (name: string, more = {}) =>
  messagesSchema.parse(await sqs("ReceiveMessage", { QueueUrl: queueUrl(name), ...more })).Messages;

test("a dead letter is received, hidden, and deleted", async () => {
  platform.deadLetter("arn:aws:sqs:us-east-1:000000000000:dead", '{"detail":{}}', { ERROR_CODE: "200" });
  const [message] = await receive("dead", { MaxNumberOfMessages: 10 });
  expect(message).toMatchObject({
    Body: '{"detail":{}}',
    MD5OfBody: "4d825f0935d38a85995d821c6902df72",
    MessageAttributes: { ERROR_CODE: { DataType: "String", StringValue: "200" } },
    Attributes: { ApproximateReceiveCount: "1" },
  });
  expect(await receive("dead")).toEqual([]);
  expect(
    await sqs("GetQueueAttributes", { QueueUrl: queueUrl("dead"), AttributeNames: ["All"] }),
  ).toMatchObject({
    Attributes: {
      QueueArn: "arn:aws:sqs:us-east-1:000000000000:dead",
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "1",
      VisibilityTimeout: "60",
    },
  });
  await sqs("DeleteMessage", { QueueUrl: queueUrl("dead"), ReceiptHandle: message?.ReceiptHandle });
  expect(
    await sqs("GetQueueAttributes", {
      QueueUrl: queueUrl("dead"),
      AttributeNames: ["ApproximateNumberOfMessagesNotVisible"],
    }),
  ).toEqual({ Attributes: { ApproximateNumberOfMessagesNotVisible: "0" } });
});

test("a receiver that waits is woken by a message", async () => {
  const waiting = receive("other", { WaitTimeSeconds: 20 });
  await sqs("SendMessage", { QueueUrl: queueUrl("other"), MessageBody: "at last", DelaySeconds: 0 });
  expect(await waiting).toMatchObject([{ Body: "at last" }]);
});

test("a message that is not deleted comes again", async () => {
  await sqs("SendMessage", { QueueUrl: queueUrl("other"), MessageBody: "again" });
  expect(await receive("other", { VisibilityTimeout: 0, MaxNumberOfMessages: 10 })).toMatchObject([
    { Body: "again" },
  ]);
  expect(await receive("other", { MaxNumberOfMessages: 10 })).toMatchObject([
    { Body: "again", Attributes: { ApproximateReceiveCount: "2" } },
  ]);
});

test("queues and messages survive a restart", async () => {
  platform.deadLetter("arn:aws:sqs:us-east-1:000000000000:dead", "kept");
  await platform.close();
  platform = await startPlatform({}, stateDir);
  expect(await sqs("ListQueues", {})).toEqual({ QueueUrls: [queueUrl("dead"), queueUrl("other")] });
  expect(await receive("dead")).toMatchObject([{ Body: "kept" }]);
});

test("an unknown queue is named, also for a dead letter", async () => {
  expect(await sqs("GetQueueUrl", { QueueName: "none" })).toEqual({
    __type: "AWS.SimpleQueueService.NonExistentQueue",
    message: expect.stringContaining("none"),
  });
  platform.deadLetter("arn:aws:sqs:us-east-1:000000000000:none", "lost");
  expect(platform.said.at(-1)).toContain("there is no queue arn:aws:sqs:us-east-1:000000000000:none: lost");
});
