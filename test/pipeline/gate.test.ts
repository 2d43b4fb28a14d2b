import { describe, expect, test } from "@jest/globals";
import type { StageDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent, RunEventOf } from "../../shared/pipeline/events.ts";
import { receive } from "../../shared/pipeline/receive.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { APPROVAL, approvalBy, commandsOf, DAY, INDEX, MINUTE, prepared, stageOf, T0 } from "./given.ts";
import { entered, plus, STAGE, stageWith, target } from "./rolling.ts";

/** What stands between entering a stage and deploying: people, a window, checks. T0 is a Saturday, 09:00 UTC. */

const HOUR = 60 * MINUTE;
const WINDOW = { timezone: "UTC", open: [{ days: [6], from: 10 * 60, to: 12 * 60 }], frozen: [] };
const CHECKS = [{ type: "alarm", alarm: "web-5xx" }] as const;

const gated = (change: Partial<StageDefinition>) => entered(stageWith([target("web")], change));

function checked(state: "passed" | "failed", at = T0): RunEventOf<"checks.reported"> {
  return {
    type: "checks.reported",
    at,
    stage: STAGE,
    results: [{ name: "alarm web-5xx", state, why: "ALARM" }],
  };
}

const override = (at = T0): RunEvent => ({
  type: "gate.overridden",
  at,
  stage: STAGE,
  person: "bob",
  identity: "bob",
  reason: "an outage",
});

const begin = `begin-stage ${STAGE}`;
const check = `check-stage ${STAGE}`;
const ask = `run-checks ${STAGE}`;

test("a stage with a window or checks alone is gated, too, and waits for nobody's approval", () => {
  for (const change of [{ window: WINDOW }, { checks: CHECKS }]) {
    const run = gated(change);
    expect(stageOf(run).state.status).toBe("gated");
    expect(stageOf(run).gate).toMatchObject({ approvals: [], release: INDEX });
    // Nobody is late for an approval that nobody is asked for.
    expect(commandsOf(run, T0 + 40 * DAY)).not.toContain("record approval.expired");
  }
});

describe("a window", () => {
  const run = gated({ window: WINDOW });

  test("is waited for; meanwhile a newer run may take the place", () => {
    expect(commandsOf(run, T0)).toEqual([]);
    expect(commandsOf(run, T0 + MINUTE)).toEqual([check]);
    expect(commandsOf(run, T0 + HOUR)).toEqual([begin]);
    expect(commandsOf(run, T0 + 3 * HOUR)).toEqual([check]);
  });

  test("counts once people have approved: the approval does not expire while it is closed", () => {
    const both = gated({ window: WINDOW, approval: APPROVAL });
    expect(commandsOf(both, T0 + HOUR)).toEqual([check]);
    const approved = plus(both, approvalBy("bob"));
    expect(commandsOf(approved, T0)).toEqual([]);
    expect(commandsOf(approved, T0 + HOUR)).toEqual([begin]);
    expect(commandsOf(approved, T0 + 8 * DAY)).toEqual([check]);
    expect(commandsOf(both, T0 + 8 * DAY)).toEqual(["record approval.expired"]);
  });

  test("does not matter once it is overridden, but people still do", () => {
    expect(commandsOf(plus(run, override()), T0)).toEqual([begin]);
    const both = plus(gated({ window: WINDOW, approval: APPROVAL }), override());
    expect(commandsOf(both, T0)).toEqual([]);
    expect(commandsOf(plus(both, approvalBy("bob")), T0)).toEqual([begin]);
  });
});

describe("an approval that is taken back", () => {
  const withdrawn: RunEvent = {
    type: "approval.withdrawn",
    at: T0,
    stage: STAGE,
    release: INDEX,
    person: "bob",
    identity: "bob",
  };

  test("no longer counts, and may be given again", () => {
    const run = plus(gated({ window: WINDOW, approval: APPROVAL }), approvalBy("bob"), withdrawn);
    expect(commandsOf(run, T0 + HOUR)).toEqual([check]);
    expect(commandsOf(plus(run, approvalBy("bob")), T0 + HOUR)).toEqual([begin]);
  });

  test("by whichever name", () => {
    const run = plus(gated({ window: WINDOW, approval: APPROVAL }), approvalBy("bob"), {
      ...withdrawn,
      person: "robert",
      aliases: ["bob"],
    });
    expect(stageOf(run).gate?.approvals).toEqual([]);
  });

  test("changes nothing when there is none, or when the stage deploys", () => {
    const run = gated({ window: WINDOW, approval: APPROVAL });
    expect(receive(run, withdrawn)).toMatchObject({ type: "ignored" });
    const deploys = plus(run, approvalBy("bob"), { type: "stage.deploying", at: T0, stage: STAGE });
    expect(receive(deploys, withdrawn)).toMatchObject({ type: "ignored" });
    expect(receive(deploys, override())).toMatchObject({ type: "ignored" });
  });
});

describe("checks", () => {
  const run = gated({ checks: CHECKS });

  test("are asked once the window is open, and must hold when the stage begins", () => {
    expect(commandsOf(run, T0)).toEqual([ask]);
    expect(commandsOf(gated({ checks: CHECKS, window: WINDOW }), T0)).toEqual([]);
    const passed = plus(run, checked("passed"));
    expect(commandsOf(passed, T0 + 10_000)).toEqual([begin]);
    // What they said a while ago does not count.
    expect(commandsOf(passed, T0 + MINUTE)).toEqual([ask, check]);
  });

  test("that fail are asked again, ever more seldom, and end the run after a day", () => {
    const failing = plus(run, checked("failed"));
    expect(commandsOf(failing, T0 + 10_000)).toEqual([]);
    expect(commandsOf(failing, T0 + MINUTE)).toEqual([ask, check]);
    const later = plus(failing, checked("failed", T0 + 2 * HOUR));
    expect(commandsOf(later, T0 + 2 * HOUR + 2 * MINUTE)).toEqual([check]);
    expect(commandsOf(later, T0 + 2 * HOUR + 6 * MINUTE)).toEqual([ask, check]);
    expect(commandsOf(failing, T0 + DAY)).toEqual(["record stage.failed"]);
  });

  test("a day of failing checks is a hundred and fifty looks, not fifteen hundred", () => {
    let now: Run = run;
    let looks = 0;
    for (let time = T0; time < T0 + DAY; time += MINUTE) {
      if (!commandsOf(now, time).includes(ask)) continue;
      looks += 1;
      now = plus(now, checked("failed", time));
    }
    expect(looks).toBeLessThan(200);
    expect(commandsOf(plus(now, checked("passed", T0 + DAY - MINUTE)), T0 + DAY - MINUTE)).toEqual([begin]);
  });

  test("of two who asked at once, the older look changes nothing", () => {
    const newer = plus(run, checked("passed", T0 + MINUTE));
    expect(plus(newer, checked("failed", T0))).toBe(newer);
    expect(plus(newer, checked("failed", T0 + MINUTE))).toBe(newer);
  });

  test("do not matter once they are overridden", () => {
    expect(commandsOf(plus(run, checked("failed"), override()), T0)).toEqual([begin]);
    expect(receive(plus(run, override()), override(T0 + 1))).toMatchObject({ type: "ignored" });
  });

  test("that have been asked of another state of the service do not count for this one", () => {
    const deploys = plus(gated({ checks: CHECKS }), checked("passed"), {
      type: "stage.deploying",
      at: T0,
      stage: STAGE,
    });
    const voided = plus(
      deploys,
      { type: "deployment.requested", at: T0, stage: STAGE, cluster: STAGE, service: "web", lease: 0 },
      {
        type: "gate.voided",
        at: T0,
        stage: STAGE,
        why: "changed",
        changed: `${STAGE}/web`,
        deployments: [],
      },
    );
    expect(stageOf(voided).gate?.checked).toBeUndefined();
  });
});

describe("what somebody saw while the gate was open", () => {
  const changed = (round: number, revision: number): RunEvent => ({
    type: "gate.voided",
    at: T0,
    stage: STAGE,
    why: `changed to web:${revision}`,
    round,
    deployments: [prepared(STAGE, revision)],
  });
  const approved = plus(gated({ approval: { ...APPROVAL, required: 2 } }), approvalBy("bob"));

  test("voids the approvals there are, and asks anew", () => {
    expect(receive(approved, changed(0, 2))).toMatchObject({ type: "news" });
    const { gate, state } = stageOf(plus(approved, changed(0, 2)));
    expect(gate).toMatchObject({ approvals: [], voided: ["changed to web:2"] });
    expect(state).toMatchObject({ status: "gated", deployments: [{ prepared: prepared(STAGE, 2) }] });
  });

  test("is ignored when it is told of another gate, changes nothing, or comes after the stage has begun", () => {
    const ignored = { type: "ignored", reason: expect.any(String) };
    expect(receive(plus(approved, changed(0, 2)), changed(0, 3))).toEqual(ignored);
    expect(receive(approved, changed(0, 1))).toEqual(ignored);
    const deploying = plus(approved, approvalBy("alice"), { type: "stage.deploying", at: T0, stage: STAGE });
    expect(stageOf(deploying).state.status).toBe("deploying");
    expect(receive(deploying, changed(0, 2))).toEqual(ignored);
  });
});
