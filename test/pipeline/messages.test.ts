import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { explain } from "../../shared/pipeline/explain.ts";
import {
  allStagesSucceeded,
  buildsFailed,
  deploymentReplaced,
  publishFailed,
  refName,
  rolledBack,
  rolloutFailed,
  sentence,
  stageEnded,
  when,
} from "../../shared/pipeline/messages.ts";
import {
  approvalBy,
  buildFailed,
  buildKey,
  buildStarted,
  buildSucceeded,
  deploymentStarted,
  digest,
  runAfter,
  stageEntered,
  stageOf,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "./given.ts";

const told = (...events: readonly RunEvent[]) => explain(runAfter(...events));
const building = "hello-1 is building: main 1111111 of hello";
const staging = "hello-1 is staging: main 1111111 of hello";

describe("what a run waits for, and why", () => {
  test.each([
    [
      "a new run",
      [started()],
      [building, "hello for linux/amd64 is to be built", "hello for linux/arm64 is to be built"],
    ],
    [
      "builds under way",
      [
        started(),
        { type: "build.requested", ...buildKey("linux/amd64"), lease: 0 },
        buildStarted("linux/arm64"),
      ],
      [
        building,
        "hello for linux/amd64 is being handed to CodeBuild",
        "hello for linux/arm64 builds since 2026-11-21 09:00 UTC as build-arm64-1",
      ],
    ],
    [
      "a second attempt",
      [
        started(),
        buildSucceeded("linux/amd64"),
        buildFailed("linux/arm64", { transient: true, failure: { reason: "no machine" } }),
      ],
      [
        building,
        `hello for linux/amd64 is built: ${digest("linux/amd64")}`,
        "hello for linux/arm64 (attempt 2, after: no machine) is to be built",
      ],
    ],
    [
      "a failure being wound up",
      [
        started(),
        buildFailed("linux/amd64"),
        buildStarted("linux/arm64"),
        { type: "build.stop-requested", ...buildKey("linux/arm64"), lease: 0 },
      ],
      [
        building,
        "hello for linux/amd64 failed: failed in BUILD: exit status 1",
        "hello for linux/arm64 builds since 2026-11-21 09:00 UTC as build-arm64-1; it is being stopped",
      ],
    ],
    [
      "publishing",
      UNTIL_PUBLISHED.slice(0, -1),
      [
        "hello-1 is publishing: main 1111111 of hello",
        "every platform is built; the image index is being published",
      ],
    ],
    [
      "a stage that is busy",
      [
        ...UNTIL_PUBLISHED,
        { type: "stage.waited", at: T0, stage: "staging", behind: "hello-0", why: "hello-0 has the stage" },
      ],
      [staging, "staging waits: hello-0 has the stage", "production: after the stages before it"],
    ],
    [
      "a rollout",
      [...UNTIL_PUBLISHED, stageEntered("staging"), deploymentStarted("staging")],
      [staging, "staging deploys: web in-progress", "production: after the stages before it"],
    ],
    [
      "an approval",
      UNTIL_GATED,
      [
        staging,
        "staging runs the release",
        "production waits for 1 approval from release-managers, until 2026-11-28 09:00 UTC",
      ],
    ],
    [
      "an approval that is given",
      [...UNTIL_GATED, approvalBy("bob")],
      [
        staging,
        "staging runs the release",
        "production waits for 1 approval from release-managers, bob approved, until 2026-11-28 09:00 UTC",
      ],
    ],
    [
      "a newer run",
      [...UNTIL_GATED, { type: "run.superseded", at: T0, by: "hello-2" }],
      ["hello-1 is superseded: main 1111111 of hello", "hello-2 is newer and took its place"],
    ],
    [
      "the end",
      [
        ...UNTIL_GATED,
        { type: "run.finished", at: T0, outcome: "succeeded", reason: "runs in staging, production" },
      ],
      ["hello-1 is succeeded: main 1111111 of hello", "runs in staging, production"],
    ],
  ] satisfies readonly (readonly [string, readonly RunEvent[], readonly string[]])[])(
    "%s",
    (_what, events, expected) => {
      expect(told(...events)).toEqual(expected);
    },
  );
});

describe("why a run ended", () => {
  test("every platform that failed is named", () => {
    const run = runAfter(
      started(),
      buildFailed("linux/amd64"),
      buildFailed("linux/arm64", { failure: { reason: "timed out in BUILD" } }),
    );
    expect(buildsFailed(run)).toBe(
      "building failed: hello for linux/amd64: failed in BUILD: exit status 1 · hello for linux/arm64: timed out in BUILD",
    );
  });

  test("in the words of Tandem's own buildspec, where it has said why itself", () => {
    const lines = ["Cloning …", "tandem: the source is not at 1111111 but at 2222222", "exit status 1"];
    const run = runAfter(started(), buildFailed("linux/amd64", { log: { group: "builds", stream: "1" } }), {
      type: "build.log-read",
      at: T0,
      image: "hello",
      platform: "linux/amd64",
      attempt: 1,
      lines,
    });
    expect(buildsFailed(run)).toBe(
      "building failed: hello for linux/amd64: the source is not at 1111111 but at 2222222 (failed in BUILD: exit status 1)",
    );
  });

  test("every image that could not be published is named, with the remedy", () => {
    const failure = { reason: "the ECR repository hello does not exist", remedy: "deploy the stack again" };
    const run = runAfter(...UNTIL_PUBLISHED.slice(0, -1), {
      type: "index.failed",
      at: T0,
      image: "hello",
      failure,
    });
    expect(publishFailed(run)).toBe(
      "publishing failed: hello: the ECR repository hello does not exist; deploy the stack again",
    );
  });

  test("the stage is named, and how it ended", () => {
    const run = runAfter(...UNTIL_GATED, { type: "approval.expired", at: T0, stage: "production" });
    expect(stageEnded(run, stageOf(run))).toBe(
      "stage production expired: nobody approved it in time; push again to ask anew",
    );
  });

  test("success says where the release runs", () => {
    expect(allStagesSucceeded(runAfter(...UNTIL_GATED))).toBe("runs in staging, production");
  });

  test.each([
    [
      rolledBack("web", "tasks failed to start"),
      "ECS rolled service web back: tasks failed to start; the stage is held: read the stopped tasks' reasons, mend, and release the hold",
    ],
    [
      rolloutFailed("web", ""),
      "the deployment of service web failed; read the stopped tasks' reasons in ECS, mend, and push again",
    ],
    [
      deploymentReplaced("web", "ecs-svc/1", "ecs-svc/2", "web:9"),
      "our deployment ecs-svc/1 of service web did not complete: ecs-svc/2 (web:9) took its place; push again",
    ],
    [
      deploymentReplaced("web", "ecs-svc/1", undefined, undefined),
      "our deployment ecs-svc/1 of service web did not complete: it is gone; push again",
    ],
  ])("a deployment: %#", (failure, expected) => {
    expect(sentence(failure)).toBe(expected);
  });
});

test.each([
  ["refs/heads/main", "main"],
  ["refs/heads/feature/a", "feature/a"],
  ["refs/tags/v1", "v1"],
])("%s is called %s", (ref, name) => {
  expect(refName(ref)).toBe(name);
});

test("an instant is told in UTC, to the minute", () => {
  expect(when(T0 + 59_999)).toBe("2026-11-21 09:00 UTC");
});
