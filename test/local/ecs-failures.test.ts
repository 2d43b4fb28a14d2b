import {
  DescribeServiceDeploymentsCommand,
  ListServiceDeploymentsCommand,
  StopServiceDeploymentCommand,
  UpdateContainerInstancesStateCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  addHost,
  architectureOf,
  byArchitecture,
  createWeb,
  deploymentEnds,
  describeWeb,
  detailOf,
  eventName,
  mixedCluster,
  register,
  taskIs,
  tasksOfWeb,
} from "./ecs-cluster.ts";
import type { EcsEndpoint } from "./ecs-endpoint.ts";
import { both } from "./ecs-images.ts";
import { image, startQuickly } from "./ecs-launch.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly({ firstRestartMs: 10, longestRestartMs: 20, simulatedStartMs: 20 });
});
afterEach(() => endpoint.stop());

const circuitBreaker = (more: { rollback?: boolean; resetOnHealthyTask?: boolean } = {}) => ({
  minimumHealthyPercent: 100,
  maximumPercent: 200,
  deploymentCircuitBreaker: { enable: true, rollback: true, ...more },
});

const deployments = async () => {
  const { serviceDeployments = [] } = await endpoint.ecs.send(
    new ListServiceDeploymentsCommand({ cluster: "staging", service: "web" }),
  );
  const { serviceDeployments: described = [] } = await endpoint.ecs.send(
    new DescribeServiceDeploymentsCommand({
      serviceDeploymentArns: serviceDeployments.flatMap(
        ({ serviceDeploymentArn }) => serviceDeploymentArn ?? [],
      ),
    }),
  );
  return described;
};

/** A service that runs a good first revision. */
async function runningWeb(more: Parameters<typeof createWeb>[2] = {}): Promise<string> {
  await mixedCluster(endpoint);
  const first = await register(endpoint, await image(endpoint));
  await createWeb(endpoint, first, more);
  await deploymentEnds(endpoint);
  return first;
}

const update = (taskDefinition: string) =>
  endpoint.ecs.send(new UpdateServiceCommand({ cluster: "staging", service: "web", taskDefinition }));

test("an arm64 image with an x86_64 program fails on arm64 only, trips the breaker and is rolled back", async () => {
  const first = await runningWeb({ deploymentConfiguration: circuitBreaker({ resetOnHealthyTask: false }) });
  const broken = await register(
    endpoint,
    await image(endpoint, [
      { architecture: "amd64", text: "two" },
      { architecture: "arm64", machine: "x86_64", text: "two" },
    ]),
  );
  await update(broken);
  await endpoint.event("the breaker", (event) => eventName(event) === "SERVICE_DEPLOYMENT_FAILED");
  await deploymentEnds(endpoint);

  const failed = (await tasksOfWeb(endpoint, "STOPPED")).filter(
    ({ stopCode }) => stopCode === "EssentialContainerExited",
  );
  expect(failed.length).toBeGreaterThanOrEqual(3);
  expect(new Set(failed.map(architectureOf))).toEqual(new Set(["arm64"]));
  expect(failed[0]?.containers?.[0]).toMatchObject({ exitCode: 255, reason: "exec /app: exec format error" });
  const running = await tasksOfWeb(endpoint);
  expect(running.every(({ taskDefinitionArn }) => taskDefinitionArn === first)).toBe(true);
  expect(byArchitecture(running)).toEqual({ x86_64: 2, arm64: 2 });

  const [deployment] = await deployments();
  expect(deployment).toMatchObject({
    status: "ROLLBACK_SUCCESSFUL",
    deploymentCircuitBreaker: { status: "TRIGGERED", threshold: 3 },
  });
  expect(deployment?.deploymentCircuitBreaker?.failureCount).toBeGreaterThanOrEqual(3);
  expect(deployment?.rollback?.serviceRevisionArn).toBe(deployment?.sourceServiceRevisions?.[0]?.arn);
  const service = await describeWeb(endpoint);
  expect(service.taskDefinition).toBe(first);
  expect(service.deployments?.[0]?.rolloutState).toBe("COMPLETED");
  const rolledBack = endpoint.events
    .filter(({ detailType }) => detailType === "ECS Deployment State Change")
    .find((event) => detailOf(event, "reason").includes("rolling back to deploymentId"));
  expect(rolledBack).toMatchObject({ detail: { eventName: "SERVICE_DEPLOYMENT_IN_PROGRESS" } });
});

test("without rollback the deployment stays failed, and what ran before goes on", async () => {
  await runningWeb({ deploymentConfiguration: circuitBreaker({ rollback: false }) });
  await update(await register(endpoint, `${endpoint.host}/hello:no-such-tag`));
  await deploymentEnds(endpoint, "SERVICE_DEPLOYMENT_FAILED");

  const service = await describeWeb(endpoint);
  expect(service.deployments?.map(({ status, rolloutState }) => [status, rolloutState])).toEqual([
    ["PRIMARY", "FAILED"],
    ["ACTIVE", "COMPLETED"],
  ]);
  expect(service.runningCount).toBe(4);
  expect((await deployments())[0]?.status).toBe("STOPPED");
  const failed = await tasksOfWeb(endpoint, "STOPPED");
  expect(failed[0]).toMatchObject({ stopCode: "TaskFailedToStart" });
  expect(failed[0]?.stoppedReason).toMatch(/^CannotPullContainerError: .*no-such-tag.*not found/);
});

test("a platform that the index lacks fails its tasks as a missing image does", async () => {
  await mixedCluster(endpoint);
  const amd64 = await register(endpoint, await image(endpoint, [{ architecture: "amd64" }]));
  await createWeb(endpoint, amd64, {
    deploymentConfiguration: circuitBreaker({ resetOnHealthyTask: false }),
  });
  await deploymentEnds(endpoint, "SERVICE_DEPLOYMENT_FAILED");

  const failed = (await tasksOfWeb(endpoint, "STOPPED")).filter(
    ({ stopCode }) => stopCode === "TaskFailedToStart",
  );
  expect(new Set(failed.map(architectureOf))).toEqual(new Set(["arm64"]));
  expect(failed[0]?.stoppedReason).toContain(
    "no matching manifest for linux/arm64 in the manifest list entries",
  );
  expect(failed[0]?.containers?.[0]?.reason).toContain("CannotPullContainerError");
});

test("by default a healthy task sets the count of failures back, so that crashes of the other architecture go on", async () => {
  await mixedCluster(endpoint);
  const amd64 = await register(endpoint, await image(endpoint, [{ architecture: "amd64" }]));
  await createWeb(endpoint, amd64, { desiredCount: 2, deploymentConfiguration: circuitBreaker() });
  await deploymentEnds(endpoint, "SERVICE_DEPLOYMENT_FAILED");
  const [deployment] = await deployments();
  expect(deployment?.deploymentCircuitBreaker).toMatchObject({ failureCount: 3, threshold: 3 });
  expect((await tasksOfWeb(endpoint)).map(architectureOf)).toEqual(["x86_64"]);
});

describe("placement", () => {
  test("a task without room waits, the service says why, and a new host lets it run", async () => {
    await mixedCluster(endpoint, "staging", { x86: 1, graviton: 0 });
    await createWeb(endpoint, await register(endpoint, await image(endpoint)), {
      desiredCount: 2,
    });
    const failure = await endpoint.event(
      "placement",
      (event) => eventName(event) === "SERVICE_TASK_PLACEMENT_FAILURE",
    );
    expect(failure).toMatchObject({
      detailType: "ECS Service Action",
      detail: {
        eventType: "ERROR",
        capacityProviderArns: ["arn:aws:ecs:us-east-1:000000000000:capacity-provider/graviton"],
      },
    });
    const messages = (await describeWeb(endpoint)).events?.map(({ message }) => message) ?? [];
    expect(messages.join("\n")).toContain(
      "was unable to place a task because no container instance met all of its",
    );

    await addHost(endpoint, "staging", "graviton", "i-late");
    await deploymentEnds(endpoint);
    expect(byArchitecture(await tasksOfWeb(endpoint))).toEqual({ x86_64: 1, arm64: 1 });
  });

  test("base and weight decide who gets how many", async () => {
    await mixedCluster(endpoint);
    await createWeb(endpoint, await register(endpoint, await image(endpoint)), {
      desiredCount: 9,
      capacityProviderStrategy: [
        { capacityProvider: "x86", base: 1, weight: 1 },
        { capacityProvider: "graviton", weight: 3 },
      ],
    });
    await deploymentEnds(endpoint);
    expect(byArchitecture(await tasksOfWeb(endpoint))).toEqual({ x86_64: 3, arm64: 6 });
  });

  test("a constraint on the architecture keeps tasks off the other hosts", async () => {
    await mixedCluster(endpoint);
    const { placementConstraints } = await createWeb(
      endpoint,
      await register(endpoint, await image(endpoint)),
      {
        capacityProviderStrategy: undefined,
        launchType: "EC2",
        placementConstraints: [{ type: "memberOf", expression: "attribute:ecs.cpu-architecture == arm64" }],
      },
    );
    expect(placementConstraints).toHaveLength(1);
    await deploymentEnds(endpoint);
    expect(byArchitecture(await tasksOfWeb(endpoint))).toEqual({ arm64: 4 });
  });

  test("a draining host's tasks are replaced elsewhere before they go", async () => {
    await runningWeb();
    const before = await tasksOfWeb(endpoint);
    const host = before.find((task) => architectureOf(task) === "arm64")?.containerInstanceArn ?? "";
    await endpoint.ecs.send(
      new UpdateContainerInstancesStateCommand({
        cluster: "staging",
        containerInstances: [host],
        status: "DRAINING",
      }),
    );
    const left = before.filter(({ containerInstanceArn }) => containerInstanceArn === host);
    for (const { taskArn } of left) {
      await taskIs(endpoint, taskArn, "STOPPED");
    }
    const after = await tasksOfWeb(endpoint);
    expect(after.some(({ containerInstanceArn }) => containerInstanceArn === host)).toBe(false);
    expect(byArchitecture(after)).toEqual({ x86_64: 2, arm64: 2 });
  });
});

describe("stopping a service deployment", () => {
  test("goes back to the revision before", async () => {
    const first = await runningWeb();
    // Nothing of the second revision can be placed, so that its deployment does not end by itself.
    const second = await register(endpoint, await image(endpoint, both("two")), {
      placementConstraints: [{ type: "memberOf", expression: "attribute:none exists" }],
    });
    await update(second);
    const [going] = await deployments();
    expect(going?.status).toBe("IN_PROGRESS");
    await endpoint.ecs.send(
      new StopServiceDeploymentCommand({
        serviceDeploymentArn: going?.serviceDeploymentArn,
        stopType: "ROLLBACK",
      }),
    );
    await deploymentEnds(endpoint);
    expect((await deployments())[0]?.status).toBe("ROLLBACK_SUCCESSFUL");
    expect((await describeWeb(endpoint)).taskDefinition).toBe(first);
  });

  test("one that has ended cannot be stopped", async () => {
    await runningWeb();
    const [ended] = await deployments();
    await expect(
      endpoint.ecs.send(
        new StopServiceDeploymentCommand({ serviceDeploymentArn: ended?.serviceDeploymentArn }),
      ),
    ).rejects.toMatchObject({ name: "ConflictException" });
  });
});
