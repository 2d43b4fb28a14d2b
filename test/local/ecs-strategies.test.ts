import { DescribeServiceRevisionsCommand, StopServiceDeploymentCommand } from "@aws-sdk/client-ecs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { createWeb, describeWeb, detailOf, eventName, tasksOfWeb } from "./ecs-cluster.ts";
import {
  answers,
  deploymentIs,
  ends,
  newestDeployment,
  startTraffic,
  type Traffic,
  updateWeb,
} from "./ecs-traffic.ts";

let traffic: Traffic;
afterEach(() => traffic.endpoint.stop());

type Configuration = NonNullable<Parameters<typeof updateWeb>[1]["deploymentConfiguration"]>;

/** The service `web` behind the load balancer, its first revision complete. */
async function running(deploymentConfiguration: Configuration) {
  traffic = await startTraffic();
  const one = await traffic.revision("one");
  await createWeb(traffic.endpoint, one.arn, {
    desiredCount: 2,
    deploymentConfiguration,
    loadBalancers: traffic.loadBalancers(true),
  });
  await ends(traffic.endpoint);
  return { endpoint: traffic.endpoint, one };
}

const stop = (serviceDeploymentArn: string | undefined, stopType: "ROLLBACK" | "ABORT") =>
  traffic.endpoint.ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn, stopType }));

describe("blue/green", () => {
  test("the new revision comes up in the other target group, and takes all the traffic at once", async () => {
    const { endpoint, one } = await running({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 3 });
    expect(await traffic.weights()).toEqual({ blue: 100 });
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });

    const two = await traffic.revision("two");
    await updateWeb(endpoint, { taskDefinition: two.arn });
    const baking = await deploymentIs(
      endpoint,
      "baking",
      ({ lifecycleStage }) => lifecycleStage === "BAKE_TIME",
    );
    expect(baking).toMatchObject({
      status: "IN_PROGRESS",
      targetServiceRevision: {
        requestedTaskCount: 2,
        runningTaskCount: 2,
        requestedProductionTrafficWeight: 100,
        requestedTestTrafficWeight: 100,
      },
      sourceServiceRevisions: [
        { requestedTaskCount: 2, runningTaskCount: 2, requestedProductionTrafficWeight: 0 },
      ],
    });
    expect(await traffic.weights()).toEqual({ blue: 0, green: 100 });
    expect(await answers(traffic.production, 4)).toEqual({ [two.digest]: 4 });
    const service = await describeWeb(endpoint);
    expect(service.deployments?.map(({ status, desiredCount }) => [status, desiredCount])).toEqual([
      ["PRIMARY", 2],
      ["ACTIVE", 2],
    ]);

    const done = await ends(endpoint);
    expect(done).toMatchObject({ status: "SUCCESSFUL", lifecycleStage: "CLEAN_UP" });
    expect(Number(done.finishedAt) - Number(done.startedAt)).toBeGreaterThanOrEqual(3 * 120);
    expect(await tasksOfWeb(endpoint)).toHaveLength(2);
    const { serviceRevisions = [] } = await endpoint.ecs.send(
      new DescribeServiceRevisionsCommand({
        serviceRevisionArns: [done.targetServiceRevision?.arn ?? ""],
      }),
    );
    expect(serviceRevisions[0]?.resolvedConfiguration?.loadBalancers?.[0]?.targetGroupArn).toContain(
      "targetgroup/green/",
    );

    const three = await traffic.revision("three");
    await updateWeb(endpoint, { taskDefinition: three.arn });
    expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
    expect(await traffic.weights()).toEqual({ blue: 100, green: 0 });
    expect(await answers(traffic.production, 4)).toEqual({ [three.digest]: 4 });
  });

  test("a stop with ROLLBACK while it bakes gives the traffic back at once", async () => {
    const { endpoint, one } = await running({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 0 });
    const before = await describeWeb(endpoint);
    const two = await traffic.revision("two");
    await updateWeb(endpoint, {
      taskDefinition: two.arn,
      deploymentConfiguration: { bakeTimeInMinutes: 1440 },
    });
    const baking = await deploymentIs(
      endpoint,
      "baking",
      ({ lifecycleStage }) => lifecycleStage === "BAKE_TIME",
    );
    await stop(baking.serviceDeploymentArn, "ROLLBACK");
    const done = await ends(endpoint);
    expect(done).toMatchObject({
      status: "ROLLBACK_SUCCESSFUL",
      statusReason: "Service deployment rolled back because it was requested.",
      rollback: { serviceRevisionArn: baking.sourceServiceRevisions?.[0]?.arn },
    });
    expect(await traffic.weights()).toEqual({ blue: 100, green: 0 });
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });
    const after = await describeWeb(endpoint);
    expect(after.taskDefinition).toBe(one.arn);
    expect(after.deployments?.map(({ id, rolloutState }) => [id, rolloutState])).toEqual([
      [before.deployments?.[0]?.id, "COMPLETED"],
    ]);
    await expect(stop(baking.serviceDeploymentArn, "ROLLBACK")).rejects.toMatchObject({
      name: "ConflictException",
    });
  });

  test("a stop with ABORT leaves both revisions and the traffic as they are; the next deployment tidies up", async () => {
    const { endpoint, one } = await running({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 0 });
    await updateWeb(endpoint, {
      taskDefinition: (await traffic.revision("two")).arn,
      deploymentConfiguration: {
        lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["POST_TEST_TRAFFIC_SHIFT"] }],
      },
    });
    const paused = await deploymentIs(
      endpoint,
      "paused",
      ({ lifecycleStage }) => lifecycleStage === "POST_TEST_TRAFFIC_SHIFT",
    );
    await stop(paused.serviceDeploymentArn, "ABORT");
    const done = await ends(endpoint);
    expect(done).toMatchObject({ status: "STOPPED", lifecycleHookDetails: [] });
    expect(await tasksOfWeb(endpoint)).toHaveLength(4);
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });

    const three = await traffic.revision("three");
    await updateWeb(endpoint, {
      taskDefinition: three.arn,
      deploymentConfiguration: {
        lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["PRE_SCALE_UP"] }],
      },
    });
    const next = await deploymentIs(
      endpoint,
      "before its scale-up",
      ({ lifecycleStage }) => lifecycleStage === "PRE_SCALE_UP",
    );
    // RECONCILE_SERVICE has removed what was aborted, and kept what serves.
    expect(next.sourceServiceRevisions).toHaveLength(2);
    expect((await tasksOfWeb(endpoint)).map(({ taskDefinitionArn }) => taskDefinitionArn)).toEqual([
      one.arn,
      one.arn,
    ]);
  });

  test("a service without a load balancer goes through the same stages", async () => {
    traffic = await startTraffic();
    const { endpoint } = traffic;
    await createWeb(endpoint, (await traffic.revision("one")).arn, {
      desiredCount: 1,
      deploymentConfiguration: { strategy: "BLUE_GREEN", bakeTimeInMinutes: 1 },
    });
    expect(await ends(endpoint)).toMatchObject({ status: "SUCCESSFUL", lifecycleStage: "CLEAN_UP" });
  });
});

describe("canary and linear", () => {
  test("a canary takes its percentage, then everything", async () => {
    const { endpoint, one } = await running({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 0 });
    const two = await traffic.revision("two");
    await updateWeb(endpoint, {
      taskDefinition: two.arn,
      deploymentConfiguration: {
        strategy: "CANARY",
        canaryConfiguration: { canaryPercent: 12.5, canaryBakeTimeInMinutes: 10 },
      },
    });
    const canary = await deploymentIs(
      endpoint,
      "a canary",
      ({ lifecycleStage, targetServiceRevision }) =>
        lifecycleStage === "PRODUCTION_TRAFFIC_SHIFT" &&
        targetServiceRevision?.requestedProductionTrafficWeight === 12.5,
    );
    expect(canary.sourceServiceRevisions?.[0]?.requestedProductionTrafficWeight).toBe(87.5);
    expect(await answers(traffic.production, 16)).toEqual({ [one.digest]: 14, [two.digest]: 2 });
    const done = await ends(endpoint);
    expect(done.status).toBe("SUCCESSFUL");
    expect(Number(done.finishedAt) - Number(done.startedAt)).toBeGreaterThanOrEqual(10 * 120);
    expect(await answers(traffic.production, 4)).toEqual({ [two.digest]: 4 });
  });

  test("a linear deployment goes in equal steps; a pause before each has a hook of its own", async () => {
    const { endpoint } = await running({ strategy: "BLUE_GREEN", bakeTimeInMinutes: 0 });
    await updateWeb(endpoint, {
      taskDefinition: (await traffic.revision("two")).arn,
      deploymentConfiguration: {
        strategy: "LINEAR",
        linearConfiguration: { stepPercent: 40, stepBakeTimeInMinutes: 1 },
        bakeTimeInMinutes: 0,
      },
    });
    const seen: (number | undefined)[] = [];
    await deploymentIs(endpoint, "done", ({ finishedAt, targetServiceRevision: target }) => {
      const weight = target?.requestedProductionTrafficWeight;
      if (seen.at(-1) !== weight) seen.push(weight);
      return finishedAt !== undefined;
    });
    expect(seen).toEqual([0, 40, 80, 100]);
    expect(await traffic.weights()).toEqual({ blue: 0, green: 100 });
  });
});

test("a rolling update that also scales up starts tasks of the new revision only", async () => {
  const { endpoint, one } = await running({ strategy: "ROLLING" });
  const two = await traffic.revision("two");
  await updateWeb(endpoint, { taskDefinition: two.arn, desiredCount: 4 });
  expect((await ends(endpoint)).status).toBe("SUCCESSFUL");
  const old = new Set(
    endpoint.events
      .filter(({ detail }) => detailOf({ detail }, "taskDefinitionArn") === one.arn)
      .map(({ resources }) => resources[0]),
  );
  expect(old.size).toBe(2);
});

describe("the circuit breaker", () => {
  test("tasks that fail the load balancer's health checks trip it, and nobody notices", async () => {
    const { endpoint, one } = await running({
      strategy: "BLUE_GREEN",
      deploymentCircuitBreaker: { enable: true, rollback: true },
    });
    const two = await traffic.revision("two", { TANDEM_SIMULATED_STATUS: "503" });
    await updateWeb(endpoint, { taskDefinition: two.arn });
    const done = await ends(endpoint);
    expect(done).toMatchObject({
      status: "ROLLBACK_SUCCESSFUL",
      deploymentCircuitBreaker: { status: "TRIGGERED", failureCount: 3 },
    });
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });
    const failed = await tasksOfWeb(endpoint, "STOPPED");
    expect(failed.map(({ stoppedReason }) => stoppedReason)).toContainEqual(
      expect.stringMatching(/^Task failed ELB health checks in \(target-group arn:.*targetgroup\/green\//),
    );
    expect(endpoint.events.map(eventName)).toContain("SERVICE_DEPLOYMENT_FAILED");
  });

  test("a percentage above 100 is refused, a count is not", async () => {
    const { endpoint } = await running({ strategy: "ROLLING" });
    const breaker = (type: "COUNT" | "UNBOUNDED_PERCENT") =>
      updateWeb(endpoint, {
        deploymentConfiguration: {
          deploymentCircuitBreaker: {
            enable: true,
            rollback: true,
            thresholdConfiguration: { type, value: 120 },
          },
        },
      });
    await expect(breaker("UNBOUNDED_PERCENT")).rejects.toMatchObject({ name: "InvalidParameterException" });
    await breaker("COUNT");
    await updateWeb(endpoint, { forceNewDeployment: true });
    expect((await newestDeployment(endpoint)).deploymentCircuitBreaker?.threshold).toBe(120);
  });
});

describe("what is refused", () => {
  const pause = (
    ...lifecycleStages: NonNullable<Configuration["lifecycleHooks"]>[number]["lifecycleStages"] & {}
  ) => ({
    targetType: "PAUSE" as const,
    lifecycleStages,
  });

  test.each<[string, Configuration, RegExp]>([
    [
      "a pause while traffic is shifted",
      { strategy: "BLUE_GREEN", lifecycleHooks: [pause("PRODUCTION_TRAFFIC_SHIFT")] },
      /cannot be configured at PRODUCTION_TRAFFIC_SHIFT/,
    ],
    [
      "a hook that a rolling update never reaches",
      { strategy: "ROLLING", lifecycleHooks: [pause("POST_TEST_TRAFFIC_SHIFT")] },
      /would never run/,
    ],
    [
      "a function without its ARN",
      { strategy: "BLUE_GREEN", lifecycleHooks: [{ lifecycleStages: ["POST_SCALE_UP"] }] },
      /needs hookTargetArn/,
    ],
    [
      "a percentage of traffic with two decimals",
      { strategy: "CANARY", canaryConfiguration: { canaryPercent: 0.25 } },
      /canaryPercent/,
    ],
    [
      "steps for a canary",
      { strategy: "CANARY", linearConfiguration: { stepPercent: 10 } },
      /only valid with the deployment strategy LINEAR/,
    ],
    [
      "early success",
      {
        strategy: "ROLLING",
        earlySuccessCriteria: { enable: true, healthyPercent: 100, sourceServiceRevisionCleanup: "BLOCKING" },
      },
      /earlySuccessCriteria/,
    ],
  ])("%s", async (_what, deploymentConfiguration, message) => {
    traffic = await startTraffic();
    const { arn } = await traffic.revision("one");
    await expect(createWeb(traffic.endpoint, arn, { deploymentConfiguration })).rejects.toThrow(message);
  });

  test("load balancers that are not there, or lack what blue/green needs", async () => {
    traffic = await startTraffic();
    const { arn } = await traffic.revision("one");
    const [balancer] = traffic.loadBalancers(false);
    if (balancer === undefined) throw new Error("no load balancer");
    const create = (loadBalancers: (typeof balancer)[], strategy: "ROLLING" | "BLUE_GREEN" = "ROLLING") =>
      createWeb(traffic.endpoint, arn, { loadBalancers, deploymentConfiguration: { strategy } });
    await expect(create([balancer], "BLUE_GREEN")).rejects.toThrow("needs advancedConfiguration");
    await expect(create([{ ...balancer, containerPort: 81 }])).rejects.toThrow(
      "did not have a container port 81",
    );
    await expect(create([{ ...balancer, containerName: "api" }])).rejects.toThrow("does not exist");
    await expect(create([{ ...balancer, targetGroupArn: "arn:none" }])).rejects.toMatchObject({
      name: "TargetGroupNotFoundException",
    });
    const [advanced] = traffic.loadBalancers(true);
    const green = advanced?.advancedConfiguration?.alternateTargetGroupArn ?? "";
    await traffic.endpoint.deploy(
      "lonely",
      "Resources: { Lonely: { Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: { Name: lonely } } }",
      {},
    );
    const lonely = green.replace(/targetgroup\/.*$/, "targetgroup/lonely/");
    const groups = await traffic.elb("DescribeTargetGroups", { "Names.member.1": "lonely" });
    const arnOfLonely = new RegExp(`${lonely}[0-9a-f]+`).exec(groups)?.[0] ?? "";
    await expect(create([{ ...balancer, targetGroupArn: arnOfLonely }])).rejects.toThrow(
      "does not have an associated load balancer",
    );
  });
});
