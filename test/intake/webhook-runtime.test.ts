import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { webhookHandler } from "../../functions/webhook.ts";
import { createWebhookRuntime } from "../../functions/webhook-runtime.ts";
import { type Database, deployedTable, startDatabase } from "../contract/table.ts";
import { ping, push, sha } from "./payloads.ts";
import { atGitHub, request } from "./webhook-setting.ts";

/** The function as it is deployed, with AWS and GitHub behind real HTTP: DynamoDB is dynalite, the rest answers by hand. */

let database: Database;
let server: Server;
let url: string;
let secretAnswer: { readonly status: number; readonly body: unknown };
let invokeStatus: number;
let lines: string[];
let asked: {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}[];

beforeAll(async () => {
  database = await startDatabase(deployedTable());
  await database.createTable("tandem");
  server = createServer((incoming, response) => {
    void (async () => {
      const { method = "", url: path = "", headers } = incoming;
      const body = await text(incoming);
      const target = String(headers["x-amz-target"]);
      const json = (status: number, value: unknown) => response.writeHead(status).end(JSON.stringify(value));
      if (target.startsWith("DynamoDB")) {
        const { host: _host, connection: _connection, "content-length": _length, ...rest } = headers;
        const answer = await fetch(database.url, { method, headers: rest as Record<string, string>, body });
        response.writeHead(answer.status).end(await answer.text());
        return;
      }
      asked.push({ method, url: path, headers, body });
      if (target === "secretsmanager.GetSecretValue") json(secretAnswer.status, secretAnswer.body);
      else if (path.endsWith("/invocations"))
        json(invokeStatus, invokeStatus === 202 ? {} : { message: "no" });
      else if (path.includes("/compare/")) json(200, { status: "ahead", files: [{ filename: "src/a.ts" }] });
      else json(404, { message: "Not Found" });
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database.close();
});

beforeEach(() => {
  asked = [];
  lines = [];
  invokeStatus = 202;
  secretAnswer = {
    status: 200,
    body: { SecretString: JSON.stringify({ webhookSecrets: ["local-webhook-secret"] }) },
  };
});

function deployed(pipeline: string) {
  const environment = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "KEY",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: "session",
    AWS_ENDPOINT_URL: url,
    TABLE: "tandem",
    GITHUB_API_URL: `${url}/github/api`,
    GITHUB_SECRET: "arn:aws:secretsmanager:us-east-1:000000000000:secret:tandem/github-AbCdEf",
    OPEN_RUN_FUNCTION: "tandem-production-openRun",
  };
  const runtime = createWebhookRuntime(environment, (line) => void lines.push(line));
  return webhookHandler(runtime, [atGitHub({ paths: ["src/**"] }, pipeline)]);
}

describe("the deployed webhook", () => {
  test("reads the secret, asks GitHub, stores the run and has it opened", async () => {
    const answer = await deployed("one")(request(push()));
    expect(answer).toMatchObject({ statusCode: 202, body: '{"accepted":["one-1"]}' });
    expect(asked.map((one) => `${one.method} ${one.url}`)).toEqual([
      "POST /",
      expect.stringMatching(new RegExp(`^GET /github/api/repos/acme/hello/compare/${sha("a")}\\.\\.\\.`)),
      "POST /2015-03-31/functions/tandem-production-openRun/invocations",
    ]);
    const [secret, , invoke] = asked;
    expect(secret?.headers.authorization).toMatch(/\/us-east-1\/secretsmanager\/aws4_request/);
    expect(JSON.parse(secret?.body ?? "")).toEqual({
      SecretId: "arn:aws:secretsmanager:us-east-1:000000000000:secret:tandem/github-AbCdEf",
    });
    expect(invoke?.headers).toMatchObject({
      "x-amz-invocation-type": "Event",
      "x-amz-security-token": "session",
    });
    expect(JSON.parse(invoke?.body ?? "")).toEqual({ pipeline: "one", runId: "one-1" });
  });

  test("answers the same delivery with the same run, asking for no second opening", async () => {
    const handler = deployed("two");
    await handler(request(push()));
    asked = [];
    expect(await handler(request(push()))).toMatchObject({ body: '{"accepted":["two-1"]}' });
    expect(asked.filter((one) => one.url.endsWith("/invocations"))).toEqual([]);
  });

  test("accepts when Lambda cannot be asked", async () => {
    invokeStatus = 500;
    expect(await deployed("three")(request(push()))).toMatchObject({ statusCode: 202 });
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ runId: "three-1", error: "ServiceException: lambda: no" }),
    );
  });

  test.each([
    [
      "there is no secret",
      { status: 400, body: { __type: "ResourceNotFoundException", message: "none" } },
      401,
    ],
    ["nothing was put into it", { status: 200, body: { SecretString: "{}" } }, 401],
    ["it may not be read", { status: 400, body: { __type: "AccessDeniedException", message: "no" } }, 500],
  ])("answers when %s", async (_what, answer, statusCode) => {
    secretAnswer = answer;
    expect(await deployed("four")(request(ping(), { event: "ping" }))).toMatchObject({ statusCode });
  });
});
