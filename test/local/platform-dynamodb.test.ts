import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createDynamoDb } from "../../local/dynamodb/service.ts";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

const place = {
  url: "http://127.0.0.1:0",
  registryHost: "127.0.0.1:0",
  accountId: "000000000000",
  region: "us-east-1",
  emit: () => {},
  logs: { put: () => {} },
  now: Date.now,
  say: () => {},
};

let stateDir: string;
let platform: PlatformEndpoint;
let client: DynamoDBClient;
const start = async (): Promise<void> => {
  platform = await startPlatform({}, stateDir);
  client = new DynamoDBClient(platform.sdk());
};
const stop = async (): Promise<void> => {
  client.destroy();
  await platform.close();
};

const table = (rangeKey: string) => ({
  Resources: {
    Table: {
      Type: "AWS::DynamoDB::Table",
      Properties: {
        TableName: "streams",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: rangeKey, AttributeType: "N" },
        ],
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: rangeKey, KeyType: "RANGE" },
        ],
        TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    },
  },
});

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "tandem-tables-"));
  await start();
  await platform.deploy(table("sk"));
});
afterAll(async () => {
  await stop();
  await rm(stateDir, { recursive: true, force: true });
});

const append = (version: number) =>
  client.send(
    new PutItemCommand({
      TableName: "streams",
      Item: { pk: { S: "run/1" }, sk: { N: String(version) }, events: { L: [{ S: "started" }] } },
      ConditionExpression: "attribute_not_exists(pk)",
    }),
  );

test("the template's table is there, with its time to live", async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: "streams" }));
  expect(Table).toMatchObject({
    TableStatus: "ACTIVE",
    TableArn: "arn:aws:dynamodb:us-east-1:000000000000:table/streams",
  });
  expect(await client.send(new DescribeTimeToLiveCommand({ TableName: "streams" }))).toMatchObject({
    TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: "expires" },
  });
});

test("of two appends under one version one wins", async () => {
  const results = await Promise.allSettled([append(1), append(1)]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  await expect(append(1)).rejects.toMatchObject({ name: "ConditionalCheckFailedException" });
});

test("items survive a restart, and the same template applied again leaves them", async () => {
  await append(2);
  await stop();
  await start();
  await platform.deploy(table("sk"));
  const { Items } = await client.send(
    new QueryCommand({
      TableName: "streams",
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk AND sk > :after",
      ExpressionAttributeValues: { ":pk": { S: "run/1" }, ":after": { N: "0" } },
    }),
  );
  expect(Items?.map(({ sk }) => sk?.N)).toEqual(["1", "2"]);
});

test("a table with other keys is not thrown away", async () => {
  await expect(platform.deploy(table("version"))).rejects.toThrow(
    /streams is kept with other keys .*--state/,
  );
});

test("errors come as DynamoDB gives them", async () => {
  await expect(
    client.send(new GetItemCommand({ TableName: "nowhere", Key: { pk: { S: "a" } } })),
  ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await expect(
    client.send(new GetItemCommand({ TableName: "streams", Key: { pk: { S: "a" } } })),
  ).rejects.toMatchObject({ name: "ValidationException" });
});

test("what dynalite lacks is named", async () => {
  const put = { TableName: "streams", Item: { pk: { S: "a" }, sk: { N: "1" } } };
  await expect(client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: put }] }))).rejects.toThrow(
    "The local endpoint does not emulate dynamodb TransactWriteItems.",
  );
});

test("a broken database is refused with the folder and the remedy", async () => {
  const broken = await mkdtemp(join(tmpdir(), "tandem-tables-"));
  await mkdir(join(broken, "dynamodb"), { recursive: true });
  await writeFile(join(broken, "dynamodb", "tables"), "not a folder");
  const context = { ...place, stateDir: broken };
  await expect(createDynamoDb(context)).rejects.toThrow(/dynamodb\/tables cannot be opened .*--state/);
  await rm(broken, { recursive: true });
});
