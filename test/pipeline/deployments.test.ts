import { describe, expect, test } from "@jest/globals";
import type { StageDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent, RunEventOf } from "../../shared/pipeline/events.ts";
import { receive } from "../../shared/pipeline/receive.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { APPROVAL, approvalBy, commandsOf, MINUTE, refusalBy, stageOf, T0 } from "./given.ts";
import {
  baking,
  begun,
  entered,
  failed,
  GATED,
  idOf,
  of,
  paused,
  plus,
  preparedFor,
  quarantined,
  reported,
  STAGE,
  stageWith,
  statuses,
  succeeded,
  target,
  taskEnded,
  taskStarted,
} from "./rolling.ts";

/** One deployment, from its tasks before through its steps to its end. */

const web = `${STAGE} ${STAGE}/web`;
const verify = (step = 0) => `verify-deployment ${web} ${idOf("web", step)}`;
const stepDone = (step: number): RunEvent => ({ type: "deployment.step-done", ...of("web"), step });
const deploymentOf = (run: Run) => {
  const { state } = stageOf(run);
  if (!("deployments" in state)) throw new Error("the stage is not entered");
  const [deployment] = state.deployments;
  if (deployment === undefined) throw new Error("the stage has no deployment");
  return deployment;
};
const why = (run: Run, event: RunEvent) => {
  const received = receive(run, event);
  return received.type === "ignored" ? received.reason : "news";
};

describe("steps", () => {
  const shift = [
    { weights: { graviton: 1 }, bakeMinutes: 10 },
    { weights: { graviton: 3 }, bakeMinutes: 0 },
  ];
  const first = entered(stageWith([target("web", { shift, bakeMinutes: 5 })]));
  const released = plus(first, ...begun("web"), reported("web"));

  test("the release, then each shift; every step is claimed, and begins with the release's revision", () => {
    expect(commandsOf(released, T0)).toEqual([verify()]);
    const one = plus(released, baking("web", 5), stepDone(0));
    expect(commandsOf(one, T0)).toEqual([`deploy ${web} 0 step 1`]);
    expect(deploymentOf(one)).toMatchObject({ step: 1, state: { taskDefinition: "web:2" } });
    const two = plus(one, ...begun("web", 1), baking("web", 10, 1), stepDone(1));
    expect(commandsOf(two, T0)).toEqual([`deploy ${web} 0 step 2`]);
    const done = plus(two, ...begun("web", 2), succeeded("web", 2));
    expect(stageOf(done).state.status).toBe("succeeded");
  });

  test("while it bakes it is looked at each minute, and at the end of its time", () => {
    const bakes = plus(released, baking("web", 5));
    expect(commandsOf(bakes, T0)).toEqual([]);
    expect(commandsOf(bakes, T0 + MINUTE)).toEqual([verify()]);
    expect(commandsOf(bakes, T0 + 5 * MINUTE)).toEqual([verify()]);
    // That it still holds is no news: a day of it leaves no trace in the stream.
    expect(why(bakes, baking("web", 5))).toContain("changes nothing");
  });

  test("what is said of the step before is late: whatever it says", () => {
    const next = plus(released, stepDone(0), ...begun("web", 1));
    const late: readonly RunEvent[] = [
      stepDone(0),
      baking("web", 5),
      succeeded("web"),
      failed("web"),
      quarantined("web"),
      reported("web", "FAILED"),
      ...begun("web").slice(1),
    ];
    for (const event of late) expect([event.type, why(next, event)]).not.toEqual([event.type, "news"]);
    const claimed = plus(released, stepDone(0), ...begun("web", 1).slice(0, 1));
    for (const event of late) expect([event.type, why(claimed, event)]).not.toEqual([event.type, "news"]);
  });

  test("a step that fails takes the weights back, and leaves the release", () => {
    const next = plus(released, stepDone(0), ...begun("web", 1));
    for (const rolledBack of [true, false]) {
      const run = plus(next, failed("web", { deploymentId: idOf("web", 1), rolledBack }));
      expect(commandsOf(run, T0)).toEqual([`return-deployment ${web} 0`]);
    }
  });
});

describe("an architecture that fails", () => {
  const stage = stageWith([target("web", { onArchitectureFailure: "quarantine" })]);
  const rolling = plus(entered(stage), ...begun("web"));

  test("is taken out, and the same revision deployed once more", () => {
    const run = plus(rolling, quarantined("web"));
    expect(commandsOf(run, T0)).toEqual([`deploy ${web} 0`]);
    expect(deploymentOf(run)).toMatchObject({
      quarantine: { architecture: "arm64", providers: ["graviton"] },
      state: { status: "pending", taskDefinition: "web:2" },
    });
  });

  test("only once, however often it is found", () => {
    const run = plus(rolling, quarantined("web"));
    expect(why(run, quarantined("web"))).toContain("changes nothing");
    expect(why(run, failed("web"))).toContain("changes nothing");
    const again = plus(run, ...begun("web"));
    expect(why(again, quarantined("web"))).toContain("changes nothing");
  });
});

describe("what ECS tells of the service's deployments", () => {
  const first = entered(stageWith([target("web", {})]));
  const [claim, start] = [begun("web").slice(0, 1), begun("web").slice(1)];
  const keyOf = { stage: STAGE, cluster: STAGE, service: "web" };
  const stateOf = (run: Run) => deploymentOf(run).state;
  const other = (state: "IN_PROGRESS" | "COMPLETED", deploymentId = "ecs-svc/9") => ({
    ...reported("web", state),
    deploymentId,
  });

  test("the end that is told before anybody has written down the beginning is not waited for again", () => {
    const claimed = plus(first, ...claim);
    expect(commandsOf(plus(claimed, reported("web")), T0)).toEqual([]);
    const run = plus(claimed, other("COMPLETED"), reported("web"), ...start);
    expect(stateOf(run)).toMatchObject({ status: "in-progress", reported: { state: "COMPLETED" } });
    expect(commandsOf(run, T0)).toEqual([verify()]);
    expect(commandsOf(plus(claimed, other("COMPLETED"), ...start), T0)).toEqual([]);
  });

  test("it stays known when the claim is taken over, and the last word counts; five are more than there are", () => {
    const claimed = plus(first, ...claim, reported("web", "FAILED"), reported("web"));
    const again: RunEvent = { type: "deployment.requested", at: T0 + 5, lease: 1, ...keyOf };
    expect(stateOf(plus(claimed, again, ...start))).toMatchObject({ reported: { state: "COMPLETED" } });
    expect(why(claimed, reported("web"))).toContain("changes nothing");
    const many = Array.from({ length: 9 }, (_, n) => other("COMPLETED", `ecs-svc/${n}`));
    expect(stateOf(plus(first, ...claim, ...many))).toMatchObject({ ended: { length: 5 } });
  });

  test("another one that begins may have taken the place of ours: that is looked at, once for each", () => {
    const rolling = plus(first, ...begun("web"));
    expect(why(rolling, reported("web", "IN_PROGRESS"))).toContain("has begun, as is known");
    expect(why(plus(first, ...claim), other("IN_PROGRESS"))).toBe("the deployment of web is requested");
    const run = plus(rolling, other("IN_PROGRESS"));
    expect(commandsOf(run, T0)).toEqual([verify()]);
    expect(why(run, other("IN_PROGRESS"))).toContain("changes nothing");
    expect(why(run, other("IN_PROGRESS", "ecs-svc/10"))).toBe("news");
    expect(commandsOf(plus(run, reported("web"), baking("web", 5)), T0)).toEqual([]);
    expect(commandsOf(plus(rolling, reported("web"), baking("web", 5), other("IN_PROGRESS")), T0)).toEqual([
      verify(),
    ]);
  });
});

describe("one-off tasks", () => {
  const task = (run: string) => ({ run, container: "web", command: ["true"], timeoutMinutes: 10 });
  const stage = stageWith([
    target("web", { before: [task("migrate"), task("seed")], after: [task("smoke")] }),
  ]);
  const fresh = entered(stage);

  test("those before run one after another, then the service is moved, then those after", () => {
    expect(commandsOf(fresh, T0)).toEqual([`run-task ${web} before/0 0`]);
    const first = plus(fresh, ...taskStarted("web"), taskEnded("web"));
    expect(commandsOf(first, T0)).toEqual([`run-task ${web} before/1 0`]);
    const second = plus(first, ...taskStarted("web", "before", 1), taskEnded("web", "before", 1));
    expect(commandsOf(second, T0)).toEqual([`deploy ${web} 0`]);
    const moved = plus(second, ...begun("web"), succeeded("web"));
    expect(stageOf(moved).state.status).toBe("deploying");
    expect(commandsOf(moved, T0)).toEqual([`run-task ${web} after/0 0`]);
    const done = plus(moved, ...taskStarted("web", "after"), taskEnded("web", "after"));
    expect(stageOf(done).state.status).toBe("succeeded");
  });

  test("one that fails ends the stage before anything has moved", () => {
    const run = plus(fresh, ...taskStarted("web"), taskEnded("web", "before", 0, "exit code 1"));
    expect(stageOf(run).state).toMatchObject({
      status: "failed",
      failure: { reason: "before the deployment of service web: exit code 1" },
    });
  });

  test("a claim is taken over, a silent one is asked about, a late one stopped", () => {
    const [requested, started] = taskStarted("web");
    if (requested === undefined || started === undefined) throw new Error("a task begins with two events");
    const claimed = plus(fresh, requested);
    expect(commandsOf(claimed, T0)).toEqual([]);
    expect(commandsOf(claimed, T0 + MINUTE)).toEqual([`run-task ${web} before/0 1`]);
    const running = plus(claimed, started);
    expect(commandsOf(running, T0)).toEqual([]);
    expect(commandsOf(running, T0 + MINUTE)).toEqual(["ask-task task/web-before-0 false"]);
    expect(commandsOf(running, T0 + 10 * MINUTE)).toEqual(["ask-task task/web-before-0 true"]);
    const told: RunEvent = {
      type: "task.reported",
      ...of("web"),
      when: "before",
      index: 0,
      taskArn: "task/web-before-0",
    };
    expect(commandsOf(plus(running, told), T0)).toEqual(["ask-task task/web-before-0 false"]);
    expect(why(plus(running, told), told)).toContain("changes nothing");
    expect(why(running, { ...told, taskArn: "task/another" })).toContain("changes nothing");
  });

  test("what comes of a task counts once", () => {
    const ended = plus(fresh, ...taskStarted("web"), taskEnded("web"));
    for (const late of [...taskStarted("web"), taskEnded("web"), taskEnded("web", "before", 0, "exit 1")]) {
      expect(why(ended, late)).toContain("changes nothing");
    }
  });
});

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
    expect(commandsOf(run, T0)).toEqual([verify()]);
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
    expect(commandsOf(run, T0 + MINUTE)).toEqual([verify()]);
  });

  test("where nobody is asked, as on a way back, goes on at once", () => {
    const back = entered(stageWith([target("web")], { pauseAt: [] }));
    expect(commandsOf(plus(back, ...begun("web"), paused("web", "hook-1")), T0)).toEqual([answer]);
  });
});

describe("a service that somebody else changes", () => {
  const two = [target("api"), target("web")];
  const changedTo = (revision: string): RunEventOf<"gate.voided"> => ({
    type: "gate.voided",
    at: T0,
    stage: STAGE,
    why: `service web has been changed to ${revision}`,
    changed: `${STAGE}/web`,
    deployments: [
      preparedFor("api", { baseTaskDefinition: "api:2" }),
      preparedFor("web", { baseTaskDefinition: revision }),
    ],
  });
  const claimed = begun("web").slice(0, 1);
  const toDeploying: RunEvent = { type: "stage.deploying", at: T0, stage: STAGE };

  test("without a gate is looked at anew; what has moved stays as it was looked at, and can go back", () => {
    const run = plus(
      entered(stageWith(two)),
      ...begun("api"),
      succeeded("api"),
      ...claimed,
      changedTo("web:7"),
    );
    expect(statuses(run)).toEqual({ api: "succeeded", web: "pending" });
    const { state } = stageOf(run);
    if (state.status !== "deploying") throw new Error("the stage is not deploying");
    expect(state.deployments.map(({ prepared }) => prepared.baseTaskDefinition)).toEqual(["api:1", "web:7"]);
  });

  test("what is on its way beside it stays on its way", () => {
    const run = plus(
      entered(stageWith(two, { order: "parallel" })),
      ...begun("api"),
      ...claimed,
      changedTo("web:7"),
    );
    expect(statuses(run)).toEqual({ api: "in-progress", web: "pending" });
    expect(why(run, changedTo("web:7"))).toContain("changes nothing");
  });

  test("is not waited for when another has failed meanwhile: nothing else is under way", () => {
    const run = plus(
      entered(stageWith(two, { order: "parallel" })),
      ...begun("api"),
      ...claimed,
      failed("api", { rolledBack: true }),
      changedTo("web:7"),
    );
    expect(stageOf(run).state).toMatchObject({ status: "rolled-back" });
  });

  test("with a gate asks anew only as long as nothing has moved", () => {
    const gated = plus(
      entered(stageWith(two, { ...GATED, order: "parallel" })),
      approvalBy("bob"),
      toDeploying,
    );
    expect(stageOf(plus(gated, ...claimed, changedTo("web:7")))).toMatchObject({
      state: { status: "gated" },
      gate: { approvals: [], voided: ["service web has been changed to web:7"] },
    });
    const moved = plus(gated, ...begun("api"), ...claimed);
    expect(plus(moved, changedTo("web:7"))).toBe(moved);
  });

  test("does not have its migration run again", () => {
    const migrate = { run: "migrate", container: "web", command: ["true"], timeoutMinutes: 5 };
    const run = plus(
      entered(stageWith([target("web", { before: [migrate] })])),
      ...taskStarted("web"),
      taskEnded("web"),
      ...claimed,
      { ...changedTo("web:7"), deployments: [preparedFor("web", { baseTaskDefinition: "web:7" })] },
    );
    expect(commandsOf(run, T0)).toEqual([`deploy ${web} 0`]);
    // The migration's revision was made from what the service no longer is.
    expect(deploymentOf(run).state).not.toHaveProperty("taskDefinition");
  });
});

describe("a run that is to stop", () => {
  const stop: RunEventOf<"run.stop-requested"> = {
    type: "run.stop-requested",
    at: T0,
    person: "bob",
    identity: "bob",
    reason: "wrong",
  };
  const ends = (run: Run): readonly string[] => {
    const stopped = plus(run, { type: "stage.stopped", at: T0, stage: STAGE });
    const left = plus(stopped, { type: "stage.left", at: T0, stage: STAGE });
    return [...commandsOf(run, T0), ...commandsOf(stopped, T0), ...commandsOf(left, T0)];
  };
  const ending = ["record stage.stopped", `leave-stage ${STAGE}`, "record run.finished stopped"];

  test("at its gate ends there, and leaves the stage", () => {
    const gated = entered(stageWith([target("web")], GATED));
    expect(ends(plus(gated, stop))).toEqual(ending);
  });

  test("also before the stage is entered: whoever is about to enter has taken it already", () => {
    const gated = entered(stageWith([target("web")], GATED));
    const pending: Run = {
      ...gated,
      stages: gated.stages.map(({ definition }) => ({ definition, state: { status: "pending" } })),
    };
    const run = plus(pending, stop);
    expect(ends(run)).toEqual(ending);
    const stopped = plus(run, { type: "stage.stopped", at: T0, stage: STAGE });
    expect(why(stopped, { type: "stage.entered", at: T0, stage: STAGE, deployments: [] })).toContain(
      "changes nothing",
    );
  });

  test("that deploys comes to the end of the stage first", () => {
    const rolling = plus(entered(stageWith([target("web")])), ...begun("web"), stop);
    expect(commandsOf(rolling, T0)).toEqual([]);
    const done = plus(rolling, succeeded("web"));
    expect(commandsOf(done, T0)).toEqual([`leave-stage ${STAGE}`]);
  });

  test("nobody stops it twice, and what has ended cannot be stopped", () => {
    const gated = plus(entered(stageWith([target("web")], GATED)), stop);
    expect(why(gated, { ...stop, person: "carol" })).toContain("changes nothing");
  });
});
