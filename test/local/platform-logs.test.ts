import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createLogs } from "../../local/logs/service.ts";
import { type PlatformEndpoint, startPlatform } from "./platform-endpoint.ts";

let platform: PlatformEndpoint;
let client: CloudWatchLogsClient;
beforeAll(async () => {
  platform = await startPlatform();
  client = new CloudWatchLogsClient(platform.sdk());
});
afterAll(async () => {
  client.destroy();
  await platform.close();
});

const get = (logGroupName: string, more: Partial<GetLogEventsCommandInput>) =>
  client.send(new GetLogEventsCommand({ logGroupName, logStreamName: "stream", ...more }));
const messages = (events: readonly { readonly message?: string | undefined }[] | undefined) =>
  events?.map(({ message }) => message);

describe("GetLogEvents", () => {
  test("reads forward page by page, and ends with the token it was given", async () => {
    platform.logs.put("/forward", "stream", ["1", "2", "3"]);
    const first = await get("/forward", { startFromHead: true, limit: 2 });
    expect(messages(first.events)).toEqual(["1", "2"]);
    const second = await get("/forward", { nextToken: first.nextForwardToken, limit: 2 });
    expect(messages(second.events)).toEqual(["3"]);
    const third = await get("/forward", { nextToken: second.nextForwardToken });
    expect(third).toMatchObject({ events: [], nextForwardToken: second.nextForwardToken });
    platform.logs.put("/forward", "stream", ["4"]);
    expect(messages((await get("/forward", { nextToken: third.nextForwardToken })).events)).toEqual(["4"]);
  });

  test("begins with the last events, and reads backward", async () => {
    platform.logs.put("/backward", "stream", ["1", "2", "3"]);
    const last = await get("/backward", { limit: 2 });
    expect(messages(last.events)).toEqual(["2", "3"]);
    expect(messages((await get("/backward", { nextToken: last.nextBackwardToken })).events)).toEqual(["1"]);
  });

  test("returns about a megabyte at most", async () => {
    const line = "x".repeat(200_000);
    platform.logs.put(
      "/large",
      "stream",
      Array.from({ length: 12 }, () => line),
    );
    const seen: unknown[] = [];
    let token: string | undefined;
    for (;;) {
      const { events = [], nextForwardToken } = await get("/large", {
        startFromHead: true,
        nextToken: token,
      });
      if (events.length === 0) break;
      expect(events.length).toBeLessThan(12);
      seen.push(...events);
      token = nextForwardToken;
    }
    expect(seen).toHaveLength(12);
  });

  test("names a group or stream that is not there", async () => {
    await expect(get("/nowhere", {})).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(get("/forward", { logStreamName: "nope" })).rejects.toThrow("nope");
    await expect(get("/forward", { nextToken: "x" })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
  });
});

describe("FilterLogEvents", () => {
  const filter = async (logGroupName: string, filterPattern: string) =>
    messages((await client.send(new FilterLogEventsCommand({ logGroupName, filterPattern }))).events);

  test.each([
    ["", ["an ERROR here", "a warning", "ERROR of the disk"]],
    ["ERROR", ["an ERROR here", "ERROR of the disk"]],
    ['"the disk"', ["ERROR of the disk"]],
    ["ERROR -disk", ["an ERROR here"]],
    ["?warning ?here", ["an ERROR here", "a warning"]],
  ])("with the pattern %j", async (pattern, expected) => {
    platform.logs.put(`/filter/${pattern}`, "stream", ["an ERROR here", "a warning", "ERROR of the disk"]);
    expect(await filter(`/filter/${pattern}`, pattern)).toEqual(expected);
  });

  test("pages through the streams of a group without loss", async () => {
    for (let round = 0; round < 7; round += 1)
      for (const stream of ["a", "b", "c"]) platform.logs.put("/many", stream, [`${stream}${round}`]);
    const seen: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await client.send(
        new FilterLogEventsCommand({ logGroupName: "/many", limit: 4, nextToken }),
      );
      seen.push(...(messages(page.events) ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(seen).toHaveLength(21);
    expect(new Set(seen).size).toBe(21);
  });

  test("refuses patterns that are not emulated", async () => {
    await expect(filter("/many", "{ $.level = 7 }")).rejects.toThrow("plain terms only");
  });
});

test("groups and streams are described", async () => {
  platform.logs.put("/described/group", "[$LATEST]/..", ["one"]);
  const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/described" }));
  expect(logGroups).toMatchObject([
    {
      logGroupName: "/described/group",
      arn: "arn:aws:logs:us-east-1:000000000000:log-group:/described/group:*",
    },
  ]);
  const { logStreams } = await client.send(
    new DescribeLogStreamsCommand({ logGroupName: "/described/group" }),
  );
  expect(logStreams).toMatchObject([
    { logStreamName: "[$LATEST]/..", lastEventTimestamp: expect.any(Number) },
  ]);
});

test("what was written is there after a restart, also a line that was cut off", async () => {
  const stateDir = await mkdtemp(join(tmpdir(), "tandem-logs-"));
  const place = { accountId: "000000000000", region: "us-east-1", stateDir, now: Date.now };
  (await createLogs(place)).sink.put("g/1", "..", ["one", "two", "drei\nzeilen ü"]);
  const again = await createLogs(place);
  again.sink.put("g/1", "..", ["four"]);
  const caller = { arn: "", accountId: "", userId: "" };
  const answer = await again.operations?.GetLogEvents?.(
    { logGroupName: "g/1", logStreamName: "..", startFromHead: true },
    caller,
  );
  expect(answer).toMatchObject({
    events: [{ message: "one" }, { message: "two" }, { message: "drei\nzeilen ü" }, { message: "four" }],
  });
  await rm(stateDir, { recursive: true });
});
