import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { PRINTER, putEvents, QUEUE, received, rule, ruleArn } from "./events-support.ts";
import { functionArn, type LambdaEndpoint, startLambdaEndpoint } from "./lambda-endpoint.ts";

let local: LambdaEndpoint;
beforeEach(async () => {
  local = await startLambdaEndpoint();
});
afterEach(() => local.close());

describe("from PutEvents to a function", () => {
  test("a matching rule's target gets the event as AWS shapes it; others get nothing", async () => {
    await local.deploy("wanted", PRINTER);
    await local.deploy("other", PRINTER);
    await rule(local, "match", "wanted", {
      EventPattern: { source: ["tandem.test"], detail: { n: [{ numeric: [">", 1] }] } },
    });
    await rule(local, "miss", "other", { EventPattern: { source: ["aws.ecr"] } });

    const answer = await putEvents(
      local,
      { Detail: '{"n": 1}' },
      { Detail: '{"n": 2}', Resources: ["arn:x"], Time: new Date("2026-11-21T10:00:00Z") },
    );
    expect(answer.FailedEntryCount).toBe(0);
    await local.until(() => received(local, "wanted").length > 0);

    expect(received(local, "wanted")).toEqual([
      {
        version: "0",
        id: answer.Entries?.[1]?.EventId,
        "detail-type": "Test",
        source: "tandem.test",
        account: "000000000000",
        time: "2026-11-21T10:00:00Z",
        region: "us-east-1",
        resources: ["arn:x"],
        detail: { n: 2 },
      },
    ]);
    expect(received(local, "other")).toEqual([]);
  });

  test("what a service emits takes the same way", async () => {
    await local.deploy("wanted", PRINTER);
    await rule(local, "builds", "wanted", { EventPattern: { source: ["aws.codebuild"] } });
    local.events.put({
      source: "aws.codebuild",
      detailType: "CodeBuild Build State Change",
      resources: [],
      detail: {},
    });
    await local.until(() => received(local, "wanted").length > 0);
    expect(received(local, "wanted")).toMatchObject([{ source: "aws.codebuild" }]);
  });

  test("entries that are wrong fail by themselves", async () => {
    const { FailedEntryCount, Entries } = await putEvents(
      local,
      { Source: "aws.ecs" },
      { Detail: "[1]" },
      { DetailType: "" },
      { EventBusName: "mine" },
      {},
    );
    expect(FailedEntryCount).toBe(4);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      "NotAuthorizedForSourceException",
      "MalformedDetail",
      "InvalidArgument",
      "ResourceNotFoundException",
      undefined,
    ]);
  });

  test("more than ten entries are refused", async () => {
    await expect(putEvents(local, ...Array.from({ length: 11 }, () => ({})))).rejects.toMatchObject({
      name: "ValidationException",
    });
  });
});

describe("what a target is given", () => {
  const pattern = { EventPattern: { source: ["tandem.test"] } };
  const transformer = {
    InputTransformer: {
      InputPathsMap: {
        id: "$.detail['build-id']",
        first: "$.resources[0]",
        all: "$.detail",
        no: "$.detail.no",
      },
      InputTemplate:
        '{"text": "build <id> of \\"<first>\\"", "detail": <all>, "absent": <no>, "rule": <aws.events.rule-name>}',
    },
  };
  test.each<[string, object, unknown]>([
    ["Input", { Input: '{"fixed": true}' }, { fixed: true }],
    ["InputPath", { InputPath: "$.detail" }, { "build-id": 'a "quoted" id' }],
    [
      "InputTransformer",
      transformer,
      {
        text: 'build a "quoted" id of "arn:x"',
        detail: { "build-id": 'a "quoted" id' },
        absent: null,
        rule: "shape",
      },
    ],
  ])("%s", async (_name, target, expected) => {
    await local.deploy("wanted", PRINTER);
    await rule(local, "shape", "wanted", pattern, target);
    await putEvents(local, { Detail: JSON.stringify({ "build-id": 'a "quoted" id' }), Resources: ["arn:x"] });
    await local.until(() => received(local, "wanted").length > 0);
    expect(received(local, "wanted")).toEqual([expected]);
  });
});

describe("when delivery fails", () => {
  test("a failing function is tried three times; then the event goes to its dead-letter queue", async () => {
    await local.deploy(
      "failing",
      {
        "index.mjs": `export const handler = async (e, c) => { console.log("try", c.awsRequestId); throw new Error("no"); };`,
      },
      { DeadLetterConfig: { TargetArn: QUEUE } },
    );
    await rule(local, "fails", "failing", { EventPattern: { source: ["tandem.test"] } });
    const { Entries } = await putEvents(local, {});
    await local.until(() => local.deadLetters.length > 0);

    const tries = local.log("failing").filter((line) => line.includes("try "));
    expect(tries).toHaveLength(3);
    // The same request id each time, so that a function can tell.
    expect(new Set(tries.map((line) => line.split("try ")[1])).size).toBe(1);
    expect(local.deadLetters).toEqual([
      {
        queueArn: QUEUE,
        body: expect.stringContaining(`"id":"${Entries?.[0]?.EventId}"`),
        attributes: { RequestID: expect.any(String), ErrorCode: "200", ErrorMessage: "no" },
      },
    ]);
  });

  test("an EventInvokeConfig decides on retries, and its destination gets the record", async () => {
    await local.deploy("failing", {
      "index.mjs": `export const handler = async () => { throw new TypeError("no"); };`,
    });
    await local.create("AWS::Lambda::EventInvokeConfig", "Config", {
      FunctionName: "failing",
      Qualifier: "$LATEST",
      MaximumRetryAttempts: 1,
      DestinationConfig: { OnFailure: { Destination: QUEUE } },
    });
    local.lambda.invokeAsync("failing", { n: 1 });
    await local.until(() => local.deadLetters.length > 0);
    expect(JSON.parse(local.deadLetters[0]?.body ?? "")).toEqual({
      version: "1.0",
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      requestContext: {
        requestId: expect.any(String),
        functionArn: `${functionArn("failing")}:$LATEST`,
        condition: "RetriesExhausted",
        approximateInvokeCount: 2,
      },
      requestPayload: { n: 1 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: { errorType: "TypeError", errorMessage: "no", trace: expect.any(Array) },
    });
  });

  test("a function that recovers is not tried again", async () => {
    await local.deploy("flaky", {
      "index.mjs": `
        let calls = 0;
        export const handler = async () => {
          calls++;
          console.log("call", calls);
          if (calls === 1) throw new Error("once");
        };`,
    });
    local.lambda.invokeAsync("flaky", {});
    await local.until(() => local.log("flaky").filter((line) => line.startsWith("REPORT")).length === 2);
    expect(local.log("flaky").some((line) => line.endsWith("call 2"))).toBe(true);
    expect(local.deadLetters).toEqual([]);
  });

  test("without permission, or without function, the event goes to the target's own queue at once", async () => {
    await local.deploy("guarded", PRINTER);
    const target = { DeadLetterConfig: { Arn: QUEUE } };
    await local.create("AWS::Events::Rule", "intruder", {
      EventPattern: { source: ["tandem.test"] },
      Targets: [{ Id: "t", Arn: functionArn("guarded"), ...target }],
    });
    await rule(local, "orphan", "nobody", { EventPattern: { source: ["tandem.test"] } }, target);
    await putEvents(local, {});
    await local.until(() => local.deadLetters.length === 2);
    expect(local.deadLetters.map(({ attributes }) => [attributes?.RULE_ARN, attributes?.ERROR_CODE])).toEqual(
      [
        [ruleArn("intruder"), "NO_PERMISSIONS"],
        [ruleArn("orphan"), "NO_RESOURCE"],
      ],
    );
    expect(local.said.join("\n")).toMatch(/Rule intruder: .* has no AWS::Lambda::Permission/);
    expect(received(local, "guarded")).toEqual([]);
  });
});
