import { describe, expect, test } from "@jest/globals";
import { type BuildReport, interpretBuild } from "../../shared/pipeline/build-report.ts";
import { built, digest, T0 } from "./given.ts";

const image = built("linux/arm64");
const EXPORTED = {
  IMAGE_DIGEST: image.digest,
  IMAGE_SIZE: "500",
  IMAGE_MEDIA_TYPE: image.mediaType,
  IMAGE_CONFIG_DIGEST: image.configDigest,
  IMAGE_CONFIG_PLATFORM: image.configPlatform,
};
const VARIABLES = {
  TANDEM_RUN: "hello-1",
  TANDEM_IMAGE: "hello",
  TANDEM_PLATFORM: "linux/arm64",
  TANDEM_ATTEMPT: "2",
};
const key = { at: T0, image: "hello", platform: "linux/arm64", attempt: 2, buildId: "arn:build" };
const log = { group: "g", stream: "s" };

function report(change: Partial<BuildReport>): BuildReport {
  return {
    buildId: "arn:build",
    status: "SUCCEEDED",
    variables: VARIABLES,
    exported: EXPORTED,
    failedPhases: [],
    ...change,
  };
}

const failed = (reason: string, transient: boolean) => ({
  type: "event",
  runId: "hello-1",
  event: { type: "build.failed", ...key, failure: { reason }, transient },
});

describe("what CodeBuild says of a build", () => {
  test("it has succeeded, with what it exported", () => {
    expect(interpretBuild(report({}), T0)).toEqual({
      type: "event",
      runId: "hello-1",
      event: { type: "build.succeeded", ...key, built: image },
    });
  });

  test("it has succeeded, but the event does not carry what it exported", () => {
    const { exported: _exported, ...without } = report({});
    expect(interpretBuild(without, T0)).toEqual({ type: "incomplete", runId: "hello-1" });
  });

  test("it runs", () => {
    expect(interpretBuild(report({ status: "IN_PROGRESS" }), T0)).toEqual({
      type: "event",
      runId: "hello-1",
      event: { type: "build.started", ...key },
    });
  });

  test.each([
    [
      "the Dockerfile's fault",
      "FAILED",
      [{ phase: "BUILD", message: "exit status 1" }],
      "failed in BUILD: exit status 1",
      false,
    ],
    ["a phase without a word", "FAILED", [{ phase: "POST_BUILD" }], "failed in POST_BUILD", false],
    ["no phase at all", "FAILED", [], "the build failed", false],
    ["CodeBuild's fault: no machine", "FAILED", [{ phase: "PROVISIONING" }], "failed in PROVISIONING", true],
    ["CodeBuild's fault: no room", "TIMED_OUT", [{ phase: "QUEUED" }], "timed out in QUEUED", true],
    ["too slow", "TIMED_OUT", [{ phase: "BUILD" }], "timed out in BUILD", false],
    [
      "no machine, and then more",
      "FAILED",
      [{ phase: "PROVISIONING" }, { phase: "BUILD" }],
      "failed in PROVISIONING",
      false,
    ],
    ["CodeBuild itself", "FAULT", [], "CodeBuild itself failed (FAULT)", true],
    ["somebody in the console", "STOPPED", [], "somebody stopped the build", false],
    [
      "a secret in its words",
      "FAILED",
      [{ phase: "BUILD", message: "token=abcdefgh1 is wrong" }],
      "failed in BUILD: token=… is wrong",
      false,
    ],
  ] as const)("it has failed: %s", (_what, status, failedPhases, reason, transient) => {
    expect(interpretBuild(report({ status, failedPhases }), T0)).toEqual(failed(reason, transient));
  });

  test("where its log is", () => {
    expect(interpretBuild(report({ status: "FAILED", log }), T0)).toMatchObject({ event: { log } });
  });

  test.each([
    ["IMAGE_DIGEST", "latest"],
    ["IMAGE_DIGEST", digest("x").slice(0, 70)],
    ["IMAGE_CONFIG_DIGEST", ""],
    ["IMAGE_SIZE", "many"],
    ["IMAGE_SIZE", "0"],
    ["IMAGE_SIZE", "-5"],
    ["IMAGE_MEDIA_TYPE", "text/html"],
  ])("success without a valid %s (%j) is a failure that says so", (name, value) => {
    const told = interpretBuild(report({ exported: { ...EXPORTED, [name]: value } }), T0);
    expect(told).toMatchObject({ type: "event", event: { type: "build.failed", transient: false } });
    expect(JSON.stringify(told)).toContain(
      `exported no valid ${name} (\\"${value}\\"); its buildspec must export`,
    );
  });

  test.each([
    ["somebody else's build", { variables: {} }, "build arn:build was not started by Tandem"],
    [
      "an unknown platform",
      { variables: { ...VARIABLES, TANDEM_PLATFORM: "windows/amd64" } },
      "build arn:build was not started by Tandem",
    ],
    [
      "an attempt that is no number",
      { variables: { ...VARIABLES, TANDEM_ATTEMPT: "two" } },
      "build arn:build was not started by Tandem",
    ],
    ["a status of next year", { status: "PAUSED" }, "build arn:build has the unknown status PAUSED"],
  ])("%s is ignored", (_what, change, reason) => {
    expect(interpretBuild(report(change), T0)).toEqual({ type: "ignored", reason });
  });
});
