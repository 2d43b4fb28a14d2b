import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { APPROVAL, approvalBy, stageOf, T0 } from "./given.ts";
import {
  baking,
  begun,
  entered,
  failed,
  idOf,
  of,
  paused,
  plus,
  quarantined,
  reported,
  STAGE,
  stageWith,
  succeeded,
  target,
  taskEnded,
  taskStarted,
} from "./rolling.ts";

/**
 * Events of a whole stage, told twice, late, or by an invocation that was overtaken, at any later moment: what has happened
 * stays what has happened. Claims are not among them: they are written under the version that their claimer has read.
 */

const task = { run: "migrate", container: "web", command: ["true"], timeoutMinutes: 10 };
const at = (type: "stage.deploying" | "stage.left"): RunEvent => ({ type, at: T0, stage: STAGE });
const answered = (hookId: string): RunEvent => ({
  type: "pause.answered",
  ...of("web"),
  hookId,
  action: "CONTINUE",
});
const back = (service: string): readonly RunEvent[] => [
  { type: "return.requested", ...of(service), lease: 0 },
  { type: "return.started", ...of(service), deploymentId: `ecs-svc/${service}-back` },
  { type: "return.ended", ...of(service) },
];

const stage = stageWith(
  [
    target("web", {
      before: [task],
      after: [task],
      bakeMinutes: 5,
      shift: [{ weights: { graviton: 3 }, bakeMinutes: 5 }],
      onArchitectureFailure: "quarantine",
    }),
    target("api"),
  ],
  { approval: APPROVAL, pauseAt: ["POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT"] },
);

const throughPauses: readonly RunEvent[] = [
  approvalBy("bob"),
  { type: "checks.reported", at: T0, stage: STAGE, results: [{ name: "alarm 5xx", state: "passed" }] },
  at("stage.deploying"),
  ...taskStarted("web"),
  taskEnded("web"),
  ...begun("web"),
  paused("web", "hook-1"),
  approvalBy("bob", { hookId: "hook-1" }),
  answered("hook-1"),
  paused("web", "hook-2", "PRE_PRODUCTION_TRAFFIC_SHIFT"),
  approvalBy("carol", { hookId: "hook-2" }),
  answered("hook-2"),
  reported("web"),
];

const STORIES: Readonly<Record<string, readonly RunEvent[]>> = {
  "a good day": [
    ...throughPauses,
    baking("web", 5),
    { type: "deployment.step-done", ...of("web"), step: 0 },
    ...begun("web", 1),
    reported("web", "COMPLETED", 1),
    baking("web", 5, 1),
    succeeded("web", 1),
    ...taskStarted("web", "after"),
    taskEnded("web", "after"),
    ...begun("api"),
    reported("api"),
    succeeded("api"),
  ],
  "a quarantine": [...throughPauses, quarantined("web")],
  "the second service fails, and both go back": [
    ...throughPauses,
    { type: "deployment.step-done", ...of("web"), step: 0 },
    ...begun("web", 1),
    succeeded("web", 1),
    ...taskStarted("web", "after"),
    taskEnded("web", "after"),
    ...begun("api"),
    reported("api", "FAILED"),
    failed("api"),
    ...back("api"),
    ...back("web"),
    at("stage.left"),
  ],
  "a step fails": [
    ...throughPauses,
    { type: "deployment.step-done", ...of("web"), step: 0 },
    ...begun("web", 1),
    failed("web", { deploymentId: idOf("web", 1), rolledBack: true }),
    ...back("web"),
  ],
};

const isClaim = (event: RunEvent) => "lease" in event;
const told = (run: Run): Omit<Run, "updatedAt"> => {
  const { updatedAt: _at, ...rest } = run;
  return rest;
};

describe.each(Object.entries(STORIES))("%s", (_name, story) => {
  const fresh = entered(stage);
  const end = plus(fresh, ...story);

  const states: Run[] = [fresh];
  for (const event of story) states.push(plus(states.at(-1) ?? fresh, event));

  test("every event of it is news, once", () => {
    const isNews = story.map((event, index) => [event.type, states[index + 1] !== states[index]]);
    expect(isNews).toEqual(story.map(({ type }) => [type, true]));
  });

  test("told again at any later moment, nothing changes", () => {
    const changes = story.flatMap((event, index) =>
      states.flatMap((now, later) =>
        later <= index || isClaim(event) || plus(now, event) === now ? [] : [`${event.type} after ${later}`],
      ),
    );
    expect(changes).toEqual([]);
  });

  test("whatever of it comes late, doubled and in any order, the end is the same", () => {
    const positions = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 });
    fc.assert(
      fc.property(positions, (extra) => {
        const lates = extra.map(([which, after]) => {
          const from = which % story.length;
          return { event: story[from], at: from + 1 + (after % (story.length - from)) };
        });
        const events = story.flatMap((event, index) => [
          ...lates.flatMap((late) => (late.at === index && late.event !== undefined ? [late.event] : [])),
          event,
        ]);
        const run = plus(
          fresh,
          ...events.filter((event, index) => !isClaim(event) || events.indexOf(event) === index),
        );
        expect(told(run)).toEqual(told(end));
      }),
      { numRuns: 100 },
    );
  });
});

test("the stories end as they should", () => {
  const ends = Object.values(STORIES).map((story) => stageOf(plus(entered(stage), ...story)).state.status);
  expect(ends).toEqual(["succeeded", "deploying", "rolled-back", "rolled-back"]);
});
