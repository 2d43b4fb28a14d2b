import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { evolve, replay } from "../../shared/pipeline/evolve.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import { receive } from "../../shared/pipeline/receive.ts";
import { isTerminal, type Run } from "../../shared/pipeline/run.ts";
import { headOf, viewOf } from "../../shared/pipeline/view.ts";
import { anyEvent } from "./any-events.ts";
import { DAY, runAfter, started, T0, UNTIL_GATED } from "./given.ts";
import { stageWith, target, untilEntered } from "./rolling.ts";

const task = { run: "migrate", container: "web", command: ["true"], timeoutMinutes: 10 };

/** A stage with everything that a stage can have, on its way. */
const ROLLING = untilEntered(
  stageWith(
    [
      target("api", { before: [task], after: [task], bakeMinutes: 5, onArchitectureFailure: "quarantine" }),
      target("web", { shift: [{ weights: { graviton: 3 }, bakeMinutes: 5 }], needs: ["api"] }),
    ],
    { order: "parallel", pauseAt: ["POST_SCALE_UP"] },
  ),
);

/** The true story up to some point, then anything at all. */
const story = fc
  .tuple(fc.constantFrom(UNTIL_GATED, ROLLING), fc.nat(), fc.array(anyEvent, { maxLength: 30 }))
  .map(([all, length, rest]): readonly RunEvent[] => [
    ...all.slice(0, 1 + Math.max(length % all.length, all === ROLLING ? all.length - 2 : 0)),
    ...rest,
  ]);

/** What can be said of a run, without when it was last touched. */
const { updatedAt: _updatedAt, ...untouched } = runAfter(started());
const withoutTouch = (run: Run): typeof untouched => {
  const { updatedAt: _at, ...rest } = run;
  return rest;
};

describe("whatever happens, in any order", () => {
  test("there is a state, and it can be planned, shown and listed", () => {
    fc.assert(
      fc.property(story, (events) => {
        const run = runAfter(...events);
        expect(Array.isArray(plan(run, T0 + DAY))).toBe(true);
        expect(JSON.stringify(viewOf(run))).toContain("hello-1");
        expect(headOf(run, 1).active).toBe(!isTerminal(run));
      }),
      { numRuns: 500 },
    );
  });

  test("the same event twice is the same as once", () => {
    fc.assert(
      fc.property(story, anyEvent, (events, event) => {
        const once = evolve(runAfter(...events), event);
        const twice = evolve(once, event);
        if (once === undefined || twice === undefined) throw new Error("a run does not vanish");
        expect(withoutTouch(twice)).toEqual(withoutTouch(once));
      }),
      { numRuns: 1000 },
    );
  });

  test("a state that has gone through the store is the same state", () => {
    fc.assert(
      fc.property(story, (events) => {
        expect(replay(JSON.parse(JSON.stringify(events)))).toEqual(runAfter(...events));
      }),
    );
  });

  test("what is stored changes something; what is not has a reason", () => {
    fc.assert(
      fc.property(story, anyEvent, (events, event) => {
        const run = runAfter(...events);
        const received = receive(run, event);
        if (received.type === "news") expect(evolve(run, received.event)).not.toBe(run);
        else expect(received.reason).not.toBe("");
      }),
      { numRuns: 1000 },
    );
  });

  test("an end is the end: nothing is planned, nothing changes", () => {
    fc.assert(
      fc.property(story, fc.array(anyEvent, { maxLength: 10 }), fc.nat(), (events, late, later) => {
        const run = runAfter(...events, { type: "run.superseded", at: T0, by: "hello-2" });
        expect(isTerminal(run)).toBe(true);
        expect(plan(run, T0 + later)).toEqual([]);
        expect(late.reduce<Run | undefined>(evolve, run)).toBe(run);
      }),
    );
  });

  test("planning is a pure function: the same state and time, the same commands", () => {
    fc.assert(
      fc.property(story, fc.nat({ max: 10 * DAY }), (events, later) => {
        expect(plan(runAfter(...events), T0 + later)).toEqual(plan(runAfter(...events), T0 + later));
      }),
    );
  });
});
