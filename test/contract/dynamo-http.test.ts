import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { awsRequest } from "../../functions/aws-request.ts";
import { DynamoError, httpTable } from "../../shared/store/dynamo-http.ts";

/** What the store's contract cannot see: what is sent, and what happens when DynamoDB is not well. */

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
});

type Answer = (response: ServerResponse) => void;

const answer =
  (status: number, body: unknown): Answer =>
  (response) => {
    response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
  };

const fails = (name: string, status = 400): Answer =>
  answer(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: `said ${name}` });

const hangsUp: Answer = (response) => void response.socket?.destroy();

/** DynamoDB that gives these answers, one after the other. */
async function serve(answers: readonly Answer[]) {
  const requests: IncomingMessage["headers"][] = [];
  const left = [...answers];
  const listening = createServer((request, response) => {
    requests.push(request.headers);
    request.resume().on("end", () => (left.shift() ?? fails("NobodyExpectsThis"))(response));
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  const post = awsRequest({
    region: "eu-west-1",
    endpoint: `http://127.0.0.1:${port}`,
    credentials: () => ({ accessKeyId: "KEY", secretAccessKey: "secret", sessionToken: "session" }),
    now: Date.now,
  });
  return { table: httpTable("tandem", post), requests };
}

const FOUND = answer(200, { Item: { pk: { S: "a" }, sk: { N: "1" } } });

describe("the table over HTTP", () => {
  test("signs with the function's own credentials, for DynamoDB in its region", async () => {
    const { table, requests } = await serve([FOUND]);
    expect(await table.get({ pk: "a", sk: 1 })).toEqual({ pk: "a", sk: 1 });
    const [headers] = requests;
    expect(headers?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=KEY\/\d{8}\/eu-west-1\/dynamodb\/aws4_request, /,
    );
    expect(headers?.["x-amz-security-token"]).toBe("session");
    expect(headers?.["x-amz-target"]).toBe("DynamoDB_20120810.GetItem");
  });

  test.each([
    ["throttling", fails("ThrottlingException")],
    ["too much traffic", fails("ProvisionedThroughputExceededException")],
    ["an internal error", fails("InternalServerError", 500)],
    ["an answer of somebody between", answer(503, "no JSON of DynamoDB's")],
    ["a lost connection", hangsUp],
  ])("tries again after %s", async (_what, failure) => {
    const { table, requests } = await serve([failure, failure, FOUND]);
    expect(await table.get({ pk: "a", sk: 1 })).toEqual({ pk: "a", sk: 1 });
    expect(requests).toHaveLength(3);
  });

  test("gives up after the fourth time, and says what DynamoDB said", async () => {
    const { table, requests } = await serve(Array.from({ length: 9 }, () => fails("ThrottlingException")));
    const gone = table.get({ pk: "a", sk: 1 });
    await expect(gone).rejects.toThrow("GetItem: said ThrottlingException");
    await expect(gone).rejects.toBeInstanceOf(DynamoError);
    expect(requests).toHaveLength(4);
  });

  test("asks once only when asking again would not help", async () => {
    const { table, requests } = await serve([fails("ResourceNotFoundException")]);
    await expect(table.get({ pk: "a", sk: 1 })).rejects.toThrow("said ResourceNotFoundException");
    expect(requests).toHaveLength(1);
  });

  test("a condition that does not hold is an answer, not an error", async () => {
    const { table } = await serve([fails("ConditionalCheckFailedException")]);
    expect(await table.putIf({ pk: "a", sk: 1 }, "attribute_not_exists(pk)")).toBe(false);
  });

  test("refuses what it could not read back", async () => {
    const { table } = await serve([]);
    await expect(table.putIf({ pk: "a", sk: 1, list: [1] }, "x")).rejects.toThrow("the table keeps strings");
  });
});
