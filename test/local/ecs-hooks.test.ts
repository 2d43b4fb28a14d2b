import { ContinueServiceDeploymentCommand, type DeploymentLifecycleHook } from "@aws-sdk/client-ecs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { createWeb, describeWeb, detailOf, tasksOfWeb } from "./ecs-cluster.ts";
import type { EcsEndpointOptions } from "./ecs-endpoint.ts";
import { answers, deploymentIs, ends, startTraffic, type Traffic, updateWeb } from "./ecs-traffic.ts";
import { startLambdaEndpoint } from "./lambda-endpoint.ts";

let traffic: Traffic;
afterEach(() => traffic.endpoint.stop());

const functionArn = "arn:aws:lambda:us-east-1:000000000000:function:check";

/** The service `web` behind the load balancer, its first revision complete, without hooks until then. */
async function running(
  options: EcsEndpointOptions["deps"] = {},
  strategy: "ROLLING" | "BLUE_GREEN" = "BLUE_GREEN",
) {
  traffic = await startTraffic({ deps: options });
  const one = await traffic.revision("one");
  await createWeb(traffic.endpoint, one.arn, {
    desiredCount: 2,
    deploymentConfiguration: { strategy },
    loadBalancers: traffic.loadBalancers(strategy !== "ROLLING"),
  });
  await ends(traffic.endpoint);
  return { endpoint: traffic.endpoint, one };
}

/** Deploys a second revision with these hooks. */
async function deploy(
  lifecycleHooks: DeploymentLifecycleHook[],
  more: NonNullable<Parameters<typeof updateWeb>[1]["deploymentConfiguration"]> = {},
) {
  const two = await traffic.revision("two");
  const deploymentConfiguration = { lifecycleHooks, ...more };
  await updateWeb(traffic.endpoint, { taskDefinition: two.arn, deploymentConfiguration });
  return two;
}

const paused = (hookId?: string) =>
  deploymentIs(
    traffic.endpoint,
    "paused",
    ({ lifecycleHookDetails: [hook] = [] }) => hook?.status === "AWAITING_ACTION" && hook.hookId !== hookId,
  );

const answer = (
  serviceDeploymentArn: string | undefined,
  hookId: string | undefined,
  action?: "CONTINUE" | "ROLLBACK",
) =>
  traffic.endpoint.ecs.send(
    new ContinueServiceDeploymentCommand({ serviceDeploymentArn, hookId, ...(action && { action }) }),
  );

const hookEvents = (): string[] =>
  traffic.endpoint.events
    .filter(({ detailType }) => detailType === "ECS Hook State Change")
    .map((event) => `${detailOf(event, "eventName")} ${detailOf(event, "lifecycleStage")}`);

const pauseAt = (
  stage: NonNullable<DeploymentLifecycleHook["lifecycleStages"]>[number],
): DeploymentLifecycleHook => ({ targetType: "PAUSE", lifecycleStages: [stage] });

describe("pauses", () => {
  test("the deployment waits until it is told to go on; meanwhile test traffic is at the new revision", async () => {
    const { endpoint, one } = await running();
    const two = await deploy([pauseAt("POST_TEST_TRAFFIC_SHIFT")]);
    const waiting = await paused();
    const [hook] = waiting.lifecycleHookDetails ?? [];
    expect(waiting).toMatchObject({
      status: "IN_PROGRESS",
      lifecycleStage: "POST_TEST_TRAFFIC_SHIFT",
      lifecycleHookDetails: [
        { hookId: expect.stringMatching(/^ecs-pause-/), targetType: "PAUSE", timeoutAction: "ROLLBACK" },
      ],
    });
    expect(hook).not.toHaveProperty("targetArn");
    expect(Number(hook?.expiresAt) - Date.now()).toBeGreaterThan(23 * 3600 * 1000);
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });
    expect(await answers(traffic.test, 4)).toEqual({ [two.digest]: 4 });
    const event = await endpoint.event(
      "the pause",
      ({ detail }) => detailOf({ detail }, "hookId") === hook?.hookId,
    );
    expect(event).toMatchObject({
      source: "aws.ecs",
      detailType: "ECS Hook State Change",
      resources: [waiting.serviceDeploymentArn],
      detail: {
        eventType: "INFO",
        eventName: "HOOK_AWAITING_ACTION",
        hookType: "PAUSE",
        expiresAt: `${hook?.expiresAt?.toISOString().slice(0, 19)}Z`,
        lifecycleStage: "POST_TEST_TRAFFIC_SHIFT",
        clusterArn: waiting.clusterArn,
        serviceArn: waiting.serviceArn,
        serviceDeploymentArn: waiting.serviceDeploymentArn,
      },
    });

    await expect(answer(waiting.serviceDeploymentArn, "ecs-pause-other")).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
    await expect(answer(`${waiting.serviceDeploymentArn}x`, hook?.hookId)).rejects.toMatchObject({
      name: "ServiceDeploymentNotFoundException",
    });
    // CONTINUE is the default.
    await answer(waiting.serviceDeploymentArn, hook?.hookId);
    expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
    expect(await answers(traffic.production, 4)).toEqual({ [two.digest]: 4 });
    expect(hookEvents()).toEqual([
      "HOOK_AWAITING_ACTION POST_TEST_TRAFFIC_SHIFT",
      "HOOK_SUCCEEDED POST_TEST_TRAFFIC_SHIFT",
    ]);
    await expect(answer(waiting.serviceDeploymentArn, hook?.hookId)).rejects.toThrow("SUCCESSFUL");
  });

  test("ROLLBACK gives up the new revision; no user has seen it", async () => {
    const { endpoint, one } = await running();
    await deploy([pauseAt("POST_TEST_TRAFFIC_SHIFT")]);
    const waiting = await paused();
    await answer(waiting.serviceDeploymentArn, waiting.lifecycleHookDetails?.[0]?.hookId, "ROLLBACK");
    const done = await ends(endpoint);
    expect(done.status).toBe("ROLLBACK_SUCCESSFUL");
    expect(done.statusReason).toContain("POST_TEST_TRAFFIC_SHIFT");
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });
    expect(await answers(traffic.test, 4)).toEqual({ [one.digest]: 4 });
    expect((await describeWeb(endpoint)).taskDefinition).toBe(one.arn);
    expect(hookEvents().at(-1)).toBe("HOOK_FAILED POST_TEST_TRAFFIC_SHIFT");
  });

  test("each step of a linear deployment has a pause of its own", async () => {
    const { endpoint } = await running();
    await deploy([pauseAt("PRE_PRODUCTION_TRAFFIC_SHIFT")], {
      strategy: "LINEAR",
      linearConfiguration: { stepPercent: 50, stepBakeTimeInMinutes: 0 },
    });
    const first = await paused();
    expect(first.targetServiceRevision?.requestedProductionTrafficWeight).toBe(0);
    await answer(first.serviceDeploymentArn, first.lifecycleHookDetails?.[0]?.hookId, "CONTINUE");
    const second = await paused(first.lifecycleHookDetails?.[0]?.hookId);
    expect(second.targetServiceRevision?.requestedProductionTrafficWeight).toBe(50);
    await answer(second.serviceDeploymentArn, second.lifecycleHookDetails?.[0]?.hookId, "CONTINUE");
    expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
  });

  test.each([
    ["ROLLBACK" as const, "ROLLBACK_SUCCESSFUL"],
    ["CONTINUE" as const, "SUCCESSFUL"],
  ])("nobody answers: %s when the time is over", async (action, status) => {
    const { endpoint } = await running({ timings: { hookMinuteMs: 20 } });
    await deploy([{ ...pauseAt("POST_SCALE_UP"), timeoutConfiguration: { timeoutInMinutes: 3, action } }]);
    expect((await ends(endpoint)).status).toBe(status);
    expect(hookEvents()).toEqual(["HOOK_AWAITING_ACTION POST_SCALE_UP", "HOOK_TIMED_OUT POST_SCALE_UP"]);
  });

  test("a rolling update pauses before its first task", async () => {
    const { endpoint, one } = await running({}, "ROLLING");
    const two = await deploy([pauseAt("PRE_SCALE_UP")]);
    const waiting = await paused();
    expect(waiting.targetServiceRevision?.requestedTaskCount).toBe(0);
    expect((await tasksOfWeb(endpoint)).map(({ taskDefinitionArn }) => taskDefinitionArn)).toEqual([
      one.arn,
      one.arn,
    ]);
    await answer(waiting.serviceDeploymentArn, waiting.lifecycleHookDetails?.[0]?.hookId, "CONTINUE");
    expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
    expect((await describeWeb(endpoint)).taskDefinition).toBe(two.arn);
  });

  test("a pause outlives a restart of the endpoint", async () => {
    const { endpoint } = await running();
    await deploy([pauseAt("POST_TEST_TRAFFIC_SHIFT")]);
    const waiting = await paused();
    await endpoint.stop({ keepState: true });
    traffic = await startTraffic({ stateDir: endpoint.stateDir, seeded: false });
    const again = await paused();
    expect(again.lifecycleHookDetails).toEqual(waiting.lifecycleHookDetails);
    await answer(again.serviceDeploymentArn, again.lifecycleHookDetails?.[0]?.hookId, "CONTINUE");
    expect((await ends(traffic.endpoint)).status).toBe("SUCCESSFUL");
    expect(await traffic.weights()).toEqual({ blue: 0, green: 100 });
  });
});

describe("functions", () => {
  const stages = [
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
  ] as const;
  const hook = (more: Partial<DeploymentLifecycleHook> = {}): DeploymentLifecycleHook => ({
    targetType: "AWS_LAMBDA",
    hookTargetArn: functionArn,
    roleArn: "arn:aws:iam::000000000000:role/hooks",
    lifecycleStages: [...stages],
    ...more,
  });

  interface Payload {
    readonly executionId: string;
    readonly lifecycleStage: string;
    readonly resourceArn: string;
    readonly executionDetails: {
      readonly serviceArn: string;
      readonly targetServiceRevisionArn: string;
      readonly testTrafficWeights: Readonly<Record<string, number>>;
      readonly productionTrafficWeights: Readonly<Record<string, number>>;
    };
    readonly hookDetails?: Readonly<Record<string, unknown>>;
  }

  /** A function that answers `{hookStatus}` by stage, and keeps what it was called with. */
  function recorder(respond: (payload: Payload, call: number) => unknown) {
    const calls: Payload[] = [];
    const invoke = async (arn: string, payload: unknown): Promise<unknown> => {
      expect(arn).toBe(functionArn);
      const read: Payload = JSON.parse(JSON.stringify(payload));
      calls.push(read);
      return respond(read, calls.length);
    };
    return { calls, invoke };
  }

  test("each stage calls the function with the documented payload", async () => {
    const { calls, invoke } = recorder(() => ({ hookStatus: "SUCCEEDED" }));
    const { endpoint } = await running({ invoke });
    await deploy([hook({ hookDetails: { bucket: "approvals" } })]);
    const done = await ends(endpoint);
    expect(done.status).toBe("SUCCESSFUL");
    const blue = done.sourceServiceRevisions?.[0]?.arn ?? "";
    const green = done.targetServiceRevision?.arn ?? "";
    const shifted = (stage: string): Record<string, number>[] => {
      const of = (weights: Readonly<Record<string, number>>): Record<string, number> =>
        Object.fromEntries(
          Object.entries(weights).map(([arn, weight]) => [
            arn === blue ? "blue" : arn === green ? "green" : arn,
            weight,
          ]),
        );
      const details = calls.find(({ lifecycleStage }) => lifecycleStage === stage)?.executionDetails;
      return [of(details?.testTrafficWeights ?? {}), of(details?.productionTrafficWeights ?? {})];
    };
    expect(calls.map(({ lifecycleStage }) => lifecycleStage)).toEqual([...stages]);
    expect(Object.fromEntries(stages.map((stage) => [stage, shifted(stage)]))).toEqual({
      PRE_SCALE_UP: [{}, {}],
      POST_SCALE_UP: [{}, {}],
      TEST_TRAFFIC_SHIFT: [{ green: 100, blue: 0 }, {}],
      POST_TEST_TRAFFIC_SHIFT: [{}, {}],
      PRE_PRODUCTION_TRAFFIC_SHIFT: [{}, { green: 0, blue: 100 }],
      PRODUCTION_TRAFFIC_SHIFT: [{}, { green: 100, blue: 0 }],
      POST_PRODUCTION_TRAFFIC_SHIFT: [{}, {}],
    });
    expect(calls[0]).toMatchObject({
      resourceArn: done.serviceDeploymentArn,
      executionDetails: { serviceArn: done.serviceArn, targetServiceRevisionArn: green },
      hookDetails: { bucket: "approvals" },
    });
    expect(new Set(calls.map(({ executionId }) => executionId)).size).toBe(stages.length);
  });

  test("IN_PROGRESS is asked again after the delay, with what it answered before", async () => {
    const { calls, invoke } = recorder((_payload, call) =>
      call < 3
        ? { hookStatus: "IN_PROGRESS", callBackDelay: 10, hookDetails: { calls: call } }
        : { hookStatus: "SUCCEEDED" },
    );
    const { endpoint } = await running({ invoke });
    await deploy([hook({ lifecycleStages: ["POST_SCALE_UP"], hookDetails: { bucket: "approvals" } })]);
    expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
    expect(calls.map(({ hookDetails }) => hookDetails)).toEqual([
      { bucket: "approvals" },
      { bucket: "approvals", calls: 1 },
      { bucket: "approvals", calls: 2 },
    ]);
    expect(new Set(calls.map(({ executionId }) => executionId)).size).toBe(1);
    expect(hookEvents()).toEqual(["HOOK_IN_PROGRESS POST_SCALE_UP", "HOOK_SUCCEEDED POST_SCALE_UP"]);
  });

  test.each<[string, () => unknown]>([
    ["FAILED", () => ({ hookStatus: "FAILED" })],
    ["an answer without hookStatus", () => ({})],
    [
      "an error",
      () => {
        throw new Error("out of luck");
      },
    ],
  ])("%s takes the deployment back, and the traffic shift hooks are told", async (_what, respond) => {
    const { calls, invoke } = recorder(({ lifecycleStage }) =>
      lifecycleStage === "POST_PRODUCTION_TRAFFIC_SHIFT" ? respond() : { hookStatus: "SUCCEEDED" },
    );
    const { endpoint, one } = await running({ invoke });
    await deploy([hook({ lifecycleStages: ["PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"] })]);
    const done = await ends(endpoint);
    expect(done.status).toBe("ROLLBACK_SUCCESSFUL");
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });
    expect(calls.map(({ lifecycleStage }) => lifecycleStage)).toEqual([
      "PRODUCTION_TRAFFIC_SHIFT",
      "POST_PRODUCTION_TRAFFIC_SHIFT",
      "PRODUCTION_TRAFFIC_SHIFT",
    ]);
    expect(calls.at(-1)?.executionDetails.productionTrafficWeights).toEqual({
      [done.sourceServiceRevisions?.[0]?.arn ?? ""]: 100,
      [done.targetServiceRevision?.arn ?? ""]: 0,
    });
  });

  test("the function may be one that the endpoint runs", async () => {
    const lambdas = await startLambdaEndpoint();
    try {
      const code =
        'export const handler = async ({ lifecycleStage }) => ({ hookStatus: lifecycleStage === "POST_SCALE_UP" ? "SUCCEEDED" : "FAILED" });';
      await lambdas.deploy("check", { "index.mjs": code });
      const { endpoint } = await running({
        invoke: (arn, payload) => lambdas.lambda.invoke(arn, payload),
      });
      await deploy([hook({ lifecycleStages: ["POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT"] })]);
      const done = await ends(endpoint);
      expect(done).toMatchObject({ status: "ROLLBACK_SUCCESSFUL" });
      expect(done.statusReason).toContain("POST_TEST_TRAFFIC_SHIFT");
    } finally {
      await lambdas.close();
    }
  });

  test("a pause and a function at one stage both count", async () => {
    const { invoke } = recorder(() => ({ hookStatus: "FAILED" }));
    const { endpoint } = await running({ invoke });
    await deploy([pauseAt("POST_SCALE_UP"), hook({ lifecycleStages: ["POST_SCALE_UP"] })]);
    expect((await ends(endpoint)).status).toBe("ROLLBACK_SUCCESSFUL");
  });
});
