import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { awsHttp } from "../../shared/effects/aws-http.ts";
import { eventBridgePut, snsPublish } from "../../shared/effects/aws-messages.ts";
import { awsQuery } from "../../shared/effects/aws-query.ts";
import type { SignedAnswer } from "../../shared/store/dynamo-http.ts";

const json = (status: number, body: unknown): SignedAnswer => ({
  ...{ status, headers: {}, body: JSON.stringify(body) },
});

const refusedEntry = (ErrorCode: string) =>
  json(200, { FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: "no" }] });

/** What becomes of an event when EventBridge answers so. */
async function put(answer: () => Promise<SignedAnswer>): Promise<unknown> {
  const event = { bus: "theirs", source: "tandem", detailType: "x", detail: {} };
  return eventBridgePut(awsHttp(answer))(event).then(
    () => "said",
    (error: unknown) => error,
  );
}

describe("EventBridge", () => {
  test("is told by one request, of the bus and what has happened", async () => {
    const asked: unknown[] = [];
    const event = { bus: "theirs", source: "tandem", detailType: "Changed", detail: { run: "hello-1" } };
    const http = awsHttp(async (request) => {
      asked.push({ ...request, body: JSON.parse(request.body) });
      return json(200, { FailedEntryCount: 0, Entries: [{ EventId: "1" }] });
    });
    await eventBridgePut(http)(event);
    await eventBridgePut(http)({ ...event, bus: "default" });
    const entry = { Source: "tandem", DetailType: "Changed", Detail: '{"run":"hello-1"}' };
    expect(asked).toMatchObject([
      {
        service: "events",
        headers: { "x-amz-target": "AWSEvents.PutEvents" },
        body: { Entries: [{ ...entry, EventBusName: "theirs" }] },
      },
      { body: { Entries: [entry] } },
    ]);
  });

  test.each([
    ["an error of its own", json(500, { __type: "InternalException" }), "InternalException"],
    ["one without a word", { status: 503, headers: {}, body: "<html>" }, "ServiceException"],
    ["too many requests", { status: 429, headers: {}, body: "" }, "ServiceException"],
    ["throttling", json(400, { __type: "ThrottlingException", message: "slower" }), "ThrottlingException"],
    ["a throttled entry", refusedEntry("ThrottlingException"), "ThrottlingException"],
    ["an entry that it failed to take", refusedEntry("InternalFailure"), "InternalFailure"],
    ["credentials of yesterday", json(400, { __type: "ExpiredTokenException" }), "ExpiredTokenException"],
  ])("passes: %s", async (_what, answer, code) => {
    expect(await put(async () => answer)).toMatchObject({ name: "SendError", kind: "later", code });
  });

  test.each([
    [
      "no right",
      json(400, { __type: "AccessDeniedException", message: "not yours" }),
      "AccessDeniedException",
    ],
    ["no bus", json(400, { __type: "ResourceNotFoundException" }), "ResourceNotFoundException"],
    [
      "an entry without a right",
      refusedEntry("NotAuthorizedForSourceException"),
      "NotAuthorizedForSourceException",
    ],
    ["an entry that is no JSON", refusedEntry("MalformedDetail"), "MalformedDetail"],
  ])("does not pass: %s", async (_what, answer, code) => {
    expect(await put(async () => answer)).toMatchObject({
      ...{ name: "SendError", kind: "final", code },
      message: expect.stringMatching(/^EventBridge refused it: events: /),
    });
  });

  test.each([
    ["no answer", { name: "TimeoutError" }, "lost"],
    ["a connection that broke", { code: "ECONNRESET" }, "lost"],
    ["nobody there", { code: "ECONNREFUSED" }, "later"],
    ["no way there", { cause: { code: "UND_ERR_CONNECT_TIMEOUT" } }, "later"],
  ])("may or may not have heard it: %s", async (_what, of, kind) => {
    const error = Object.assign(new Error("fetch failed"), of);
    expect(await put(() => Promise.reject(error))).toMatchObject({ name: "SendError", kind });
  });
});

describe("SNS", () => {
  const asked = jest.spyOn(globalThis, "fetch");
  afterEach(() => void asked.mockReset());

  const query = awsQuery({
    region: async () => "us-east-1",
    credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" }),
  });
  const error = (code: string) =>
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

  test.each([
    [503, "<html>busy</html>", "later", "ServiceException"],
    [429, "", "later", "ServiceException"],
    [500, error("InternalError"), "later", "InternalError"],
    [400, error("Throttling"), "later", "Throttling"],
    [400, error("KMSThrottling"), "later", "KMSThrottling"],
    [403, error("ExpiredToken"), "later", "ExpiredToken"],
    [403, error("AuthorizationError"), "final", "AuthorizationError"],
    [404, error("NotFound"), "final", "NotFound"],
    [400, error("InvalidParameter"), "final", "InvalidParameter"],
    [400, error("KMSDisabled"), "final", "KMSDisabled"],
  ] as const)("%d %s: %s", async (status, body, kind, code) => {
    asked.mockImplementation(async () => new Response(body, { status }));
    const notice = { topicArn: "arn:aws:sns:us-east-1:1:t", subject: "s", text: "t", attributes: {} };
    await expect(snsPublish(query)(notice)).rejects.toMatchObject({ name: "SendError", kind, code });
  });
});
