import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import { LEASE_MILLISECONDS, SILENCE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import {
  buildFailed,
  buildKey,
  buildStarted,
  buildSucceeded,
  commandsOf,
  definition,
  published,
  runAfter,
  started,
  T0,
} from "./given.ts";

const claimed = (platform: "linux/amd64" | "linux/arm64", attempt = 1, lease = 0): RunEvent => ({
  type: "build.requested",
  ...buildKey(platform, attempt),
  lease,
});
const running = [started(), buildStarted("linux/amd64"), buildStarted("linux/arm64")];
const log = { group: "g", stream: "s" };
const publishing: readonly RunEvent[] = [
  started(),
  buildSucceeded("linux/amd64"),
  buildSucceeded("linux/arm64"),
  { type: "index.publish-requested", at: T0, image: "hello", lease: 0 },
];
const stopping: RunEvent = { type: "build.stop-requested", ...buildKey("linux/arm64"), lease: 0 };

/** [given, the events so far, milliseconds later, then the commands] */
const CASES: readonly (readonly [string, readonly RunEvent[], number, readonly string[]])[] = [
  // Building
  ["a new run", [started()], 0, ["start-build hello linux/amd64 1 0", "start-build hello linux/arm64 1 0"]],
  [
    "a claimed build, while it is fresh",
    [started(), claimed("linux/amd64"), claimed("linux/arm64")],
    LEASE_MILLISECONDS - 1,
    [],
  ],
  [
    "a claimed build, when its claimer has vanished",
    [started(), claimed("linux/amd64"), buildStarted("linux/arm64")],
    LEASE_MILLISECONDS,
    ["start-build hello linux/amd64 1 1", "ask-builds build-arm64-1"],
  ],
  ["running builds, while they are fresh", running, SILENCE_MILLISECONDS - 1, []],
  [
    "running builds that are silent: one question for all",
    running,
    SILENCE_MILLISECONDS,
    ["ask-builds build-amd64-1 build-arm64-1"],
  ],
  ["one platform ready", [...running, buildSucceeded("linux/amd64")], 0, []],
  [
    "a transient fault",
    [...running, buildFailed("linux/arm64", { transient: true })],
    0,
    ["start-build hello linux/arm64 2 0"],
  ],
  // Building has failed
  [
    "a failure while the sibling runs",
    [...running, buildFailed("linux/amd64", { log })],
    0,
    ["read-build-log hello linux/amd64 1", "stop-build hello linux/arm64 1 0"],
  ],
  [
    "a failure without a log",
    [...running, buildFailed("linux/amd64")],
    0,
    ["stop-build hello linux/arm64 1 0"],
  ],
  [
    "a failure while the sibling is being started: what starts is stopped later",
    [started(), claimed("linux/arm64"), buildFailed("linux/amd64")],
    0,
    [],
  ],
  [
    "… and its starter has vanished: it is looked for, not started",
    [started(), claimed("linux/arm64"), buildFailed("linux/amd64")],
    LEASE_MILLISECONDS,
    ["start-build hello linux/arm64 1 1"],
  ],
  ["a sibling that is being stopped", [...running, buildFailed("linux/amd64"), stopping], 0, []],
  [
    "… for too long",
    [...running, buildFailed("linux/amd64"), stopping],
    LEASE_MILLISECONDS,
    ["stop-build hello linux/arm64 1 1", "ask-builds build-arm64-1"],
  ],
  [
    "a failure, and the sibling has not begun: it never will",
    [started(), buildFailed("linux/amd64")],
    0,
    ["record run.finished failed"],
  ],
  [
    "a failure, the sibling stopped, the log read",
    [
      ...running,
      buildFailed("linux/amd64", { log }),
      { type: "build.stopped", ...buildKey("linux/arm64") },
      { type: "build.log-read", ...buildKey("linux/amd64"), lines: [] },
    ],
    0,
    ["record run.finished failed"],
  ],
  // Publishing
  [
    "every platform ready",
    [...running, buildSucceeded("linux/amd64"), buildSucceeded("linux/arm64")],
    0,
    ["publish-index hello 0"],
  ],
  ["an index that is being published", publishing, LEASE_MILLISECONDS - 1, []],
  ["… by somebody who has vanished", publishing, LEASE_MILLISECONDS, ["publish-index hello 1"]],
  [
    "an index that cannot be published",
    [...publishing, { type: "index.failed", at: T0, image: "hello", failure: { reason: "x" } }],
    0,
    ["record run.finished failed"],
  ],
];

describe("what is to be done until the release is published, given", () => {
  test.each(CASES)("%s", (_given, events, later, expected) => {
    expect(commandsOf(runAfter(...events), T0 + later)).toEqual(expected);
  });
});

describe("commands carry what their effect needs", () => {
  test("a takeover after a failure finds out only, and starts nothing", () => {
    const run = runAfter(started(), claimed("linux/arm64"), buildFailed("linux/amd64"));
    expect(plan(run, T0 + LEASE_MILLISECONDS)).toEqual([
      expect.objectContaining({ type: "start-build", start: false }),
    ]);
  });

  test("two images are published side by side, and a failure of one waits for the other to be told", () => {
    const [image] = definition().images;
    if (image === undefined) throw new Error("the definition has an image");
    const two = started({
      definition: definition({ images: [image, { ...image, name: "jobs", platforms: ["linux/amd64"] }] }),
    });
    const ready = [
      two,
      buildSucceeded("linux/amd64"),
      buildSucceeded("linux/arm64"),
      { ...buildSucceeded("linux/amd64"), image: "jobs" },
    ];
    expect(commandsOf(runAfter(...ready), T0)).toEqual(["publish-index hello 0", "publish-index jobs 0"]);
    const failed: readonly RunEvent[] = [
      ...ready,
      { type: "index.publish-requested", at: T0, image: "jobs", lease: 0 },
      { type: "index.failed", at: T0, image: "hello", failure: { reason: "x" } },
    ];
    expect(plan(runAfter(...failed), T0)).toEqual([]);
    expect(commandsOf(runAfter(...failed, published({ image: "jobs" })), T0)).toEqual([
      "record run.finished failed",
    ]);
  });
});
