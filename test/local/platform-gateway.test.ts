import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { bySpecificity, matchRoute, parseRouteKey, segmentsOf } from "../../local/api-gateway/routes.ts";
import { AwsError } from "../../local/service.ts";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";
import { type SigningScope, signedFetch } from "./platform-signing.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:api";

let platform: PlatformEndpoint;
/** What the function does with its next event. */
let handler: (event: unknown) => unknown;
let allowed: boolean;
beforeEach(() => {
  handler = (event) => ({
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(event),
  });
  allowed = true;
});

const route = (RouteKey: string, AuthorizationType: string) => ({
  Type: "AWS::ApiGatewayV2::Route",
  Properties: {
    ApiId: { Ref: "Api" },
    RouteKey,
    AuthorizationType,
    Target: { "Fn::Join": ["/", ["integrations", { Ref: "Integration" }]] },
  },
});

beforeAll(async () => {
  platform = await startPlatform({
    invoke: async (_name, event) => handler(event),
    allows: (name, principal, source) =>
      allowed &&
      name === FUNCTION &&
      principal === "apigateway.amazonaws.com" &&
      source.startsWith("arn:aws:execute-api:"),
  });
  await platform.deploy({
    Resources: {
      Api: { Type: "AWS::ApiGatewayV2::Api", Properties: { Name: "api", ProtocolType: "HTTP" } },
      Stage: {
        Type: "AWS::ApiGatewayV2::Stage",
        Properties: { ApiId: { Ref: "Api" }, StageName: "$default", AutoDeploy: true },
      },
      Integration: {
        Type: "AWS::ApiGatewayV2::Integration",
        Properties: {
          ApiId: { Ref: "Api" },
          IntegrationType: "AWS_PROXY",
          IntegrationUri: FUNCTION,
          PayloadFormatVersion: "2.0",
          TimeoutInMillis: 200,
        },
      },
      Runs: route("GET /api/runs/{id}", "AWS_IAM"),
      Approval: route("POST /api/{proxy+}", "AWS_IAM"),
      Webhook: route("POST /webhooks/github", "NONE"),
    },
  });
});
afterAll(() => platform.close());

const eventSchema = z
  .object({
    requestContext: z.looseObject({
      authorizer: z.object({ iam: z.looseObject({ userArn: z.string() }) }).optional(),
    }),
  })
  .loose();
const eventOf = async (response: Response) => {
  expect(response.status).toBe(200);
  return eventSchema.parse(await response.json());
};
const post = (
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
) => fetch(platform.url + path, { method: "POST", body, headers });

describe("the event of payload format 2.0", () => {
  test("carries path, query, headers, cookies and context", async () => {
    const response = await fetch(`${platform.url}/api/runs/a%2Fb?x=1&y=z&x=2`, {
      headers: { cookie: "a=1; b=2", "X-Custom": "Value" },
    });
    const event = await eventOf(response);
    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "GET /api/runs/{id}",
      rawPath: "/api/runs/a%2Fb",
      rawQueryString: "x=1&y=z&x=2",
      cookies: ["a=1", "b=2"],
      headers: { "x-custom": "Value" },
      queryStringParameters: { x: "1,2", y: "z" },
      pathParameters: { id: "a/b" },
      requestContext: {
        accountId: "000000000000",
        stage: "$default",
        http: { method: "GET", path: "/api/runs/a%2Fb", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      },
      isBase64Encoded: false,
    });
    expect(event).not.toHaveProperty("body");
    expect(event.headers).not.toHaveProperty("cookie");
  });

  test.each([
    ["application/json", '{"a":1}', false],
    ["application/vnd.github+json; charset=utf-8", "{}", false],
    ["text/plain", "ü", false],
    ["application/x-www-form-urlencoded", "payload=1", true],
    ["application/octet-stream", "bytes", true],
  ])("carries a body of %s", async (type, body, isBase64Encoded) => {
    const event = await eventOf(await post("/webhooks/github", body, { "content-type": type }));
    expect(event).toMatchObject({
      isBase64Encoded,
      body: isBase64Encoded ? Buffer.from(body).toString("base64") : body,
    });
    expect(event.requestContext).not.toHaveProperty("authorizer");
  });
});

describe("the response", () => {
  test("is what the function says", async () => {
    handler = () => ({
      statusCode: 201,
      headers: { "X-Run": "1", "Content-Length": "999" },
      cookies: ["a=1", "b=2"],
      body: Buffer.from([0, 255]).toString("base64"),
      isBase64Encoded: true,
    });
    const response = await fetch(`${platform.url}/api/runs/1`);
    expect(response.status).toBe(201);
    expect(response.headers.get("x-run")).toBe("1");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255]);
  });

  test("without statusCode is JSON", async () => {
    handler = () => ({ runs: [] });
    const response = await fetch(`${platform.url}/api/runs/1`);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ runs: [] });
  });

  test.each<[string, () => unknown, number]>([
    ["a function that fails", () => Promise.reject(new Error("broken")), 500],
    ["a status that is none", () => ({ statusCode: "teapot" }), 500],
    ["a body that is no text", () => ({ statusCode: 200, body: { a: 1 } }), 500],
    ["a function that is too late", () => new Promise(() => {}), 503],
  ])("hides %s", async (_what, answer, status) => {
    handler = answer;
    const response = await fetch(`${platform.url}/api/runs/1`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      message: status === 500 ? "Internal Server Error" : "Service Unavailable",
    });
  });

  test("is an error when no permission lets the gateway invoke the function", async () => {
    allowed = false;
    expect((await fetch(`${platform.url}/api/runs/1`)).status).toBe(500);
    expect(platform.said.join("\n")).toContain("no AWS::Lambda::Permission lets API Gateway invoke");
  });

  test.each([
    ["GET", "/nowhere"],
    ["PUT", "/api/runs/1"],
    ["GET", "/"],
    ["GET", "/api/runs"],
  ])("%s %s is not found", async (method, path) => {
    const response = await fetch(platform.url + path, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: "Not Found" });
  });

  test("is 413 for more than 10 MB", async () => {
    const response = await post("/webhooks/github", new Uint8Array(10 * 1024 * 1024 + 1));
    expect(response.status).toBe(413);
  });

  test("is 413 for what Lambda refuses as too large", async () => {
    handler = () => Promise.reject(new AwsError("RequestTooLargeException", "Request must be smaller", 413));
    expect((await post("/webhooks/github", new Uint8Array(10))).status).toBe(413);
  });
});

describe("AWS_IAM", () => {
  const path = "/api/runs/1/stages/production/approval?x=%20&a=b";

  test.each([
    ["alice", "arn:aws:sts::000000000000:assumed-role/release-managers/alice"],
    ["carol", "arn:aws:sts::000000000000:assumed-role/developers/carol"],
  ])("a request signed by %s is hers", async (person, userArn) => {
    const event = await eventOf(
      await signedFetch(platform.url + path, person, person, '{"decision":"approve"}'),
    );
    expect(event.requestContext.authorizer?.iam).toMatchObject({
      userArn,
      accessKey: person,
      accountId: "000000000000",
    });
  });

  test("a wrong signature is refused", async () => {
    const response = await signedFetch(platform.url + path, "alice", "guess", "{}");
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: "Forbidden" });
  });

  test("a body other than the signed one is refused", async () => {
    const response = await signedFetch(
      platform.url + path,
      "alice",
      "alice",
      '{"decision":"approve"}',
      '{"decision":"refuse"}',
    );
    expect(response.status).toBe(403);
  });

  const MINUTE = 60_000;
  const ago = (minutes: number) => ({ at: new Date(Date.now() - minutes * MINUTE) });
  const signedFor = (scope: SigningScope) =>
    signedFetch(platform.url + path, "alice", "alice", "{}", "{}", {}, scope);

  test.each<[string, SigningScope]>([
    ["made 16 minutes ago", ago(16)],
    ["made 16 minutes from now", ago(-16)],
    ["for another service", { service: "sts" }],
    ["for another region", { region: "eu-west-1" }],
  ])("a signature %s is refused, and the function hears nothing of it", async (_what, scope) => {
    let asked = 0;
    handler = () => {
      asked += 1;
      return {};
    };
    const response = await signedFor(scope);
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: "Forbidden" });
    expect(asked).toBe(0);
    // The same one as it should be is taken.
    expect((await signedFor(ago(1))).status).toBe(200);
  });

  test("whoever sits at the endpoint reads what was wrong with the scope", async () => {
    await signedFor({ service: "sts", region: "eu-west-1" });
    expect(platform.said.at(-1)).toBe(
      "POST /api/runs/1/stages/production/approval is signed for sts in eu-west-1: sign for execute-api in us-east-1",
    );
  });

  test("without signature it is the person at this machine", async () => {
    const event = await eventOf(await post(path, "{}"));
    expect(event.requestContext.authorizer?.iam.userArn).toBe(
      "arn:aws:sts::000000000000:assumed-role/release-managers/local",
    );
  });

  test.each([
    ["of a page of the web", { origin: "https://evil.example" }],
    ["with a password", { authorization: "Basic YTpi" }],
  ])("a request %s is refused", async (_what, headers) => {
    expect((await post(path, "{}", headers)).status).toBe(403);
  });
});

describe("routes", () => {
  test("the most specific takes the request", () => {
    const keys = [
      "$default",
      "ANY /{proxy+}",
      "GET /runs/{id}",
      "ANY /runs/{id}",
      "GET /runs/latest",
      "GET /{any}/latest",
    ];
    const find = (method: string, path: string) =>
      keys
        .map(parseRouteKey)
        .sort(bySpecificity)
        .find((key) => matchRoute(key, method, segmentsOf(path)) !== undefined)?.key;
    expect(find("GET", "/runs/latest")).toBe("GET /runs/latest");
    expect(find("GET", "/runs/7")).toBe("GET /runs/{id}");
    expect(find("POST", "/runs/7")).toBe("ANY /runs/{id}");
    expect(find("GET", "/stages/latest")).toBe("GET /{any}/latest");
    expect(find("GET", "/a/b/c")).toBe("ANY /{proxy+}");
    expect(find("GET", "/")).toBe("$default");
  });

  test("a malformed key is refused", () => {
    expect(() => parseRouteKey("runs")).toThrow("RouteKey runs must be");
  });
});
