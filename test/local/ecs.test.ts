import {
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  ListServiceDeploymentsCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  byArchitecture,
  createRepository,
  createWeb,
  deploymentEnds,
  describeWeb,
  eventName,
  mixedCluster,
  register,
  tasksOfWeb,
} from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { both, pushIndex } from "./ecs-images.ts";

describe("a service on mixed capacity", () => {
  let endpoint: EcsEndpoint;

  beforeEach(async () => {
    endpoint = await startEcs();
    await mixedCluster(endpoint);
    await createRepository(endpoint, "hello");
  });
  afterEach(() => endpoint.stop());

  const indexOf = async (text: string): Promise<string> =>
    `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", both(text))}`;

  test("starts its tasks on both architectures, and says so in its events", async () => {
    const image = await indexOf("one");
    await createWeb(endpoint, await register(endpoint, image));
    await deploymentEnds(endpoint);

    const tasks = await tasksOfWeb(endpoint);
    expect(byArchitecture(tasks)).toEqual({ x86_64: 2, arm64: 2 });
    expect(new Set(tasks.map(({ containerInstanceArn }) => containerInstanceArn)).size).toBe(4);
    for (const task of tasks) {
      expect(task).toMatchObject({ lastStatus: "RUNNING", launchType: "EC2", group: "service:web" });
      expect(task.containers?.[0]?.imageDigest).toBe(image.split("@")[1]);
      expect(task.attributes).toContainEqual({ name: "tandem.simulated", value: "true" });
    }
    const service = await describeWeb(endpoint);
    expect(service).toMatchObject({ desiredCount: 4, runningCount: 4, pendingCount: 0 });
    expect(service.deployments).toHaveLength(1);
    expect(service.deployments?.[0]).toMatchObject({
      status: "PRIMARY",
      rolloutState: "COMPLETED",
      failedTasks: 0,
    });
    expect(service.events?.[0]?.message).toBe("(service web) has reached a steady state.");
    expect(endpoint.events.map(eventName)).toContain("SERVICE_STEADY_STATE");
  });

  test("rolls to a new revision: all new tasks run before the old ones are gone", async () => {
    await createWeb(endpoint, await register(endpoint, await indexOf("one")));
    await deploymentEnds(endpoint);
    const before = endpoint.events.length;
    const taskDefinition = await register(endpoint, await indexOf("two"));
    await endpoint.ecs.send(new UpdateServiceCommand({ cluster: "staging", service: "web", taskDefinition }));
    await deploymentEnds(endpoint);

    const tasks = await tasksOfWeb(endpoint);
    expect(byArchitecture(tasks)).toEqual({ x86_64: 2, arm64: 2 });
    expect(tasks.every((task) => task.taskDefinitionArn === taskDefinition)).toBe(true);
    const names = endpoint.events
      .slice(before)
      .map(eventName)
      .filter((name) => name.startsWith("SERVICE_"));
    expect(names).toEqual([
      "SERVICE_DEPLOYMENT_IN_PROGRESS",
      "SERVICE_DEPLOYMENT_COMPLETED",
      "SERVICE_STEADY_STATE",
    ]);
    expect(leastRunning(endpoint, before)).toBeGreaterThanOrEqual(4);
    const { serviceDeployments = [] } = await endpoint.ecs.send(
      new ListServiceDeploymentsCommand({ cluster: "staging", service: "web" }),
    );
    expect(serviceDeployments.map(({ status }) => status)).toEqual(["SUCCESSFUL", "SUCCESSFUL"]);
    const described = await endpoint.ecs.send(
      new DescribeServiceDeploymentsCommand({
        serviceDeploymentArns: [serviceDeployments[0]?.serviceDeploymentArn ?? ""],
      }),
    );
    const deployment = described.serviceDeployments?.[0];
    expect(deployment?.targetServiceRevision).toMatchObject({ requestedTaskCount: 4, runningTaskCount: 4 });
    const revisions = await endpoint.ecs.send(
      new DescribeServiceRevisionsCommand({
        serviceRevisionArns: [deployment?.targetServiceRevision?.arn ?? ""],
      }),
    );
    expect(revisions.serviceRevisions?.[0]?.containerImages?.[0]?.imageDigest).toBe(
      tasks[0]?.containers?.[0]?.imageDigest,
    );
  });
});

/** The fewest tasks that were RUNNING at once after an event, by the task events alone. */
function leastRunning(endpoint: EcsEndpoint, from: number): number {
  const running = new Set<string>();
  let least = Number.POSITIVE_INFINITY;
  endpoint.events.forEach(({ detailType, detail, resources }, index) => {
    if (detailType !== "ECS Task State Change" || typeof detail !== "object" || detail === null) return;
    const arn = resources[0] ?? "";
    if ("lastStatus" in detail && detail.lastStatus === "RUNNING") running.add(arn);
    else running.delete(arn);
    if (index >= from) least = Math.min(least, running.size);
  });
  return least;
}
