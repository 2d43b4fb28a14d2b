import type { Build, BuildPhase } from "@aws-sdk/client-codebuild";
import { describe, expect, test } from "@jest/globals";
import { askBuilds } from "../../shared/effects/ask-builds.ts";
import { readBuildLog } from "../../shared/effects/read-build-log.ts";
import { stopBuild } from "../../shared/effects/stop-build.ts";
import { built, T0 } from "../pipeline/given.ts";
import { buildOf, OURS } from "./codebuild.ts";
import { awsError, contextOf, fakeAws } from "./fakes.ts";

const key = { at: T0, image: "hello", platform: "linux/arm64", attempt: 1 };

describe("stop-build", () => {
  const stop = {
    type: "stop-build",
    image: "hello",
    platform: "linux/arm64",
    attempt: 1,
    buildId: "arn:build:1",
    lease: 0,
  } as const;

  test("stops it", async () => {
    const { aws, calls } = fakeAws({ codebuild: { stopBuild: async () => ({}) } });
    expect((await stopBuild(contextOf(aws), stop)).events).toEqual([{ type: "build.stopped", ...key }]);
    expect(calls).toEqual([{ operation: "StopBuild", input: { id: "arn:build:1" } }]);
  });

  test.each(["ResourceNotFoundException", "InvalidInputException"])(
    "a build that is gone or has ended counts as stopped (%s)",
    async (name) => {
      const { aws } = fakeAws({ codebuild: { stopBuild: () => Promise.reject(awsError(name)) } });
      expect((await stopBuild(contextOf(aws), stop)).events).toMatchObject([{ type: "build.stopped" }]);
    },
  );
});

describe("ask-builds", () => {
  const image_ = built("linux/arm64");
  const exportedEnvironmentVariables = Object.entries({
    IMAGE_DIGEST: image_.digest,
    IMAGE_SIZE: "500",
    IMAGE_MEDIA_TYPE: image_.mediaType,
    IMAGE_CONFIG_DIGEST: image_.configDigest,
    IMAGE_CONFIG_PLATFORM: "linux/arm64",
  }).map(([name, value]) => ({ name, value }));
  const question = (buildId: string) =>
    ({ image: "hello", platform: "linux/arm64", attempt: 1, buildId }) as const;
  const ask = async (builds: readonly Build[], ...ids: readonly string[]) => {
    const known = builds.map(({ arn }) => arn);
    const buildsNotFound = ids.filter((id) => !known.includes(id));
    const { aws, calls } = fakeAws({
      codebuild: {
        batchGetBuilds: async ({ ids: some }) => ({
          builds: builds.filter(({ arn }) => some?.includes(arn ?? "")),
          buildsNotFound: buildsNotFound.filter((id) => some?.includes(id)),
        }),
      },
    });
    return { events: (await askBuilds(contextOf(aws), ids.map(question))).events, calls };
  };

  test("an end that no event told", async () => {
    const { events } = await ask(
      [buildOf(OURS, { buildStatus: "SUCCEEDED", exportedEnvironmentVariables })],
      "arn:build:1",
    );
    expect(events).toEqual([{ type: "build.succeeded", ...key, buildId: "arn:build:1", built: image_ }]);
  });

  test("a failure, with the phase, its words and the log", async () => {
    const phases: BuildPhase[] = [
      { phaseType: "INSTALL", phaseStatus: "SUCCEEDED" },
      {
        phaseType: "BUILD",
        phaseStatus: "FAILED",
        contexts: [{ statusCode: "COMMAND_EXECUTION_ERROR", message: "exit status 1" }],
      },
      { phaseType: "COMPLETED" },
    ];
    const logs = { groupName: "g", streamName: "s", deepLink: "https://console" };
    const { events } = await ask([buildOf(OURS, { buildStatus: "FAILED", phases, logs })], "arn:build:1");
    expect(events).toEqual([
      {
        type: "build.failed",
        ...key,
        buildId: "arn:build:1",
        failure: { reason: "failed in BUILD: exit status 1" },
        transient: false,
        log: { group: "g", stream: "s", link: "https://console" },
      },
    ]);
  });

  test("a build that CodeBuild has forgotten is tried again", async () => {
    const { events } = await ask([], "arn:build:1");
    expect(events).toMatchObject([
      {
        type: "build.failed",
        transient: true,
        failure: { reason: "CodeBuild no longer knows the build arn:build:1" },
      },
    ]);
  });

  test("more than a hundred are asked about a hundred at a time", async () => {
    const ids = Array.from({ length: 250 }, (_, n) => `arn:build:${n}`);
    const { calls, events } = await ask([], ...ids);
    expect(calls).toHaveLength(3);
    expect(events).toHaveLength(250);
  });
});

describe("read-build-log", () => {
  const read = {
    type: "read-build-log",
    image: "hello",
    platform: "linux/arm64",
    attempt: 1,
    log: { group: "g", stream: "s" },
  } as const;
  const linesOf = async (...messages: readonly string[]) => {
    const { aws } = fakeAws({
      logs: { getLogEvents: async () => ({ events: messages.map((message) => ({ message })) }) },
    });
    const [event] = (await readBuildLog(contextOf(aws), read)).events;
    return event?.type === "build.log-read" ? event.lines : undefined;
  };

  test("the last twenty lines, without what looks like a secret", async () => {
    const { aws, calls } = fakeAws({
      logs: {
        getLogEvents: async () => ({
          events: [{ message: "export NPM_TOKEN=abcdef123456\n" }, { message: "npm ERR! 404\n" }],
        }),
      },
    });
    expect((await readBuildLog(contextOf(aws), read)).events).toEqual([
      { type: "build.log-read", ...key, lines: ["export NPM_TOKEN=…", "npm ERR! 404"] },
    ]);
    expect(calls[0]?.input).toEqual({
      logGroupName: "g",
      logStreamName: "s",
      startFromHead: false,
      limit: 20,
    });
  });

  test("a key over several lines, and lines that never end", async () => {
    const dashes = "-----";
    expect(
      await linesOf(
        "a",
        `${dashes}BEGIN PRIVATE KEY${dashes}`,
        "MIIEvQ",
        `${dashes}END PRIVATE KEY${dashes}`,
        "b",
      ),
    ).toEqual(["a", `${dashes}BEGIN PRIVATE KEY${dashes}…`, "b"]);
    expect((await linesOf("x".repeat(100_000)))?.map((line) => line.length)).toEqual([500]);
  });

  test("a log that is not there has no lines", async () => {
    const { aws } = fakeAws({
      logs: { getLogEvents: () => Promise.reject(awsError("ResourceNotFoundException")) },
    });
    expect((await readBuildLog(contextOf(aws), read)).events).toEqual([
      { type: "build.log-read", ...key, lines: [] },
    ]);
    expect(await linesOf()).toEqual([]);
  });
});
