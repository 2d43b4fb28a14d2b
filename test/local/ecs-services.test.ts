import {
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListServicesCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createWeb,
  deploymentEnds,
  describeWeb,
  detailOf,
  mixedCluster,
  register,
  taskIs,
  tasksOfWeb,
} from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { both } from "./ecs-images.ts";
import { image, startQuickly } from "./ecs-launch.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly({ simulatedStartMs: 20, simulatedRunMs: 50 });
});
afterEach(() => endpoint.stop());

describe("services", () => {
  test("what starts a deployment, and what does not", async () => {
    await mixedCluster(endpoint);
    const taskDefinition = await register(endpoint, await image(endpoint));
    await createWeb(endpoint, taskDefinition);
    await deploymentEnds(endpoint);
    const idAfter = async (change: Partial<UpdateServiceCommand["input"]>): Promise<string | undefined> => {
      const { service } = await endpoint.ecs.send(
        new UpdateServiceCommand({ cluster: "staging", service: "web", ...change }),
      );
      return service?.deployments?.[0]?.id;
    };
    const id = (await describeWeb(endpoint)).deployments?.[0]?.id;
    expect(await idAfter({ taskDefinition })).toBe(id);
    expect(await idAfter({ desiredCount: 3 })).toBe(id);
    expect(await idAfter({ deploymentConfiguration: { minimumHealthyPercent: 50 } })).toBe(id);
    const { deploymentConfiguration } = await describeWeb(endpoint);
    expect(deploymentConfiguration).toMatchObject({ minimumHealthyPercent: 50, maximumPercent: 200 });
    const capacityProviderStrategy = [{ capacityProvider: "x86", weight: 1 }];
    await expect(idAfter({ capacityProviderStrategy })).rejects.toThrow("you must force a new deployment");
    const forced = await idAfter({ capacityProviderStrategy, forceNewDeployment: true });
    expect(forced).not.toBe(id);
    // The same again is no change.
    expect(await idAfter({ capacityProviderStrategy })).toBe(forced);
    expect(
      await idAfter({ taskDefinition: await register(endpoint, await image(endpoint, both("two"))) }),
    ).not.toBe(forced);
  });

  test.each([
    ["a missing definition", { taskDefinition: "none" }, "ClientException"],
    ["a missing cluster", { cluster: "nowhere" }, "ClusterNotFoundException"],
    ["a second of the name", { serviceName: "web" }, "InvalidParameterException"],
    ["launch type and strategy", { launchType: "EC2" as const }, "InvalidParameterException"],
    [
      "limits that block",
      { deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 100 } },
      "InvalidParameterException",
    ],
  ])("refuses %s", async (_what, more, name) => {
    await mixedCluster(endpoint);
    const taskDefinition = await register(endpoint, await image(endpoint));
    await createWeb(endpoint, taskDefinition, { desiredCount: 0 });
    await expect(
      createWeb(endpoint, taskDefinition, { serviceName: "other", ...more }),
    ).rejects.toMatchObject({ name });
  });

  test("one that is deleted drains, and is INACTIVE in the end", async () => {
    await mixedCluster(endpoint);
    await createWeb(endpoint, await register(endpoint, await image(endpoint)));
    await deploymentEnds(endpoint);
    const remove = (force: boolean) =>
      endpoint.ecs.send(new DeleteServiceCommand({ cluster: "staging", service: "web", force }));
    await expect(remove(false)).rejects.toThrow("cannot be stopped while it is scaled above 0");
    const tasks = await tasksOfWeb(endpoint);
    expect((await remove(true)).service?.status).toBe("DRAINING");
    for (const { taskArn } of tasks) await stopped(taskArn ?? "");
    await expect(
      endpoint.ecs.send(new UpdateServiceCommand({ cluster: "staging", service: "web", desiredCount: 1 })),
    ).rejects.toMatchObject({ name: "ServiceNotActiveException" });
    const { serviceArns } = await endpoint.ecs.send(new ListServicesCommand({ cluster: "staging" }));
    expect(serviceArns).toEqual([]);
  });

  test("one that does not exist is a failure of DescribeServices", async () => {
    await mixedCluster(endpoint);
    const { failures } = await endpoint.ecs.send(
      new DescribeServicesCommand({ cluster: "staging", services: ["nothing"] }),
    );
    expect(failures).toEqual([
      { arn: "arn:aws:ecs:us-east-1:000000000000:service/staging/nothing", reason: "MISSING" },
    ]);
  });

  test("are brought back with new tasks, and no new deployment, after a restart", async () => {
    await mixedCluster(endpoint);
    const definition = await register(endpoint, await image(endpoint));
    await createWeb(endpoint, definition, { tags: [{ key: "team", value: "shop" }] });
    await deploymentEnds(endpoint);
    const before = await describeWeb(endpoint);
    const { stateDir } = endpoint;
    const old = await tasksOfWeb(endpoint);
    await endpoint.stop({ keepState: true });
    endpoint = await startEcs({ stateDir, deps: { timings: { simulatedStartMs: 20 } } });
    await endpoint.event("four running tasks", () => {
      const running = endpoint.events.filter((event) => detailOf(event, "lastStatus") === "RUNNING");
      return new Set(running.map(({ resources }) => resources[0])).size === 4;
    });
    const after = await describeWeb(endpoint);
    expect(after.deployments?.[0]?.id).toBe(before.deployments?.[0]?.id);
    expect(after).toMatchObject({ runningCount: 4, taskDefinition: definition });
    const tasks = await tasksOfWeb(endpoint);
    expect(tasks.some(({ taskArn }) => old.some((one) => one.taskArn === taskArn))).toBe(false);
  });
});

/** Resolves when a task has stopped. */
const stopped = (taskArn: string) => taskIs(endpoint, taskArn, "STOPPED");

describe("tasks", () => {
  const run = (more: Partial<RunTaskCommand["input"]> = {}) =>
    endpoint.ecs.send(
      new RunTaskCommand({
        cluster: "staging",
        taskDefinition: "web",
        startedBy: "hello/1/production/before",
        capacityProviderStrategy: [{ capacityProvider: "graviton", weight: 1 }],
        ...more,
      }),
    );

  test("RunTask runs one on a given architecture to its end", async () => {
    await mixedCluster(endpoint);
    await register(endpoint, await image(endpoint));
    const overrides = { containerOverrides: [{ name: "web", command: ["migrate"] }] };
    const { tasks = [], failures } = await run({ clientToken: "one", overrides });
    expect(failures).toEqual([]);
    expect((await run({ clientToken: "one", overrides })).tasks?.[0]?.taskArn).toBe(tasks[0]?.taskArn);
    await expect(run({ clientToken: "one" })).rejects.toMatchObject({ name: "ConflictException" });
    const taskArn = tasks[0]?.taskArn ?? "";
    await stopped(taskArn);
    const described = await endpoint.ecs.send(
      new DescribeTasksCommand({ cluster: "staging", tasks: [taskArn] }),
    );
    expect(described.tasks?.[0]).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "EssentialContainerExited",
      capacityProviderName: "graviton",
      startedBy: "hello/1/production/before",
      containers: [{ exitCode: 0 }],
      overrides,
    });
    const versions = endpoint.events
      .filter(({ resources }) => resources.includes(taskArn))
      .map((event) => Number(detailOf(event, "version")));
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  });

  test("RunTask says why a task cannot be placed", async () => {
    await mixedCluster(endpoint);
    await register(endpoint, await image(endpoint), {
      containerDefinitions: [{ name: "web", image: await image(endpoint), memory: 100_000 }],
    });
    const { tasks, failures } = await run({ count: 2 });
    expect(tasks).toEqual([]);
    expect(failures?.map(({ reason }) => reason)).toEqual(["RESOURCE:MEMORY", "RESOURCE:MEMORY"]);
  });

  test("a stopped task of a service is replaced", async () => {
    await mixedCluster(endpoint);
    await createWeb(endpoint, await register(endpoint, await image(endpoint)), { desiredCount: 1 });
    await deploymentEnds(endpoint);
    const [task] = await tasksOfWeb(endpoint);
    await endpoint.ecs.send(
      new StopTaskCommand({ cluster: "staging", task: task?.taskArn, reason: "just so" }),
    );
    await stopped(task?.taskArn ?? "");
    await endpoint.event(
      "another task",
      (event) => event.resources[0] !== task?.taskArn && detailOf(event, "lastStatus") === "RUNNING",
    );
    const [old] = await tasksOfWeb(endpoint, "STOPPED");
    expect(old).toMatchObject({ stopCode: "UserInitiated", stoppedReason: "just so" });
    expect((await describeWeb(endpoint)).deployments?.[0]).toMatchObject({
      failedTasks: 0,
      rolloutState: "COMPLETED",
    });
  });

  test("ListTasks filters and pages", async () => {
    await mixedCluster(endpoint);
    await createWeb(endpoint, await register(endpoint, await image(endpoint)));
    await deploymentEnds(endpoint);
    const list = (more: Partial<ListTasksCommand["input"]>) =>
      endpoint.ecs.send(new ListTasksCommand({ cluster: "staging", ...more }));
    const first = await list({ maxResults: 3 });
    const rest = await list({ maxResults: 3, nextToken: first.nextToken });
    expect(first.taskArns).toHaveLength(3);
    expect(rest.taskArns).toHaveLength(1);
    expect(rest.nextToken).toBeUndefined();
    expect((await list({ family: "web" })).taskArns).toHaveLength(4);
    expect((await list({ family: "other" })).taskArns).toEqual([]);
    const [task] = await tasksOfWeb(endpoint);
    expect((await list({ containerInstance: task?.containerInstanceArn })).taskArns).toEqual([task?.taskArn]);
    expect((await list({ startedBy: task?.startedBy })).taskArns).toHaveLength(4);
    await expect(list({ serviceName: "nothing" })).rejects.toMatchObject({
      name: "ServiceNotFoundException",
    });
  });
});
