import { describe, expect, test } from "@jest/globals";
import {
  parseDeploymentChange,
  parseHookChange,
  parseTaskChange,
} from "../../shared/intake/deployment-change.ts";

/** What ECS says of services, hooks and tasks, as EventBridge delivers it. */

const ARN = "arn:aws:ecs:us-east-1:000000000000";

describe("a deployment of a service", () => {
  const event = (eventName: string, resource = `${ARN}:service/production/web`) => ({
    "detail-type": "ECS Deployment State Change",
    resources: [resource],
    detail: { eventName, deploymentId: "ecs-svc/1", reason: "ECS says why" },
  });

  test.each(["IN_PROGRESS", "COMPLETED", "FAILED"])("that is %s", (state) => {
    expect(parseDeploymentChange(event(`SERVICE_DEPLOYMENT_${state}`))).toEqual({
      type: "deployment",
      cluster: "production",
      service: "web",
      deploymentId: "ecs-svc/1",
      state,
      reason: "ECS says why",
    });
  });

  test.each([
    [event("SERVICE_STEADY_STATE"), "SERVICE_STEADY_STATE is neither the beginning nor the end"],
    [event("SERVICE_DEPLOYMENT_FAILED", `${ARN}:service/web`), "is no ARN of a service in a cluster"],
    [{ resources: [] }, "no ECS event: "],
    ["", "no ECS event: "],
  ])("anything else is ignored, and says why: %j", (payload, reason) => {
    expect(parseDeploymentChange(payload)).toEqual({
      type: "ignored",
      reason: expect.stringContaining(reason),
    });
  });
});

describe("a hook", () => {
  const serviceDeploymentArn = `${ARN}:service-deployment/production/web/1`;
  const event = (change: object = {}) => ({
    detail: {
      eventName: "HOOK_AWAITING_ACTION",
      hookId: "hook-1",
      serviceDeploymentArn,
      lifecycleStage: "POST_SCALE_UP",
      ...change,
    },
  });

  test("that waits, until ECS's time is over: a day, when it says none", () => {
    const waits = {
      type: "hook",
      cluster: "production",
      service: "web",
      hookId: "hook-1",
      serviceDeploymentArn,
      lifecycleStage: "POST_SCALE_UP",
    };
    expect(parseHookChange(event(), 5)).toEqual({ ...waits, expiresAt: 86_400_005 });
    for (const expiresAt of ["2026-11-22T00:00:00Z", Date.UTC(2026, 10, 22)]) {
      expect(parseHookChange(event({ expiresAt }), 5)).toEqual({
        ...waits,
        expiresAt: Date.UTC(2026, 10, 22),
      });
    }
    expect(parseHookChange(event({ expiresAt: "soon" }), 5)).toMatchObject({ expiresAt: 86_400_005 });
  });

  test.each([
    [event({ eventName: "HOOK_SUCCEEDED" }), "HOOK_SUCCEEDED asks for nothing"],
    [event({ serviceDeploymentArn: "web" }), "web is no ARN of a service deployment"],
    [{}, "no hook event: "],
  ])("anything else is ignored, and says why: %j", (payload, reason) => {
    expect(parseHookChange(payload, 5)).toEqual({ type: "ignored", reason: expect.stringContaining(reason) });
  });
});

describe("a task", () => {
  const event = (change: object = {}) => ({
    detail: { taskArn: "task-1", lastStatus: "STOPPED", startedBy: "tandem/hello-1", ...change },
  });

  test("that has stopped and was ours", () => {
    expect(parseTaskChange(event())).toEqual({ type: "task", taskArn: "task-1", runId: "hello-1" });
  });

  test.each([
    [event({ startedBy: "ecs-svc/1" }), "task-1 was not started by Tandem"],
    [event({ startedBy: undefined }), "task-1 was not started by Tandem"],
    [event({ lastStatus: "RUNNING" }), "task-1 is RUNNING"],
    [{}, "no task event: "],
  ])("anything else is ignored, and says why: %j", (payload, reason) => {
    expect(parseTaskChange(payload)).toEqual({ type: "ignored", reason: expect.stringContaining(reason) });
  });
});
