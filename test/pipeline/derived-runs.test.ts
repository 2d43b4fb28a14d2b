import { describe, expect, test } from "@jest/globals";
import { rollbackOf, type Shift, shiftOf, unquarantineOf } from "../../shared/pipeline/derive.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { evolveStageLock, FREE } from "../../shared/pipeline/stage-lock.ts";
import { enterStage, leaveStage } from "../../shared/pipeline/stages.ts";
import { brought, CAPACITY, doingWithout, stage } from "./derived.ts";
import { commandsOf, INDEX, runAfter, started, T0 } from "./given.ts";
import { entered, plus, STAGE, succeeded } from "./rolling.ts";

/** With everything that the pipeline asks of a release, as its definition has it. */
function whole(run: Run): Run {
  return { ...run, stages: run.stages.map((one) => ({ ...one, definition: stage })) };
}

function begin(derived: ReturnType<typeof rollbackOf>) {
  if ("problem" in derived) throw new Error(derived.problem);
  return derived;
}

describe("back to an earlier release", () => {
  const back = begin(rollbackOf(whole(brought()), STAGE, "bob", "errors"));

  test("builds nothing, goes to one stage, and to the task definitions that ran then", () => {
    expect(back.reused.hello).toMatchObject({ digest: INDEX, runId: "hello-1" });
    expect(back.restore).toEqual({ [`${STAGE}/api`]: "api:2", [`${STAGE}/web`]: "web:2" });
    const run = runAfter(started({ sequence: 9, runId: "hello-9", ...back }));
    expect(run.builds).toEqual([]);
    expect(commandsOf(run, T0)).toEqual([`enter-stage ${STAGE}`]);
  });

  test("asks nobody, waits for nothing, and heeds no alarm: what rings rings because of what is left", () => {
    const [definition] = back.definition.stages;
    expect(definition).toEqual({
      name: STAGE,
      url: "https://shop",
      order: "parallel",
      onFailure: "stay",
      pauseAt: [],
      deploy: [
        { cluster: STAGE, service: "web", containers: { web: "hello" }, capacity: CAPACITY },
        { cluster: STAGE, service: "api", containers: { web: "hello" }, needs: ["web"] },
      ],
    });
  });

  test("a run that did not get there is nothing to go back to", () => {
    expect(rollbackOf(brought(), "staging", "bob", "errors")).toEqual({
      problem: "hello-1 has not succeeded in stage staging: there is nothing to go to",
    });
    const stopped = entered(stage);
    expect(rollbackOf(stopped, STAGE, "bob", "errors")).toHaveProperty("problem");
  });
});

describe("other weights", () => {
  const shift: Shift = {
    cluster: STAGE,
    service: "web",
    from: { x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 1 } },
    to: { graviton: 100 },
    steps: 2,
    bakeMinutes: 5,
  };
  const shifted = (change: Partial<Shift> = {}) => shiftOf(brought(), STAGE, { ...shift, ...change }, "bob");

  test("go from those there are to those that are wanted, in even steps, with time between", () => {
    const [definition] = begin(shifted()).definition.stages;
    expect(definition?.deploy).toMatchObject([
      {
        service: "web",
        shift: [
          { weights: { x86: 25, graviton: 75 }, bakeMinutes: 5 },
          { weights: { x86: 0, graviton: 100 }, bakeMinutes: 0 },
        ],
      },
    ]);
    expect(definition?.deploy[0]).not.toHaveProperty("capacity");
  });

  test("what is not named shares the rest as it does now", () => {
    const from = {
      x86: { base: 0, weight: 3 },
      spot: { base: 0, weight: 1 },
      graviton: { base: 0, weight: 4 },
    };
    const [definition] = begin(shifted({ from, to: { graviton: 60 }, steps: 1 })).definition.stages;
    expect(definition?.deploy[0]?.shift).toEqual([
      { weights: { x86: 30, spot: 10, graviton: 60 }, bakeMinutes: 0 },
    ]);
    const idle = { x86: { base: 0, weight: 1 }, graviton: { base: 0, weight: 0 } };
    const [other] = begin(shifted({ from: idle, to: { x86: 40 }, steps: 1 })).definition.stages;
    expect(other?.deploy[0]?.shift?.[0]?.weights).toEqual({ x86: 40, graviton: 60 });
  });

  test.each([
    [{ to: { spot: 100 } }, "the service has no capacity provider spot; it has x86, graviton"],
    [{ to: { x86: 60, graviton: 60 } }, "the shares add up to 120 %; they must be 100 % together"],
    [{ to: { x86: 20, graviton: 60 } }, "the shares add up to 80 %; they must be 100 % together"],
    [{ service: "other" }, `hello-1 says nothing of any service of stage ${STAGE}`],
  ])("%j: %s", (change, problem) => {
    expect(shifted(change)).toEqual({ problem });
  });
});

describe("all architectures again", () => {
  test("the services that do without one get back what they had, and nothing else is touched", () => {
    const live = plus(doingWithout, { ...succeeded("web"), deploymentId: "ecs-svc/web-again" });
    const without = { architecture: "arm64", reason: "exec format error", capacity: CAPACITY } as const;
    const lifted = begin(unquarantineOf(live, STAGE, { [`${STAGE}/web`]: without }, "bob", "mended"));
    expect(lifted.definition.stages[0]?.deploy).toMatchObject([{ service: "web", capacity: CAPACITY }]);
    expect(lifted.trigger).toEqual({ type: "unquarantine", by: "bob", of: "hello-1", reason: "mended" });
  });
});

describe("the stage's lock", () => {
  const lockOf = (...events: Parameters<typeof evolveStageLock>[1][]) => events.reduce(evolveStageLock, FREE);
  const two = { runId: "r2", sequence: 2 };
  const nine = { runId: "r9", sequence: 9 };

  test("a way back passes a hold and whoever waits, but no deployment under way", () => {
    const held = lockOf(
      { type: "stage.held", runId: "r1", reason: "rolled back" },
      { type: "stage.queued", ...two },
    );
    const passes = enterStage(held, nine, "superseded", false, [], true);
    expect(passes).toMatchObject({ answer: { type: "entered" }, displaced: ["r2"] });
    const busy = lockOf({ type: "stage.entered", ...two, phase: "deploying" });
    expect(enterStage(busy, nine, "parallel", false, [], true).answer).toEqual({
      type: "waits",
      behind: "r2",
      held: false,
    });
    const gated = lockOf({ type: "stage.entered", ...two, phase: "gated" });
    expect(enterStage(gated, nine, "queued", false, [two], true)).toMatchObject({
      answer: { type: "entered" },
      displaced: ["r2"],
    });
  });

  test("the hold stays until somebody releases it, also when a way back has passed it", () => {
    const held = lockOf({ type: "stage.held", runId: "r1", reason: "rolled back" });
    const inside = enterStage(held, nine, "superseded", false, [], true).events.reduce(evolveStageLock, held);
    const after = leaveStage(inside, "r9", { outcome: "succeeded" }).events.reduce(evolveStageLock, inside);
    expect(after.hold).toEqual({ runId: "r1", reason: "rolled back" });
  });

  test("whoever was stopped before it came in does not come in any more", () => {
    const { events } = leaveStage(FREE, "r2", { outcome: "stopped" });
    const lock = events.reduce(evolveStageLock, FREE);
    expect(enterStage(lock, two, "superseded", false).answer).toEqual({ type: "left" });
    expect(leaveStage(lock, "r2", { outcome: "stopped" }).events).toEqual([]);
  });

  test("leaving twice leaves nothing behind twice", () => {
    const inside = lockOf({ type: "stage.entered", ...two, phase: "deploying" });
    const release = { runId: "r2", sequence: 2, commit: "c", release: "sha256:a", at: T0 };
    const leaving = { outcome: "succeeded", release, hold: "held" } as const;
    const once = leaveStage(inside, "r2", leaving).events.reduce(evolveStageLock, inside);
    expect(leaveStage(once, "r2", leaving).events).toEqual([]);
    expect(once.releases).toHaveLength(1);
  });
});
