import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { receive } from "../../shared/pipeline/receive.ts";
import { MAX_ATTEMPTS } from "../../shared/pipeline/run.ts";
import {
  approvalBy,
  buildFailed,
  buildKey,
  buildStarted,
  buildSucceeded,
  deploymentReported,
  deploymentStarted,
  deploymentSucceeded,
  refusalBy,
  runAfter,
  stageEntered,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "./given.ts";

const running = [started(), buildStarted("linux/amd64"), buildStarted("linux/arm64")];
const inProgress = [...UNTIL_PUBLISHED, stageEntered("staging"), deploymentStarted("staging")];
const reported = deploymentReported("staging");
const finished: RunEvent = { type: "run.finished", at: T0, outcome: "failed", reason: "x" };

describe("an event from outside that is late, doubled or foreign is ignored, with a reason", () => {
  test.each([
    [
      "anything after the end",
      [...running, finished],
      buildSucceeded("linux/amd64"),
      "run hello-1 has ended: failed",
    ],
    [
      "of an image the run does not build",
      running,
      { ...buildSucceeded("linux/amd64"), image: "jobs" },
      "run hello-1 builds no jobs for linux/amd64",
    ],
    [
      "of a platform the run does not build",
      running,
      buildSucceeded("linux/arm/v7"),
      "run hello-1 builds no hello for linux/arm/v7",
    ],
    [
      "of an attempt before",
      [...running, buildFailed("linux/arm64", { transient: true })],
      buildSucceeded("linux/arm64"),
      "hello linux/arm64 attempt 1: attempt 2 is the current one",
    ],
    [
      "of an attempt that has not been made",
      running,
      buildSucceeded("linux/arm64", 2),
      "hello linux/arm64 attempt 2: attempt 1 is the current one",
    ],
    [
      "a success twice",
      [...running, buildSucceeded("linux/amd64")],
      buildSucceeded("linux/amd64"),
      "hello linux/amd64 attempt 1 has succeeded already",
    ],
    [
      "a failure after success",
      [...running, buildSucceeded("linux/amd64")],
      buildFailed("linux/amd64"),
      "hello linux/amd64 attempt 1 has succeeded already",
    ],
    ["a start twice", running, buildStarted("linux/amd64"), "hello linux/amd64 attempt 1 runs already"],
    [
      "of another build with our variables",
      running,
      { ...buildSucceeded("linux/amd64"), buildId: "somebody-s" },
      "hello linux/amd64 attempt 1 is build build-amd64-1, not somebody-s",
    ],
    ["a deployment before there is one", UNTIL_PUBLISHED, reported, "run hello-1 does not deploy web now"],
    [
      "a deployment that has not been started",
      [...UNTIL_PUBLISHED, stageEntered("staging")],
      reported,
      "the deployment of web is pending",
    ],
    [
      "somebody else's deployment",
      inProgress,
      { ...reported, deploymentId: "ecs-svc/other" },
      "the deployment of web is ecs-svc/staging, not ecs-svc/other",
    ],
    ["a report twice", [...inProgress, reported], reported, "web was reported COMPLETED already"],
    [
      "a verdict twice",
      [...inProgress, deploymentSucceeded("staging")],
      deploymentSucceeded("staging"),
      "the deployment of web is succeeded",
    ],
    [
      "an approval before the gate is open",
      UNTIL_PUBLISHED,
      approvalBy("bob"),
      "stage production of hello-1 waits for no approval",
    ],
    [
      "an approval of another release",
      UNTIL_GATED,
      approvalBy("bob", { release: "x" }),
      "stage production of hello-1 is about another release",
    ],
    ["an approval twice", [...UNTIL_GATED, approvalBy("bob")], approvalBy("Bob"), "Bob has approved already"],
    [
      "a refusal after a refusal",
      [...UNTIL_GATED, refusalBy("bob")],
      refusalBy("carol"),
      "stage production of hello-1 waits for no approval",
    ],
    ["a start of a run that has started", running, started(), "run.started changes nothing of hello-1"],
  ] satisfies readonly (readonly [string, readonly RunEvent[], RunEvent, string])[])(
    "%s",
    (_what, given, event, reason) => {
      expect(receive(runAfter(...given), event)).toEqual({ type: "ignored", reason });
    },
  );
});

describe("news is stored", () => {
  test.each([
    ["a success before anybody heard of the start", [started()], buildSucceeded("linux/amd64")],
    ["a report", inProgress, reported],
    ["a second report that says otherwise", [...inProgress, reported], { ...reported, state: "FAILED" }],
    ["an approval", UNTIL_GATED, approvalBy("bob")],
    ["a refusal by somebody who had approved", [...UNTIL_GATED, approvalBy("bob")], refusalBy("bob")],
    ["that a newer run took the place", UNTIL_GATED, { type: "run.superseded", at: T0, by: "hello-2" }],
  ] satisfies readonly (readonly [string, readonly RunEvent[], RunEvent])[])("%s", (_what, given, event) => {
    expect(receive(runAfter(...given), event)).toEqual({ type: "news", event });
  });
});

describe("a failed build is judged", () => {
  const judged = (given: readonly RunEvent[], event: RunEvent) => {
    const received = receive(runAfter(...given), event);
    return received.type === "news" ? received.event : received;
  };
  const faults = (attempts: number): readonly RunEvent[] =>
    Array.from({ length: attempts }, (_, index) =>
      buildFailed("linux/arm64", { attempt: index + 1, transient: true }),
    );

  test("a transient fault is worth another attempt, twice", () => {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const event = buildFailed("linux/arm64", { attempt, transient: true });
      expect(judged([...running, ...faults(attempt - 1)], event)).toMatchObject({
        transient: attempt < MAX_ATTEMPTS,
      });
    }
  });

  test("not when a sibling has failed for good", () => {
    const event = buildFailed("linux/arm64", { transient: true });
    expect(judged([...running, buildFailed("linux/amd64")], event)).toMatchObject({
      type: "build.failed",
      transient: false,
    });
  });

  test("a build that was asked to stop, and ended, is stopped", () => {
    const stop: RunEvent = { type: "build.stop-requested", ...buildKey("linux/arm64"), lease: 0 };
    expect(judged([...running, buildFailed("linux/amd64"), stop], buildFailed("linux/arm64"))).toEqual({
      type: "build.stopped",
      ...buildKey("linux/arm64"),
    });
  });
});
