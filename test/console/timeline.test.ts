import { describe, expect, test } from "@jest/globals";
import { scaleOf } from "../../console/model/scale.ts";
import { type Lane, lanesOf } from "../../console/model/timeline.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";

const amd64 = { image: "web", platform: "linux/amd64" } as const;
const arm64 = { image: "web", platform: "linux/arm64" } as const;
const failure = { reason: "no capacity" };

/** A lane in one line: `building 5-100 succeeded`. */
function drawn(lanes: readonly Lane[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    lanes.map(({ id, segments }) => [
      id,
      segments.map(({ kind, from, to, outcome, attempt }) =>
        [kind, `${from}-${to ?? ""}`, outcome, attempt].filter((part) => part !== undefined).join(" "),
      ),
    ]),
  );
}

describe("lanes of a run's time", () => {
  test("builds run side by side, then the index, then the stages", () => {
    const events: readonly RunEvent[] = [
      { type: "build.requested", at: 0, attempt: 1, lease: 0, ...amd64 },
      { type: "build.requested", at: 1, attempt: 1, lease: 0, ...arm64 },
      { type: "build.started", at: 5, attempt: 1, buildId: "a", ...amd64 },
      { type: "build.requested", at: 6, attempt: 1, lease: 1, ...arm64 },
      { type: "build.started", at: 8, attempt: 1, buildId: "b", ...arm64 },
      { type: "build.failed", at: 20, attempt: 1, buildId: "b", failure, transient: true, ...arm64 },
      { type: "build.requested", at: 21, attempt: 2, lease: 0, ...arm64 },
      { type: "build.started", at: 25, attempt: 2, buildId: "c", ...arm64 },
      { type: "build.stopped", at: 90, attempt: 2, ...arm64 },
      { type: "build.succeeded", at: 100, attempt: 1, buildId: "a", built: "unpushed", ...amd64 },
      { type: "index.publish-requested", at: 101, image: "web", lease: 0 },
      { type: "index.failed", at: 104, image: "web", failure },
    ];
    expect(drawn(lanesOf(events))).toEqual({
      "build web linux/amd64": ["handing 0-5", "building 5-100 succeeded"],
      "build web linux/arm64": [
        "handing 1-8",
        "building 8-20 failed",
        "handing 21-25 2",
        "building 25-90 stopped 2",
      ],
      "index web": ["publishing 101-104 failed"],
    });
  });

  test("a stage waits, asks, deploys; one that asks nobody only deploys", () => {
    const events: readonly RunEvent[] = [
      { type: "stage.entered", at: 0, stage: "staging", deployments: [] },
      { type: "stage.deploying", at: 0, stage: "staging" },
      { type: "stage.left", at: 50_000, stage: "staging" },
      { type: "stage.waited", at: 50_000, stage: "production", behind: "web-1", why: "web-1 has the stage" },
      { type: "stage.entered", at: 60_000, stage: "production", deployments: [] },
      { type: "gate.voided", at: 70_000, stage: "production", why: "changed", deployments: [] },
      { type: "stage.deploying", at: 90_000, stage: "production" },
    ];
    expect(drawn(lanesOf(events))).toEqual({
      "stage staging": ["deploying 0-50000 succeeded"],
      "stage production": ["waiting 50000-60000", "gated 60000-90000 succeeded", "deploying 90000-"],
    });
  });

  test("whatever is under way ends with the run", () => {
    const events: readonly RunEvent[] = [
      { type: "stage.entered", at: 0, stage: "production", deployments: [] },
      { type: "run.superseded", at: 10_000, by: "web-3", stage: "production" },
    ];
    expect(drawn(lanesOf(events))).toEqual({ "stage production": ["gated 0-10000 stopped"] });
  });
});

describe("the scale of the timeline", () => {
  const lane = (segments: Lane["segments"]): Lane => ({
    id: "x",
    key: { type: "stage", stage: "x" },
    segments,
  });

  test("work is drawn to scale", () => {
    const scale = scaleOf([lane([{ kind: "building", from: 0, to: 100_000 }])], 0, 100_000);
    expect([0, 25_000, 100_000].map(scale.at)).toEqual([0, 0.25, 1]);
    expect(scale.cuts).toEqual([]);
    expect(scale.ticks.map(({ seconds }) => seconds)).toEqual([0, 15, 30, 45, 60, 75, 90]);
  });

  test("six days at a gate take no more than a part of the width, and are marked", () => {
    const day = 86_400_000;
    const lanes = [
      lane([
        { kind: "building", from: 0, to: 100_000 },
        { kind: "gated", from: 100_000, to: 6 * day },
        { kind: "deploying", from: 6 * day, to: 6 * day + 100_000 },
      ]),
    ];
    const scale = scaleOf(lanes, 0, 6 * day + 100_000);
    expect(scale.cuts).toHaveLength(1);
    const [cut] = scale.cuts;
    expect(cut?.seconds).toBeCloseTo(6 * 86_400 - 100);
    expect((cut?.to ?? 0) - (cut?.from ?? 0)).toBeLessThan(0.2);
    expect(scale.at(6 * day)).toBe(cut?.to);
    expect(scale.at(6 * day + 100_000)).toBe(1);
  });

  test("time goes from left to right, and stays within the width", () => {
    const lanes = [lane([{ kind: "gated", from: 0 }]), lane([{ kind: "waiting", from: 30_000, to: 90_000 }])];
    const scale = scaleOf(lanes, 0, 200_000);
    const places = Array.from({ length: 50 }, (_, index) => scale.at(index * 5000));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBe(0);
    expect(Math.max(...places)).toBe(1);
  });
});
