import { ListSubscriptionsByTopicCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { LocalServer } from "../../local/server.ts";
import type { LocalService } from "../../local/service.ts";
import { createSns } from "../../local/sns/service.ts";

let server: LocalServer;
let sns: LocalService;
let client: SNSClient;
let url: string;
let TopicArn: string;

beforeAll(async () => {
  server = await LocalServer.listen(0);
  url = `http://127.0.0.1:${server.port}`;
  sns = await createSns({
    accountId: "000000000000",
    region: "us-east-1",
    now: () => Date.UTC(2026, 10, 22),
  });
  const endpoint = new AwsEndpoint({
    services: new Map([["sns", sns]]),
    faults: new FaultSwitch(),
    calls: new CallLog(),
    ...{ accountId: "000000000000", now: Date.now, say: () => {} },
  });
  const none = async () => {};
  server.serve({ endpoint, services: [sns], gateway: { handle: none }, control: none, say: () => {} });
  const credentials = { accessKeyId: "alice", secretAccessKey: "alice" };
  client = new SNSClient({ endpoint: url, region: "us-east-1", credentials, maxAttempts: 1 });
  TopicArn = await create("AWS::SNS::Topic", { TopicName: "tandem-releases" });
  const Endpoint = "managers@example.com";
  await create("AWS::SNS::Subscription", { TopicArn, Protocol: "email", Endpoint });
  await create("AWS::SNS::Subscription", { TopicArn, Protocol: "email", Endpoint });
});
afterAll(async () => {
  client.destroy();
  await server.close();
});

async function create(type: string, properties: Readonly<Record<string, unknown>>): Promise<string> {
  const created = await sns.resources?.[type]?.({ logicalId: "Thing", type, properties });
  return created?.ref ?? "";
}

const read = async (path: string) => (await fetch(url + path)).json();
const failure = (input: Partial<PublishCommand["input"]>) =>
  client.send(new PublishCommand({ TopicArn, Message: "x", ...input })).then(
    () => undefined,
    (error: unknown) => error,
  );

describe("SNS", () => {
  test("keeps what is published, with whom it would go to", async () => {
    const { MessageId } = await client.send(
      new PublishCommand({
        ...{
          TopicArn,
          Subject: "hello-1: approval wanted",
          Message: "by <tomorrow> & not later\n\u65e5\u672c",
        },
        MessageAttributes: {
          run: { DataType: "String", StringValue: "hello-1" },
          state: { DataType: "String", StringValue: "wanted" },
        },
      }),
    );
    expect(await read("/_local/sns/messages")).toEqual({
      messages: [
        {
          messageId: MessageId,
          topicArn: "arn:aws:sns:us-east-1:000000000000:tandem-releases",
          at: "2026-11-22T00:00:00.000Z",
          subject: "hello-1: approval wanted",
          message: "by <tomorrow> & not later\n\u65e5\u672c",
          attributes: { run: "hello-1", state: "wanted" },
          to: ["email managers@example.com"],
        },
      ],
    });
  });

  test("lists subscriptions, each once", async () => {
    const { Subscriptions } = await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    expect(Subscriptions).toEqual([
      {
        ...{ TopicArn, Protocol: "email", Endpoint: "managers@example.com" },
        SubscriptionArn: expect.stringMatching(
          /^arn:aws:sns:us-east-1:000000000000:tandem-releases:[0-9a-f-]{36}$/,
        ),
      },
    ]);
  });

  test("refuses as SNS does", async () => {
    expect(await failure({ TopicArn: `${TopicArn}-gone` })).toMatchObject({ name: "NotFoundException" });
    for (const Subject of ["x".repeat(101), "a\nb", " a", "\u65e5\u672c"])
      expect(await failure({ Subject })).toMatchObject({ message: "Invalid parameter: Subject" });
    expect(await failure({ Message: "x".repeat(256 * 1024 + 1) })).toMatchObject({
      name: "InvalidParameterException",
      message: "Invalid parameter: Message too long",
    });
  });
});
