import { request } from "node:http";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=zed/20261121/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=00";

let platform: PlatformEndpoint;
let client: DynamoDBClient;
beforeAll(async () => {
  platform = await startPlatform();
  client = new DynamoDBClient(platform.sdk());
});
afterEach(() => local("faults", { method: "DELETE" }));
afterAll(async () => {
  client.destroy();
  await platform.close();
});

const local = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${platform.url}/_local/${path}`, init);
const fault = (body: unknown): Promise<Response> =>
  local("faults", { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
const listTables = () => client.send(new ListTablesCommand({}));

const callsSchema = z.object({
  last: z.number(),
  calls: z.array(
    z
      .object({ operation: z.string(), error: z.string().optional(), startMs: z.number(), endMs: z.number() })
      .loose(),
  ),
});
const calls = async (since: number) => callsSchema.parse(await (await local(`calls?since=${since}`)).json());

describe("the fault switch", () => {
  test("fails, throttles, and works again", async () => {
    await fault({ operation: "dynamodb.ListTables", mode: "fail-before", times: 2 });
    await fault({ operation: "dynamodb.ListTables", mode: "throttle" });
    await expect(listTables()).rejects.toMatchObject({ name: "InternalFailure" });
    await expect(listTables()).rejects.toMatchObject({ name: "InternalFailure" });
    await expect(listTables()).rejects.toMatchObject({ name: "ThrottlingException" });
    await expect(listTables()).resolves.toMatchObject({ TableNames: [] });
  });

  test("loses the reply after the operation has run", async () => {
    const { last } = await calls(0);
    await fault({ operation: "dynamodb.ListTables", mode: "lose-reply" });
    await expect(listTables()).rejects.toThrow();
    expect((await calls(last)).calls).toMatchObject([{ operation: "ListTables", error: "ReplyLost" }]);
  });

  test("delays", async () => {
    const { last } = await calls(0);
    await fault({ operation: "dynamodb.ListTables", mode: "delay", milliseconds: 60 });
    await listTables();
    const [call] = (await calls(last)).calls;
    expect((call?.endMs ?? 0) - (call?.startMs ?? 0)).toBeGreaterThanOrEqual(55);
  });

  test("hits only the operation it names, and is cleared", async () => {
    await fault({ operation: "dynamodb.PutItem", mode: "fail-before" });
    await expect(listTables()).resolves.toBeDefined();
    expect(await (await local("faults")).json()).toMatchObject({
      faults: [{ operation: "dynamodb.PutItem", times: 1 }],
    });
    await local("faults", { method: "DELETE" });
    expect(await (await local("faults")).json()).toEqual({ faults: [] });
  });

  test.each<[unknown, string]>([
    [{ operation: "dynamodb.Nope", mode: "throttle" }, "dynamodb.Nope is not emulated"],
    [{ operation: "nope.Nope", mode: "throttle" }, "known here: apigateway"],
    [{ operation: "dynamodb.PutItem", mode: "explode" }, "mode:"],
    [{ operation: "dynamodb.PutItem", mode: "throttle", time: 2 }, "time"],
    ["{", "must be JSON"],
  ])("refuses %j", async (body, message) => {
    const response = await fault(body);
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain(message);
  });

  test.each([
    ["POST", "/_local/faults"],
    ["POST", "/"],
    ["GET", "/_local/health"],
  ])("%s %s obeys no page of the web, by whatever name it comes", async (method, path) => {
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      "x-amz-target": "AmazonSQS.ListQueues",
    };
    const status = (more: Readonly<Record<string, string>>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(
          `${platform.url}${path}`,
          { method, headers: { ...headers, ...more } },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        sent.on("error", reject).end();
      });
    expect(await status({ origin: "http://evil.example" })).toBe(403);
    expect(await status({ origin: "null" })).toBe(403);
    expect(await status({ host: `evil.example:${platform.port}` })).toBe(403);
    expect(await status({ host: `localhost.evil.example` })).toBe(403);
    expect(await status({ host: `aws.localhost:${platform.port}`, authorization: AUTHORIZATION })).not.toBe(
      403,
    );
  });
});

describe("the call log", () => {
  test("tells service, operation, caller, times and error of each call", async () => {
    const { last } = await calls(0);
    await listTables();
    expect((await calls(last)).calls).toEqual([
      {
        sequence: last + 1,
        service: "dynamodb",
        operation: "ListTables",
        caller: "arn:aws:sts::000000000000:assumed-role/release-managers/alice",
        startMs: expect.any(Number),
        endMs: expect.any(Number),
      },
    ]);
  });

  test("keeps the last 10,000", async () => {
    const { CallLog } = await import("../../local/aws/call-log.ts");
    const log = new CallLog();
    for (let call = 0; call < 10_001; call += 1) log.begin("s", "o", "c").end();
    expect(log.since(0).calls).toHaveLength(10_000);
    expect(log.since(0).calls[0]?.sequence).toBe(2);
    expect(log.since(10_000).calls).toHaveLength(1);
  });

  test("refuses a since that is no number", async () => {
    expect((await local("calls?since=x")).status).toBe(400);
  });
});

test("health tells what is served", async () => {
  expect(await (await local("health")).json()).toMatchObject({ status: "ready", engine: "none" });
  expect((await local("nothing")).status).toBe(404);
});
