import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { headOf, viewOf } from "../../shared/pipeline/view.ts";
import {
  approvalBy,
  buildFailed,
  buildKey,
  buildStarted,
  buildSucceeded,
  COMMIT,
  DAY,
  deploymentStarted,
  deploymentSucceeded,
  digest,
  INDEX,
  MINUTE,
  prepared,
  published,
  REPOSITORY_URI,
  runAfter,
  service,
  stageEntered,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "./given.ts";

const seen = (...events: readonly RunEvent[]) => viewOf(runAfter(...events));

describe("a run as the HTTP API shows it", () => {
  test("who pushed what and when; times are ISO 8601", () => {
    expect(seen(started())).toMatchObject({
      id: "hello-1",
      pipeline: "hello",
      sequence: 1,
      status: "building",
      repository: "hello",
      ref: "refs/heads/main",
      commit: COMMIT,
      author: "Ada <ada@example.com>",
      pusher: "arn:aws:iam::000000000000:user/ada",
      startedAt: "2026-11-21T09:00:00.000Z",
      release: undefined,
    });
  });

  test("builds: how long they took, what they made, what went wrong", () => {
    const log = { group: "/aws/codebuild/tandem", stream: "s", link: "https://console" };
    const [image] = seen(
      started(),
      buildStarted("linux/amd64"),
      { ...buildSucceeded("linux/amd64"), at: T0 + 90_000 },
      buildFailed("linux/arm64", { transient: true, failure: { reason: "no machine" } }),
      buildFailed("linux/arm64", { attempt: 2, log }),
      { type: "build.log-read", ...buildKey("linux/arm64", 2), lines: ["npm ERR! missing"] },
    ).images;
    expect(image).toMatchObject({
      name: "hello",
      repository: "hello",
      status: "unpublished",
      platforms: ["linux/amd64", "linux/arm64"],
    });
    expect(image?.builds).toEqual([
      expect.objectContaining({
        platform: "linux/amd64",
        status: "succeeded",
        attempt: 1,
        seconds: 90,
        digest: digest("linux/amd64"),
      }),
      expect.objectContaining({
        platform: "linux/arm64",
        status: "failed",
        attempt: 2,
        retried: ["no machine"],
        reason: "failed in BUILD: exit status 1",
        log: { ...log, lines: ["npm ERR! missing"] },
      }),
    ]);
  });

  test("a published image: where it is, under which tags, and which were not given", () => {
    const skippedTags = [{ tag: "1.0.0", why: "the tag is immutable and names another image" }];
    const [image] = seen(...UNTIL_PUBLISHED.slice(0, -1), published({ skippedTags })).images;
    expect(image).toMatchObject({
      status: "published",
      indexDigest: INDEX,
      uri: `${REPOSITORY_URI}@${INDEX}`,
      tags: ["main", "1111111"],
      skippedTags,
    });
  });

  test("an open gate: what it is about, who is asked, who has agreed, until when", () => {
    const [, production] = seen(
      ...UNTIL_GATED,
      approvalBy("bob", { comment: "fine", at: T0 + MINUTE }),
    ).stages;
    expect(production).toMatchObject({ name: "production", status: "gated" });
    expect(production?.gate).toEqual({
      open: true,
      release: INDEX,
      from: ["release-managers"],
      required: 1,
      approvals: [{ person: "bob", at: "2026-11-21T09:01:00.000Z", comment: "fine" }],
      openedAt: "2026-11-21T09:00:00.000Z",
      expiresAt: "2026-11-28T09:00:00.000Z",
      voided: [],
      round: 0,
      conditions: [],
      override: undefined,
    });
    expect(production?.services).toEqual([
      expect.objectContaining({
        status: "pending",
        images: { web: { from: "old", to: `${REPOSITORY_URI}@${INDEX}` } },
      }),
    ]);
  });

  test("a service: before, while and after its deployment", () => {
    const given = [...UNTIL_PUBLISHED, stageEntered("staging"), deploymentStarted("staging")];
    const shown = (events: readonly RunEvent[]) => seen(...events).stages[0]?.services[0];
    expect(shown(UNTIL_PUBLISHED)).toEqual({
      cluster: "staging",
      service: "web",
      status: "pending",
      images: {},
    });
    expect(shown(given)).toMatchObject({
      status: "in-progress",
      taskDefinition: "web:2",
      deploymentId: "ecs-svc/staging",
    });
    expect(shown([...given, deploymentSucceeded("staging")])).toMatchObject({
      status: "succeeded",
      imageDigest: INDEX,
      tasks: { arm64: 3, x86_64: 1 },
    });
  });

  test("a stage that waits says behind whom; one that failed says why", () => {
    const waiting: RunEvent = {
      type: "stage.waited",
      at: T0,
      stage: "staging",
      behind: "hello-0",
      why: "hello-0 has the stage",
    };
    expect(seen(...UNTIL_PUBLISHED, waiting).stages[0]).toMatchObject({
      status: "waiting",
      waitsBehind: "hello-0",
    });
    const failure = { reason: "cluster staging does not exist", remedy: "create it" };
    const failed: RunEvent = { type: "stage.failed", at: T0, stage: "staging", failure };
    expect(seen(...UNTIL_PUBLISHED, failed).stages[0]).toMatchObject({
      status: "failed",
      reason: "cluster staging does not exist; create it",
    });
  });

  test("of an ended run no gate is open, and what was not reached is said to be so", () => {
    const view = seen(...UNTIL_GATED, { type: "run.superseded", at: T0, by: "hello-2" });
    expect(view).toMatchObject({ status: "superseded", supersededBy: "hello-2" });
    expect(view.stages.map(({ name, status }) => [name, status])).toEqual([
      ["staging", "succeeded"],
      ["production", "not reached"],
    ]);
    expect(view.stages[1]?.gate?.open).toBe(false);
  });
});

describe("the line about a run in lists", () => {
  test.each([
    ["building", [started()], { status: "building", active: true }],
    ["in a stage", UNTIL_GATED, { status: "staging", stage: "production", active: true }],
    [
      "ended",
      [started(), { type: "run.finished", at: T0 + DAY, outcome: "failed", reason: "x" }],
      { status: "failed", active: false, updatedAt: T0 + DAY },
    ],
  ] satisfies readonly (readonly [string, readonly RunEvent[], object])[])(
    "%s",
    (_what, events, expected) => {
      const head = headOf(runAfter(...events), 7);
      expect(head).toMatchObject({
        runId: "hello-1",
        pipeline: "hello",
        version: 7,
        commit: COMMIT,
        startedAt: T0,
        ...expected,
      });
      expect("stage" in head).toBe("stage" in expected);
    },
  );

  test("a gate that was voided says so where the run is explained", () => {
    const events: readonly RunEvent[] = [
      ...UNTIL_GATED,
      approvalBy("bob"),
      { type: "stage.deploying", at: T0, stage: "production" },
      { type: "deployment.requested", at: T0, ...service("production"), lease: 0 },
      {
        type: "gate.voided",
        at: T0,
        stage: "production",
        why: "web is web:7 now",
        deployments: [prepared("production", 7)],
      },
    ];
    expect(seen(...events).explanation.at(-1)).toBe(
      "production waits for 1 approval from release-managers, until 2026-11-28 09:00 UTC; earlier approvals no longer count: web is web:7 now",
    );
  });
});
