import { beforeEach, expect, test } from "@jest/globals";
import { answerPause } from "../../shared/effects/answer-pause.ts";
import type { Aws } from "../../shared/effects/aws.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { T0 } from "../pipeline/given.ts";
import { plus, STAGE } from "../pipeline/rolling.ts";
import { BASE, type FakeEcs, fakeEcs } from "./ecs.ts";
import { awsError, said } from "./fakes.ts";
import { around, at, NEXT, of, rolling, started, web } from "./rolling.ts";

const ARN = "arn:aws:ecs:us-east-1:000000000000:service-deployment/production/web/1";
const paused: RunEvent = {
  type: "deployment.paused",
  ...of,
  serviceDeploymentArn: ARN,
  hookId: "hook-1",
  lifecycleStage: "POST_SCALE_UP",
  expiresAt: T0 + 1,
};
const run = plus(rolling({}, {}, { pauseAt: ["POST_SCALE_UP"] }), ...started(), paused);

let ecs: FakeEcs;
beforeEach(() => {
  ecs = fakeEcs(STAGE);
});

/** @param revision what the paused service deployment is about */
async function answered(action: "CONTINUE" | "ROLLBACK", revision = NEXT, change: Partial<Aws["ecs"]> = {}) {
  const { context, calls, called } = around(ecs, {
    describeServiceDeployments: async () => ({
      serviceDeployments: [{ targetServiceRevision: { arn: "revision" } }],
    }),
    describeServiceRevisions: async () => ({ serviceRevisions: [{ taskDefinition: revision }] }),
    ...change,
  });
  const { events } = await answerPause(context, run, at(run).stage, {
    type: "answer-pause",
    ...web,
    hookId: "hook-1",
    serviceDeploymentArn: ARN,
    action,
    lease: 0,
  });
  const call = calls.find(({ operation }) => operation === "ContinueServiceDeployment");
  return { events, called: called(), action: said(call, "action"), hookId: said(call, "hookId") };
}

test.each(["CONTINUE", "ROLLBACK"] as const)("ECS is told to %s, always with the action", async (action) => {
  const told = await answered(action);
  expect(told).toMatchObject({ action, hookId: "hook-1" });
  expect(told.events).toEqual([{ type: "pause.answered", ...of, hookId: "hook-1", action }]);
});

test.each(["InvalidParameterException", "ServiceDeploymentNotFoundException"])(
  "told twice, the second finds nothing that waits (%s): as good as answered",
  async (name) => {
    const { events } = await answered("CONTINUE", NEXT, {
      continueServiceDeployment: () => Promise.reject(awsError(name)),
    });
    expect(events).toMatchObject([{ type: "pause.answered" }]);
  },
);

test("what may work another time is tried another time", async () => {
  const throttled = { continueServiceDeployment: () => Promise.reject(awsError("ThrottlingException")) };
  await expect(answered("CONTINUE", NEXT, throttled)).rejects.toThrow("said AWS");
});

test("somebody else's deployment is not let go on by our approvals: ours is over, and says whose is there", async () => {
  const theirs = BASE.replace(/1$/, "7");
  await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: theirs });
  const { events, called } = await answered("CONTINUE", theirs);
  expect(called).not.toContain("ContinueServiceDeployment");
  expect(events).toMatchObject([
    { type: "deployment.failed", rolledBack: false, failure: { reason: expect.stringContaining(theirs) } },
  ]);
});
