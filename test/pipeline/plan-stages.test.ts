import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { LEASE_MILLISECONDS, SILENCE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import {
  approvalBy,
  commandsOf,
  DAY,
  definition,
  deploymentReported,
  deploymentStarted,
  deploymentSucceeded,
  prepared,
  refusalBy,
  runAfter,
  STAGING,
  service,
  stageEntered,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "./given.ts";

const deploying = [...UNTIL_PUBLISHED, stageEntered("staging")];
const inProgress = [...deploying, deploymentStarted("staging")];
/** [given, the events so far, milliseconds later, then the commands] */
const CASES: readonly (readonly [string, readonly RunEvent[], number, readonly string[]])[] = [
  // Stages
  ["a published release", UNTIL_PUBLISHED, 0, ["enter-stage staging"]],
  [
    "a pipeline without stages",
    [started({ definition: definition({ stages: [] }) }), ...UNTIL_PUBLISHED.slice(1)],
    0,
    ["record run.finished succeeded"],
  ],
  [
    "a stage that is busy: it is asked for again",
    [...UNTIL_PUBLISHED, { type: "stage.waited", at: T0, stage: "staging", behind: "hello-0", why: "busy" }],
    0,
    ["enter-stage staging"],
  ],
  ["a stage without approval", deploying, 0, ["deploy staging staging/web 0"]],
  [
    "a deployment that is being requested",
    [...deploying, { type: "deployment.requested", at: T0, ...service("staging"), lease: 0 }],
    LEASE_MILLISECONDS - 1,
    [],
  ],
  [
    "… by somebody who has vanished",
    [...deploying, { type: "deployment.requested", at: T0, ...service("staging"), lease: 0 }],
    LEASE_MILLISECONDS,
    ["deploy staging staging/web 1"],
  ],
  ["a rollout under way", inProgress, SILENCE_MILLISECONDS - 1, []],
  [
    "a rollout that is silent",
    inProgress,
    SILENCE_MILLISECONDS,
    ["verify-deployment staging staging/web ecs-svc/staging"],
  ],
  [
    "a rollout that ECS says has completed",
    [...inProgress, deploymentReported("staging")],
    0,
    ["verify-deployment staging staging/web ecs-svc/staging"],
  ],
  [
    "a deployed stage is given up",
    [...inProgress, deploymentSucceeded("staging")],
    0,
    ["leave-stage staging"],
  ],
  [
    "a stage that has been left: on to the next",
    [...inProgress, deploymentSucceeded("staging"), { type: "stage.left", at: T0, stage: "staging" }],
    0,
    ["enter-stage production"],
  ],
  // The gate
  ["an open gate", UNTIL_GATED, 0, []],
  [
    "an open gate, a minute on: is the stage still ours?",
    UNTIL_GATED,
    SILENCE_MILLISECONDS,
    ["check-stage production"],
  ],
  ["an approved gate", [...UNTIL_GATED, approvalBy("bob")], 0, ["begin-stage production"]],
  [
    "an approved gate, however late it is looked at",
    [...UNTIL_GATED, approvalBy("bob")],
    8 * DAY,
    ["begin-stage production"],
  ],
  ["a gate that nobody approved", UNTIL_GATED, 7 * DAY, ["record approval.expired"]],
  ["a refused gate is given up", [...UNTIL_GATED, refusalBy("bob")], 0, ["leave-stage production"]],
  // Failed stages
  [
    "a stage that failed is given up",
    [...UNTIL_PUBLISHED, { type: "stage.failed", at: T0, stage: "staging", failure: { reason: "x" } }],
    0,
    ["leave-stage staging"],
  ],
  [
    "a stage that failed and has been left ends the run",
    [
      ...UNTIL_PUBLISHED,
      { type: "stage.failed", at: T0, stage: "staging", failure: { reason: "x" } },
      { type: "stage.left", at: T0, stage: "staging" },
    ],
    0,
    ["record run.finished failed"],
  ],
];

describe("what is to be done once the release is published, given", () => {
  test.each(CASES)("%s", (_given, events, later, expected) => {
    expect(commandsOf(runAfter(...events), T0 + later)).toEqual(expected);
  });

  test("the deployments of a stage come one after another", () => {
    const api = { cluster: "staging", service: "api", containers: { api: "hello" } };
    const stage = { ...STAGING, deploy: [...STAGING.deploy, api] };
    const both = [prepared("staging"), { ...prepared("staging"), service: "api" }];
    const given = [
      started({ definition: definition({ stages: [stage] }) }),
      ...UNTIL_PUBLISHED.slice(1),
      stageEntered("staging", both),
    ];
    expect(commandsOf(runAfter(...given), T0)).toEqual(["deploy staging staging/web 0"]);
    const next = [...given, deploymentStarted("staging"), deploymentSucceeded("staging")];
    expect(commandsOf(runAfter(...next), T0)).toEqual(["deploy staging staging/api 0"]);
  });
});

test.each([
  ["has succeeded", { type: "run.finished", at: T0, outcome: "succeeded", reason: "" }],
  ["has failed", { type: "run.finished", at: T0, outcome: "failed", reason: "" }],
  ["was stopped", { type: "run.finished", at: T0, outcome: "stopped", reason: "" }],
  ["was superseded", { type: "run.superseded", at: T0, by: "hello-2" }],
] satisfies readonly (readonly [string, RunEvent])[])(
  "a run that %s has nothing left to do, wherever it was",
  (_what, end) => {
    for (let length = 1; length <= UNTIL_GATED.length; length += 1) {
      expect(commandsOf(runAfter(...UNTIL_GATED.slice(0, length), end), T0 + 30 * DAY)).toEqual([]);
    }
  },
);
