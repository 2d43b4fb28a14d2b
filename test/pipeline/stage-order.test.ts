import { describe, expect, test } from "@jest/globals";
import type { EcsDeployment, StageDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { commandsOf, MINUTE, stageOf, T0 } from "./given.ts";
import {
  baking,
  begun,
  entered,
  failed,
  of,
  plus,
  quarantined,
  STAGE,
  stageWith,
  statuses,
  succeeded,
  target,
  taskEnded,
  taskStarted,
} from "./rolling.ts";

/** Which services of a stage come when, and which go back. */

const returned = (service: string): readonly RunEvent[] => [
  { type: "return.requested", ...of(service), lease: 0 },
  { type: "return.started", ...of(service), deploymentId: `ecs-svc/${service}-back` },
  { type: "return.ended", ...of(service) },
];

const deploy = (service: string) => `deploy ${STAGE} ${STAGE}/${service} 0`;
const goBack = (service: string) => `return-deployment ${STAGE} ${STAGE}/${service} 0`;

/** What is planned at once, without what only asks whether something goes on. */
const planned = (run: Parameters<typeof commandsOf>[0], now = T0) => commandsOf(run, now);

function rolled(deploys: readonly EcsDeployment[], change: Partial<StageDefinition>, ...events: RunEvent[]) {
  return plus(entered(stageWith(deploys, change)), ...events);
}

describe("in order", () => {
  const two = [target("api"), target("web")];

  test("the second begins once the first has succeeded, and not before", () => {
    expect(planned(rolled(two, {}))).toEqual([deploy("api")]);
    expect(planned(rolled(two, {}, ...begun("api")))).toEqual([]);
    expect(planned(rolled(two, {}, ...begun("api"), succeeded("api")))).toEqual([deploy("web")]);
  });

  test("and once its tasks have run", () => {
    const migrate = { run: "smoke", container: "web", command: ["true"], timeoutMinutes: 5 };
    const deploys = [target("api", { after: [migrate] }), target("web")];
    const out = rolled(deploys, {}, ...begun("api"), succeeded("api"));
    expect(planned(out)).toEqual([`run-task ${STAGE} ${STAGE}/api after/0 0`]);
    const done = plus(out, ...taskStarted("api", "after"), taskEnded("api", "after"));
    expect(planned(done)).toEqual([deploy("web")]);
  });

  test("services of one pair are rolled at once, whoever comes after them waits for both", () => {
    const three = [target("x86", { pair: "web" }), target("arm", { pair: "web" }), target("api")];
    const run = rolled(three, {});
    expect(planned(run)).toEqual([deploy("x86"), deploy("arm")]);
    expect(planned(plus(run, ...begun("x86"), ...begun("arm"), succeeded("x86")))).toEqual([]);
  });
});

describe("in parallel", () => {
  test("all at once, but for what needs others first", () => {
    const three = [target("api"), target("web", { needs: ["api", "auth"] }), target("auth")];
    const run = rolled(three, { order: "parallel" });
    expect(planned(run)).toEqual([deploy("api"), deploy("auth")]);
    const one = plus(run, ...begun("api"), ...begun("auth"), succeeded("api"));
    expect(planned(one)).toEqual([]);
    expect(planned(plus(one, succeeded("auth")))).toEqual([deploy("web")]);
  });

  test("of two services of one name, both are needed", () => {
    const deploys = [
      target("api"),
      { ...target("api"), cluster: "elsewhere" },
      target("web", { needs: ["api"] }),
    ];
    const run = rolled(deploys, { order: "parallel" }, ...begun("api"), succeeded("api"));
    expect(planned(run)).not.toContain(deploy("web"));
  });
});

describe("when one fails", () => {
  const two = [target("api"), target("web")];
  const secondFails = [...begun("api"), succeeded("api"), ...begun("web"), failed("web")];

  test("those already moved go back, the last first, and the one that failed if nobody took it back", () => {
    const run = rolled(two, {}, ...secondFails);
    expect(planned(run)).toEqual([goBack("web")]);
    const web = plus(run, ...returned("web"));
    expect(planned(web)).toEqual([goBack("api")]);
    const done = plus(web, ...returned("api"));
    expect(stageOf(done).state).toMatchObject({
      status: "rolled-back",
      failure: { reason: "web did not start · web went back, api went back" },
    });
  });

  test("what ECS took back itself is not taken back again", () => {
    const run = rolled(
      two,
      {},
      ...begun("api"),
      succeeded("api"),
      ...begun("web"),
      failed("web", { rolledBack: true }),
    );
    expect(planned(run)).toEqual([goBack("api")]);
  });

  test("but what came with it is looked after: ECS may only take the revision back", () => {
    const capacity = { graviton: { base: 0, weight: 1 } };
    const stage = entered(stageWith([target("web")]), { capacity });
    expect(planned(plus(stage, ...begun("web"), failed("web", { rolledBack: true })))).toEqual([
      goBack("web"),
    ]);
    const constrained = entered(stageWith([target("web")]), { constrainTo: "arm64" });
    expect(planned(plus(constrained, ...begun("web"), failed("web", { rolledBack: true })))).toEqual([
      goBack("web"),
    ]);
  });

  test("they stay where the pipeline says so", () => {
    const run = rolled(two, { onFailure: "stay" }, ...secondFails);
    expect(stageOf(run).state).toMatchObject({ status: "failed", failure: { reason: "web did not start" } });
    expect(planned(run)).toEqual([`leave-stage ${STAGE}`]);
  });

  test("the other of a pair goes back all the same, and so does the one that failed", () => {
    const pair = [target("x86", { pair: "web" }), target("arm", { pair: "web" }), target("api")];
    const run = rolled(
      pair,
      { onFailure: "stay" },
      ...begun("x86"),
      ...begun("arm"),
      succeeded("x86"),
      failed("arm"),
    );
    expect(planned(run)).toEqual([goBack("arm")]);
    expect(planned(plus(run, ...returned("arm")))).toEqual([goBack("x86")]);
  });

  test("a service that was never begun does not go back, though its migration has run", () => {
    const migrate = { run: "migrate", container: "web", command: ["true"], timeoutMinutes: 5 };
    const deploys = [target("api"), target("web", { before: [migrate] })];
    const moved = [...begun("api"), succeeded("api"), ...taskStarted("web")];
    const run = rolled(deploys, {}, ...moved, taskEnded("web", "before", 0, "exit 1"));
    expect(statuses(run)).toEqual({ api: "succeeded", web: "failed" });
    expect(planned(run)).toEqual([goBack("api")]);
    const refused = plus(
      rolled(deploys, {}, ...moved, taskEnded("web")),
      { type: "deployment.requested", ...of("web"), lease: 0 },
      { type: "deployment.failed", ...of("web"), failure: { reason: "no host fits" }, rolledBack: false },
    );
    expect(planned(refused)).toEqual([goBack("api")]);
  });

  test("one service by itself that ECS left as it is stays so", () => {
    const run = rolled([target("web")], {}, ...begun("web"), failed("web"));
    expect(stageOf(run).state).toMatchObject({ status: "failed" });
  });

  test("but goes back when ECS was done with it, and an alarm rings", () => {
    const run = rolled(
      [target("web")],
      {},
      ...begun("web"),
      baking("web", 10),
      failed("web", { undo: true }),
    );
    expect(planned(run)).toEqual([goBack("web")]);
    expect(stageOf(plus(run, ...returned("web"))).state.status).toBe("rolled-back");
  });

  test("and when the task after it fails: the release must not stay", () => {
    const smoke = { run: "smoke", container: "web", command: ["true"], timeoutMinutes: 5 };
    const run = rolled(
      [target("web", { after: [smoke] })],
      {},
      ...begun("web"),
      succeeded("web"),
      ...taskStarted("web", "after"),
      taskEnded("web", "after", 0, "task smoke ended with exit code 1"),
    );
    expect(planned(run)).toEqual([goBack("web")]);
  });

  test("one that could not go back says so, and the stage is held all the same", () => {
    const run = rolled(two, {}, ...secondFails, ...returned("web"), {
      type: "return.ended",
      ...of("api"),
      failure: { reason: "somebody else has changed it to api:7 meanwhile" },
    });
    expect(stageOf(run).state).toMatchObject({
      status: "rolled-back",
      failure: {
        reason:
          "web did not start · web went back, api could not go back (somebody else has changed it to api:7 meanwhile)",
      },
    });
  });
});

describe("a failure while others are under way", () => {
  const parallel = { order: "parallel" } as const;
  const two = [target("api"), target("web")];

  test("what ECS is at work on comes to its end first, then everything goes back", () => {
    const run = rolled(two, parallel, ...begun("api"), ...begun("web"), failed("web", { rolledBack: true }));
    expect(stageOf(run).state.status).toBe("deploying");
    expect(planned(run)).toEqual([]);
    expect(planned(plus(run, succeeded("api")))).toEqual([goBack("api")]);
    const both = plus(run, failed("api", { rolledBack: true }));
    expect(stageOf(both).state).toMatchObject({
      status: "rolled-back",
      failure: { reason: "api did not start" },
    });
  });

  test("what bakes, or is between two steps, waits no longer", () => {
    const shift = [{ weights: { graviton: 1 }, bakeMinutes: 60 }];
    const deploys = [target("api", { bakeMinutes: 60 }), target("web"), target("auth", { shift })];
    const run = rolled(
      deploys,
      parallel,
      ...begun("api"),
      ...begun("web"),
      ...begun("auth"),
      baking("api", 60),
      { type: "deployment.step-done", ...of("auth"), step: 0 },
      failed("web", { rolledBack: true }),
    );
    expect(planned(run)).toEqual([goBack("auth")]);
    expect(planned(plus(run, ...returned("auth")))).toEqual([goBack("api")]);
    expect(stageOf(plus(run, ...returned("auth"), ...returned("api"))).state.status).toBe("rolled-back");
  });

  test("unless those already moved stay: then they finish what they have begun", () => {
    const shift = [{ weights: { graviton: 1 }, bakeMinutes: 0 }];
    const deploys = [target("api", { bakeMinutes: 60 }), target("web"), target("auth", { shift })];
    const run = rolled(
      deploys,
      { ...parallel, onFailure: "stay" },
      ...begun("api"),
      ...begun("web"),
      ...begun("auth"),
      baking("api", 60),
      { type: "deployment.step-done", ...of("auth"), step: 0 },
      failed("web"),
    );
    expect(planned(run)).toEqual([`${deploy("auth")} step 1`]);
    const done = plus(run, succeeded("api"), ...begun("auth", 1), succeeded("auth", 1));
    expect(stageOf(done).state).toMatchObject({ status: "failed" });
  });

  test("a service without an architecture that has to begin anew goes back instead", () => {
    const run = rolled(
      two,
      parallel,
      ...begun("api"),
      ...begun("web"),
      quarantined("api"),
      failed("web", { rolledBack: true }),
    );
    expect(planned(run)).toEqual([goBack("api")]);
  });

  test("nothing new begins", () => {
    const migrate = { run: "migrate", container: "web", command: ["true"], timeoutMinutes: 5 };
    const deploys = [target("api", { before: [migrate] }), target("web"), target("auth")];
    const run = rolled(
      deploys,
      parallel,
      ...taskStarted("api"),
      ...begun("web"),
      failed("web", { rolledBack: true }),
    );
    // The migration that runs is waited for, the service behind it is not begun.
    expect(planned(run)).toEqual([]);
    expect(planned(run, T0 + MINUTE)).toEqual(["ask-task task/api-before-0 false"]);
    const ended = plus(run, taskEnded("api"));
    expect(stageOf(ended).state).toMatchObject({ status: "rolled-back" });
    expect(statuses(ended)).toEqual({ api: "pending", web: "failed", auth: "pending" });
  });

  test("a claim that nobody has carried out is looked into, once it is old", () => {
    const run = rolled(
      two,
      parallel,
      { type: "deployment.requested", ...of("api"), lease: 0 },
      ...begun("web"),
      failed("web", { rolledBack: true }),
    );
    expect(planned(run)).toEqual([]);
    expect(planned(run, T0 + MINUTE)).toEqual([`deploy ${STAGE} ${STAGE}/api 1`]);
  });
});

describe("the way back", () => {
  const two = [target("api"), target("web")];
  const back = rolled(two, {}, ...begun("api"), succeeded("api"), ...begun("web"), failed("web"));

  test("is claimed, and taken over when nothing came of it", () => {
    const claimed = plus(back, { type: "return.requested", ...of("web"), lease: 0 });
    expect(planned(claimed)).toEqual([]);
    expect(planned(claimed, T0 + MINUTE)).toEqual([`return-deployment ${STAGE} ${STAGE}/web 1`]);
  });

  test("is asked about until it has ended", () => {
    const run = plus(back, ...returned("web").slice(0, 2));
    expect(planned(run)).toEqual([`verify-return ${STAGE} ${STAGE}/web ecs-svc/web-back`]);
    const ended = plus(run, { type: "return.ended", ...of("web") });
    expect(plus(ended, { type: "return.ended", ...of("web"), failure: { reason: "late" } })).toBe(ended);
  });
});
