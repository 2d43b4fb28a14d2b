import { describe, expect, test } from "@jest/globals";
import type { StageDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { APPROVAL, approvalBy, commandsOf, MINUTE, refusalBy, T0 } from "./given.ts";
import {
  begun,
  deploymentOf,
  entered,
  failed,
  idOf,
  of,
  paused,
  plus,
  reported,
  STAGE,
  stageWith,
  target,
  web,
  why,
} from "./rolling.ts";

const verify = `verify-deployment ${web} ${idOf("web")}`;

describe("a pause", () => {
  const stage = stageWith([target("web", { strategy: { type: "canary", percent: 10 } })], {
    approval: { ...APPROVAL, required: 2 },
    pauseAt: ["POST_TEST_TRAFFIC_SHIFT"],
  });
  const rolling = plus(
    entered(stage),
    approvalBy("bob"),
    approvalBy("carol"),
    { type: "stage.deploying", at: T0, stage: STAGE },
    ...begun("web"),
  );
  const waits = plus(rolling, paused("web", "hook-1"));
  const answer = "answer-pause hook-1 0";
  const given = (person: string, hookId = "hook-1") => approvalBy(person, { hookId });
  const refused: RunEvent = { ...refusalBy("carol", "errors"), hookId: "hook-1" };

  test("asks the stage's people once more, and goes on when enough have approved", () => {
    expect(commandsOf(waits, T0)).toEqual([]);
    expect(commandsOf(plus(waits, given("bob")), T0)).toEqual([]);
    const enough = plus(waits, given("bob"), given("carol"));
    expect(commandsOf(enough, T0)).toEqual([answer]);
    expect(deploymentOf(enough).state).toMatchObject({ pause: { approvals: [{}, {}] } });
  });

  test("nobody counts twice, and what is said of another pause does not count", () => {
    const one = plus(waits, given("bob"), given("bob"), given("carol", "hook-9"));
    expect(deploymentOf(one).state).toMatchObject({ pause: { approvals: [{ person: "bob" }] } });
  });

  test("goes back when one refuses; approvals after it change nothing", () => {
    const run = plus(waits, given("bob"), refused, given("carol"), given("dave"));
    expect(commandsOf(run, T0)).toEqual([answer]);
    expect(deploymentOf(run).state).toMatchObject({ pause: { refusedBy: { person: "carol" } } });
  });

  test("the answer is claimed, taken over, and given once", () => {
    const enough = plus(waits, given("bob"), given("carol"));
    const claimed = plus(enough, {
      type: "pause.answer-requested",
      ...of("web"),
      hookId: "hook-1",
      lease: 0,
    });
    expect(commandsOf(claimed, T0)).toEqual([]);
    expect(commandsOf(claimed, T0 + MINUTE)[0]).toBe("answer-pause hook-1 1");
    const answered: RunEvent = {
      type: "pause.answered",
      ...of("web"),
      hookId: "hook-1",
      action: "CONTINUE",
    };
    const done = plus(claimed, answered);
    expect(commandsOf(done, T0)).toEqual([]);
    expect(why(done, answered)).toContain("changes nothing");
    expect(why(done, refused)).toContain("waits for no answer");
  });

  test("an event of a pause that is over, told once more, does not take the place of the next", () => {
    const next = plus(
      waits,
      given("bob"),
      given("carol"),
      { type: "pause.answered", ...of("web"), hookId: "hook-1", action: "CONTINUE" },
      paused("web", "hook-2", "PRE_PRODUCTION_TRAFFIC_SHIFT"),
      given("bob", "hook-2"),
    );
    expect(why(next, paused("web", "hook-1"))).toContain("changes nothing");
    expect(why(next, paused("web", "hook-2", "PRE_PRODUCTION_TRAFFIC_SHIFT"))).toContain("changes nothing");
    expect(deploymentOf(next).state).toMatchObject({
      pause: { hookId: "hook-2", approvals: [{ person: "bob" }] },
    });
  });

  test("is over when ECS has ended the deployment: that is looked at, not answered", () => {
    const run = plus(waits, given("bob"), given("carol"), reported("web", "FAILED"));
    expect(commandsOf(run, T0)).toEqual([verify]);
  });

  test("is sent back when somebody stops the run, and when another service has failed", () => {
    const stop: RunEvent = {
      type: "run.stop-requested",
      at: T0,
      person: "bob",
      identity: "bob",
      reason: "wrong release",
    };
    expect(commandsOf(plus(waits, stop), T0)).toEqual([answer]);
    const two: StageDefinition = { ...stage, deploy: [target("web"), target("api")], order: "parallel" };
    const both = plus(
      entered(two),
      approvalBy("bob"),
      approvalBy("carol"),
      { type: "stage.deploying", at: T0, stage: STAGE },
      ...begun("web"),
      ...begun("api"),
      paused("web", "hook-1"),
      failed("api", { rolledBack: true }),
    );
    expect(commandsOf(both, T0)).toEqual([answer]);
    const stays = plus(
      entered({ ...two, onFailure: "stay" }),
      approvalBy("bob"),
      approvalBy("carol"),
      { type: "stage.deploying", at: T0, stage: STAGE },
      ...begun("web"),
      ...begun("api"),
      paused("web", "hook-1"),
      failed("api", { rolledBack: true }),
    );
    expect(commandsOf(stays, T0)).toEqual([]);
  });

  test("that somebody else has put there is theirs to answer, where the stage has no rule", () => {
    const run = plus(entered(stageWith([target("web")])), ...begun("web"), paused("web", "hook-1"));
    expect(commandsOf(run, T0)).toEqual([]);
    expect(commandsOf(run, T0 + MINUTE)).toEqual([verify]);
  });

  test("where nobody is asked, as on a way back, goes on at once", () => {
    const back = entered(stageWith([target("web")], { pauseAt: [] }));
    expect(commandsOf(plus(back, ...begun("web"), paused("web", "hook-1")), T0)).toEqual([answer]);
  });
});
