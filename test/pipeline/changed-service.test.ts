import { describe, expect, test } from "@jest/globals";
import type { RunEvent, RunEventOf } from "../../shared/pipeline/events.ts";
import { approvalBy, commandsOf, stageOf, T0 } from "./given.ts";
import {
  begun,
  deploymentOf,
  entered,
  failed,
  GATED,
  plus,
  preparedFor,
  STAGE,
  stageWith,
  statuses,
  succeeded,
  target,
  taskEnded,
  taskStarted,
  web,
  why,
} from "./rolling.ts";

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
