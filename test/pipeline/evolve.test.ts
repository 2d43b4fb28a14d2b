import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { evolve, replay } from "../../shared/pipeline/evolve.ts";
import { releaseOf } from "../../shared/pipeline/run.ts";
import {
  APPROVAL,
  approvalBy,
  buildFailed,
  buildKey,
  buildStarted,
  buildSucceeded,
  deploymentReported,
  deploymentStarted,
  deploymentSucceeded,
  INDEX,
  MINUTE,
  prepared,
  published,
  refusalBy,
  runAfter,
  service,
  stageEntered,
  stageOf,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "./given.ts";

const requested: RunEvent = { type: "deployment.requested", at: T0, ...service("production"), lease: 0 };
const begun: RunEvent = { type: "stage.deploying", at: T0, stage: "production" };
const voided: RunEvent = {
  type: "gate.voided",
  at: T0 + MINUTE,
  stage: "production",
  why: "service web has been changed to web:7",
  deployments: [prepared("production", 7)],
};

describe("builds", () => {
  const stateOf = (...events: readonly RunEvent[]) => runAfter(started(), ...events).builds[1];

  test.each([
    ["a platform waits at first", [], { attempt: 1, state: { status: "pending" } }],
    [
      "it is claimed",
      [{ type: "build.requested", ...buildKey("linux/arm64"), lease: 0 }],
      { state: { status: "requested", since: T0, lease: 0 } },
    ],
    ["it runs", [buildStarted("linux/arm64")], { state: { status: "running", buildId: "build-arm64-1" } }],
    [
      "it may end before anybody heard that it runs",
      [buildSucceeded("linux/arm64")],
      { state: { status: "succeeded" } },
    ],
    [
      "a transient fault makes room for the next attempt",
      [buildFailed("linux/arm64", { transient: true })],
      { attempt: 2, retried: [{ reason: "failed in BUILD: exit status 1" }], state: { status: "pending" } },
    ],
    [
      "what comes of an attempt that was given up changes nothing",
      [buildFailed("linux/arm64", { transient: true }), buildSucceeded("linux/arm64")],
      { attempt: 2, state: { status: "pending" } },
    ],
    [
      "success is final",
      [buildSucceeded("linux/arm64"), buildFailed("linux/arm64"), buildStarted("linux/arm64")],
      { state: { status: "succeeded" } },
    ],
    [
      "failure is final",
      [buildFailed("linux/arm64"), buildSucceeded("linux/arm64")],
      { state: { status: "failed" } },
    ],
    [
      "the last lines of its log are kept",
      [buildFailed("linux/arm64"), { type: "build.log-read", ...buildKey("linux/arm64"), lines: ["x"] }],
      { state: { status: "failed", lines: ["x"] } },
    ],
  ] satisfies readonly (readonly [string, readonly RunEvent[], object])[])(
    "%s",
    (_what, events, expected) => {
      expect(stateOf(...events)).toMatchObject(expected);
    },
  );
});

describe("publishing", () => {
  test("the release is there with the last index", () => {
    const until = runAfter(...UNTIL_PUBLISHED.slice(0, -1));
    expect([until.status.status, releaseOf(until)]).toEqual(["publishing", undefined]);
    const run = runAfter(...UNTIL_PUBLISHED);
    expect([run.status.status, releaseOf(run)]).toEqual(["staging", INDEX]);
  });

  test("an index is published once: another answer changes nothing", () => {
    const run = runAfter(...UNTIL_PUBLISHED);
    expect(evolve(run, published({ digest: `sha256:${"9".repeat(64)}` }))).toBe(run);
    expect(evolve(run, { type: "index.failed", at: T0, image: "hello", failure: { reason: "late" } })).toBe(
      run,
    );
    expect(evolve(run, { type: "index.publish-requested", at: T0, image: "hello", lease: 1 })).toBe(run);
  });
});

describe("the gate", () => {
  const gated = runAfter(...UNTIL_GATED);

  test("opens with the stage, bound to the release, until the rule's time is over", () => {
    expect(stageOf(gated).state.status).toBe("gated");
    expect(stageOf(gated).gate).toEqual({
      release: INDEX,
      openedAt: T0,
      expiresAt: T0 + APPROVAL.expiresAfter,
      approvals: [],
      voided: [],
    });
  });

  test("a stage without approval deploys at once", () => {
    const run = runAfter(...UNTIL_PUBLISHED, stageEntered("staging"));
    expect(stageOf(run, "staging")).toMatchObject({ state: { status: "deploying" } });
    expect(stageOf(run, "staging")).not.toHaveProperty("gate");
  });

  test("people are counted once, by whichever name they come", () => {
    const run = runAfter(...UNTIL_GATED, approvalBy("bob"), approvalBy("BOB"), approvalBy("bob@example.com"));
    expect(stageOf(run).gate?.approvals.map(({ person }) => person)).toEqual(["bob"]);
  });

  test("an approval of another release does not count", () => {
    expect(evolve(gated, approvalBy("bob", { release: "sha256:other" }))).toBe(gated);
  });

  test("a refusal ends the stage, and says who and why", () => {
    const run = runAfter(...UNTIL_GATED, refusalBy("bob", "not on a Friday"));
    expect(stageOf(run).state).toMatchObject({
      status: "refused",
      failure: { reason: "bob refused it: not on a Friday" },
    });
  });

  test("when the service has been changed meanwhile, the approvals no longer count and the gate is open anew", () => {
    const run = runAfter(...UNTIL_GATED, approvalBy("bob"), begun, requested, voided);
    expect(stageOf(run).state).toMatchObject({
      status: "gated",
      deployments: [{ prepared: { baseTaskDefinition: "web:7" }, state: { status: "pending" } }],
    });
    expect(stageOf(run).gate).toMatchObject({
      approvals: [],
      voided: ["service web has been changed to web:7"],
      openedAt: T0 + MINUTE,
    });
  });

  test("who finds that out a second time, or too late, voids nothing", () => {
    const again = runAfter(...UNTIL_GATED, approvalBy("bob"), begun, requested, voided, approvalBy("bob"));
    expect(evolve(again, voided)).toBe(again);
    const inProgress = runAfter(
      ...UNTIL_GATED,
      approvalBy("bob"),
      begun,
      requested,
      deploymentStarted("production"),
    );
    expect(evolve(inProgress, voided)).toBe(inProgress);
  });
});

describe("deployments", () => {
  const stateOf = (...events: readonly RunEvent[]) =>
    stageOf(runAfter(...UNTIL_PUBLISHED, stageEntered("staging"), ...events), "staging").state;
  const failed = (rolledBack: boolean): RunEvent => ({
    type: "deployment.failed",
    at: T0,
    ...service("staging"),
    failure: { reason: "tasks failed to start" },
    rolledBack,
  });

  test.each([
    ["a rollout in progress", [deploymentStarted("staging")], "deploying"],
    [
      "a rollout that ends well ends the stage",
      [deploymentStarted("staging"), deploymentSucceeded("staging")],
      "succeeded",
    ],
    ["a rollout that fails fails the stage", [deploymentStarted("staging"), failed(false)], "failed"],
    [
      "a rollback by ECS is a failure of its own kind",
      [deploymentStarted("staging"), failed(true)],
      "rolled-back",
    ],
    ["success without a deployment of ours is none", [deploymentSucceeded("staging")], "deploying"],
    [
      "success is final",
      [deploymentStarted("staging"), deploymentSucceeded("staging"), failed(true)],
      "succeeded",
    ],
    [
      "failure is final",
      [deploymentStarted("staging"), failed(true), deploymentSucceeded("staging")],
      "rolled-back",
    ],
  ] satisfies readonly (readonly [string, readonly RunEvent[], string])[])("%s", (_what, events, status) => {
    expect(stateOf(...events).status).toBe(status);
  });

  test("only what is said of our deployment counts", () => {
    const run = runAfter(...UNTIL_PUBLISHED, stageEntered("staging"), deploymentStarted("staging"));
    const foreign = deploymentReported("staging", { deploymentId: "ecs-svc/somebody-else" });
    expect(evolve(run, foreign)).toBe(run);
    expect(evolve(run, deploymentReported("staging"))).not.toBe(run);
  });

  test("a stage of two services succeeds with the second, and fails with the first", () => {
    const api = { ...service("staging"), service: "api" };
    const both = stageEntered("staging", [prepared("staging"), { ...prepared("staging"), service: "api" }]);
    const web = [deploymentStarted("staging"), deploymentSucceeded("staging")];
    const given = [...UNTIL_PUBLISHED, both, ...web];
    expect(stageOf(runAfter(...given), "staging").state.status).toBe("deploying");
    const success = [
      { ...deploymentStarted("staging"), ...api },
      { ...deploymentSucceeded("staging"), ...api },
    ];
    expect(stageOf(runAfter(...given, ...success), "staging").state.status).toBe("succeeded");
    const failure: RunEvent = {
      type: "deployment.failed",
      at: T0,
      ...api,
      failure: { reason: "x" },
      rolledBack: false,
    };
    const failing = [...given, failure];
    expect(stageOf(runAfter(...failing), "staging").state.status).toBe("deploying");
    const back: RunEvent = { type: "return.ended", at: T0, ...service("staging") };
    expect(stageOf(runAfter(...failing, back), "staging").state).toMatchObject({
      status: "rolled-back",
      failure: { reason: "x · web went back" },
    });
  });
});

describe("the run", () => {
  test("there is none before it has been started", () => {
    expect(replay([])).toBeUndefined();
    expect(replay(UNTIL_PUBLISHED.slice(1))).toBeUndefined();
  });

  test("waiting for the same still is no news", () => {
    const waiting: RunEvent = {
      type: "stage.waited",
      at: T0,
      stage: "staging",
      behind: "hello-0",
      why: "busy",
    };
    const run = runAfter(...UNTIL_PUBLISHED, waiting);
    expect(evolve(run, { ...waiting, at: T0 + MINUTE })).toBe(run);
    expect(
      stageOf(runAfter(...UNTIL_PUBLISHED, waiting, { ...waiting, at: T0 + MINUTE, why: "held" }), "staging")
        .state,
    ).toEqual({
      status: "waiting",
      since: T0,
      behind: "hello-0",
      why: "held",
    });
  });

  test.each([
    { type: "run.finished", at: T0, outcome: "succeeded", reason: "" },
    { type: "run.superseded", at: T0, by: "hello-2" },
  ] satisfies readonly RunEvent[])(
    "an end is final: nothing that comes later changes anything ($type)",
    (end) => {
      for (let length = 1; length < UNTIL_GATED.length; length += 1) {
        const ended = runAfter(...UNTIL_GATED.slice(0, length), end);
        for (const late of [...UNTIL_GATED.slice(length), end, approvalBy("bob")])
          expect(evolve(ended, late)).toBe(ended);
      }
    },
  );

  test("only that the next in the queue has been told comes after the end, once", () => {
    const closed: RunEvent = { type: "run.closed", at: T0 + MINUTE };
    const end: RunEvent = { type: "run.finished", at: T0, outcome: "failed", reason: "" };
    const ended = runAfter(started(), end);
    const after = evolve(ended, closed);
    expect(after).toEqual({ ...ended, closed: true });
    expect(evolve(after, closed)).toBe(after);
    // Before the end it says nothing.
    expect(evolve(runAfter(started()), closed)).toEqual(runAfter(started()));
  });
});

describe("images of an earlier run", () => {
  const reused = {
    hello: {
      runId: "hello-0",
      sequence: 0,
      commit: "0".repeat(40),
      repositoryUri: "registry/hello",
      digest: INDEX,
      size: 800,
      mediaType: "application/vnd.oci.image.index.v1+json",
      children: [],
    },
  };

  test("are published from the start: nothing is built, and the release is known", () => {
    const run = runAfter(started({ reused }));
    expect(run.builds).toEqual([]);
    expect(run.status).toEqual({ status: "staging" });
    expect(run.images[0]?.state).toMatchObject({ status: "published", reusedFrom: "hello-0", digest: INDEX });
    expect(releaseOf(run)).toBe(INDEX);
  });

  test("are not published once more", () => {
    const run = runAfter(started({ reused }));
    expect(evolve(run, published())).toBe(run);
  });
});
