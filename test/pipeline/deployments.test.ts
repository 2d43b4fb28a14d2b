import { describe, expect, test } from "@jest/globals";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { commandsOf, MINUTE, stageOf, T0 } from "./given.ts";
import {
  baking,
  begun,
  deploymentOf,
  entered,
  failed,
  idOf,
  of,
  plus,
  quarantined,
  reported,
  STAGE,
  stageWith,
  succeeded,
  target,
  taskEnded,
  taskStarted,
  web,
  why,
} from "./rolling.ts";

/** One deployment, from its tasks before through its steps to its end. */

const verify = (step = 0) => `verify-deployment ${web} ${idOf("web", step)}`;
const stepDone = (step: number): RunEvent => ({ type: "deployment.step-done", ...of("web"), step });

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

  test("the one of the step before, told of late, is no other one", () => {
    const shift = [{ weights: { graviton: 1 }, bakeMinutes: 0 }];
    const steps = entered(stageWith([target("web", { shift })]));
    const done = plus(steps, ...begun("web"), reported("web"), stepDone(0));
    const next = plus(done, ...begun("web", 1));
    expect(why(next, reported("web", "IN_PROGRESS"))).toContain("changes nothing");
    expect(commandsOf(next, T0)).toEqual([]);
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
