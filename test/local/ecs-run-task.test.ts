import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeTasksCommand,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  type RunTaskCommandOutput,
  StopTaskCommand,
  type Task,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { simulatedEnd } from "../../local/ecs/simulated-command.ts";
import { StoppedTasks } from "../../local/ecs/stopped-tasks.ts";
import type { Task as LocalTask } from "../../local/ecs/task.ts";
import { createRepository, mixedCluster, register, taskIs } from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { both, pushIndex } from "./ecs-images.ts";

let endpoint: EcsEndpoint;
let image: string;

beforeEach(async () => {
  endpoint = await startEcs({ deps: { timings: { simulatedStartMs: 10, simulatedRunMs: 20 } } });
  await createRepository(endpoint, "hello");
  image = `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", both("one"))}`;
});
afterEach(() => endpoint.stop());

const run = (more: Partial<RunTaskCommandInput> = {}): Promise<RunTaskCommandOutput> =>
  endpoint.ecs.send(
    new RunTaskCommand({
      cluster: "staging",
      taskDefinition: "web",
      capacityProviderStrategy: [{ capacityProvider: "graviton", weight: 1 }],
      ...more,
    }),
  );
const command = (...words: string[]) => ({ containerOverrides: [{ name: "web", command: words }] });

/** Waits for the end of a one-off task. */
const ended = async ({ tasks = [] }: RunTaskCommandOutput): Promise<Task | undefined> => {
  const taskArn = tasks[0]?.taskArn ?? "";
  await taskIs(endpoint, taskArn, "STOPPED");
  const described = await endpoint.ecs.send(
    new DescribeTasksCommand({ cluster: "staging", tasks: [taskArn] }),
  );
  return described.tasks?.[0];
};

describe("a one-off task", () => {
  test("leaves its exit code, its overrides and its log behind", async () => {
    await mixedCluster(endpoint);
    await register(endpoint, image, {
      containerDefinitions: [
        {
          name: "web",
          image,
          memory: 128,
          logConfiguration: {
            logDriver: "awslogs",
            options: {
              "awslogs-group": "/ecs/web",
              "awslogs-stream-prefix": "migrate",
              "awslogs-region": "us-east-1",
            },
          },
        },
      ],
    });
    const overrides = command("sh", "-c", "echo migrating 3 tables; exit 3");
    const task = await ended(await run({ overrides, startedBy: "hello/1", group: "migrations" }));
    expect(task).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "EssentialContainerExited",
      stoppedReason: "Essential container in task exited",
      group: "migrations",
      startedBy: "hello/1",
      overrides,
      containers: [{ exitCode: 3 }],
    });
    const logs = new CloudWatchLogsClient({
      endpoint: endpoint.url,
      region: "us-east-1",
      credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    });
    const id = task?.taskArn?.split("/").at(-1) ?? "";
    const { events } = await logs.send(
      new GetLogEventsCommand({
        logGroupName: "/ecs/web",
        logStreamName: `migrate/web/${id}`,
        startFromHead: true,
      }),
    );
    logs.destroy();
    expect(events?.map(({ message }) => message)).toEqual([
      "simulated: this machine has no container engine, nothing was executed",
      "migrating 3 tables",
    ]);
  });

  test("fails as its environment says", async () => {
    await mixedCluster(endpoint);
    await register(endpoint, image);
    const environment = [{ name: "TANDEM_SIMULATED_EXIT_CODE", value: "7" }];
    const task = await ended(
      await run({ overrides: { containerOverrides: [{ name: "web", environment }] } }),
    );
    expect(task?.containers?.[0]?.exitCode).toBe(7);
  });

  test("that takes too long is stopped, and says why", async () => {
    await mixedCluster(endpoint);
    await register(endpoint, image);
    const started = await run({ overrides: command("sleep", "60") });
    const taskArn = started.tasks?.[0]?.taskArn;
    await taskIs(endpoint, taskArn, "RUNNING");
    await endpoint.ecs.send(
      new StopTaskCommand({ cluster: "staging", task: taskArn, reason: "timed out after 1 minute" }),
    );
    expect(await ended(started)).toMatchObject({
      stopCode: "UserInitiated",
      stoppedReason: "timed out after 1 minute",
      containers: [{ exitCode: 137 }],
    });
  });

  test("takes what its overrides say from its host", async () => {
    await mixedCluster(endpoint, "staging", { x86: 0, graviton: 1 });
    await register(endpoint, image);
    const big = await run({ overrides: { cpu: "1024", memory: "1 GB" } });
    expect(big.tasks?.[0]).toMatchObject({ cpu: "1024", memory: "1024" });
    const container = { name: "web", cpu: 1025 };
    const second = await run({ overrides: { containerOverrides: [container] } });
    expect(second.failures?.map(({ reason }) => reason)).toEqual(["RESOURCE:CPU"]);
  });

  test("is refused with what it cannot have", async () => {
    await mixedCluster(endpoint);
    await register(endpoint, image);
    const long = "x".repeat(8192);
    await expect(run({ overrides: command(long) })).rejects.toThrow(
      "overrides may have up to 8192 characters",
    );
    await expect(
      run({ overrides: { containerOverrides: [{ name: "sidecar", command: ["a"] }] } }),
    ).rejects.toThrow("Override for container named sidecar is not a container in the TaskDefinition.");
    await expect(run({ count: 11 })).rejects.toThrow("count must be between 1 and 10");
    await expect(run({ startedBy: "x".repeat(129) })).rejects.toThrow("startedBy may have up to 128");
    await expect(run({ clientToken: "x".repeat(65) })).rejects.toThrow("clientToken may have up to 64");
    await expect(run({ launchType: "EC2" })).rejects.toThrow("both a launch type and capacity provider");
    await expect(run({ group: "service:web" })).rejects.toThrow("is a service's");
  });

  test("finds no host: each failure says why", async () => {
    await mixedCluster(endpoint, "staging", { x86: 1, graviton: 0 });
    await register(endpoint, image);
    expect((await run()).failures?.[0]?.reason).toBe("EMPTY CAPACITY PROVIDER");
    const constrained = await run({
      launchType: "EC2",
      capacityProviderStrategy: undefined,
      placementConstraints: [{ type: "memberOf", expression: "attribute:ecs.cpu-architecture == arm64" }],
    });
    expect(constrained.failures?.[0]?.reason).toBe("MemberOf placement constraint unsatisfied.");
    const distinct = await run({
      count: 2,
      launchType: "EC2",
      capacityProviderStrategy: undefined,
      placementConstraints: [{ type: "distinctInstance" }],
    });
    expect([distinct.tasks?.length, distinct.failures?.length]).toEqual([1, 1]);
  });
});

test("tasks are listed by page, and found by group of filters", async () => {
  await mixedCluster(endpoint);
  await register(endpoint, image);
  for (let round = 0; round < 3; round++) {
    await run({ count: 10, startedBy: `r${round}`, overrides: command("sleep", "60") });
  }
  const seen: string[] = [];
  let nextToken: string | undefined;
  do {
    const answer = await endpoint.ecs.send(
      new ListTasksCommand({ cluster: "staging", maxResults: 12, ...(nextToken && { nextToken }) }),
    );
    seen.push(...(answer.taskArns ?? []));
    nextToken = answer.nextToken;
  } while (nextToken !== undefined);
  expect([seen.length, new Set(seen).size]).toEqual([30, 30]);
  const ofOne = await endpoint.ecs.send(
    new ListTasksCommand({ cluster: "staging", startedBy: "r1", launchType: "EC2", family: "web" }),
  );
  expect(ofOne.taskArns).toHaveLength(10);
  const onFargate = await endpoint.ecs.send(
    new ListTasksCommand({ cluster: "staging", launchType: "FARGATE" }),
  );
  expect(onFargate.taskArns).toEqual([]);
});

test("stopped tasks are forgotten after an hour", () => {
  let now = 0;
  const stopped = new StoppedTasks(() => now);
  const at = (arn: string, stoppedAt: number): LocalTask => ({
    arn,
    id: arn,
    cluster: "staging",
    clusterArn: "",
    taskDefinitionArn: "",
    family: "",
    launchType: "FARGATE",
    architecture: "arm64",
    availabilityZone: "",
    group: "",
    attributes: [],
    overrides: {},
    cpu: 0,
    memory: 0,
    hostPorts: [],
    connectivity: "CONNECTED",
    createdAt: 0,
    tags: [],
    containers: [],
    lastStatus: "STOPPED",
    desiredStatus: "STOPPED",
    healthStatus: "UNKNOWN",
    version: 1,
    updatedAt: 0,
    stoppedAt,
  });
  stopped.add(at("one", 0));
  now = 1_800_000;
  stopped.add(at("two", now));
  now = 3_600_001;
  expect(stopped.all().map(({ arn }) => arn)).toEqual(["two"]);
});

describe("what a simulated container does", () => {
  const end = (words: readonly string[], environment: Record<string, string> = {}, oneOff = true) =>
    simulatedEnd({ environment, command: words, oneOff, runMs: 100 });

  test.each([
    [["npm", "run", "migrate"], 0, 100, []],
    [["false"], 1, 100, []],
    [["exit", "4"], 4, 100, []],
    [["sleep", "2"], 0, 2000, []],
    [["echo", "hello", "there"], 0, 100, ["hello there"]],
    [["sh", "-c", "echo 'one'; sleep 1; exit 2"], 2, 1000, ["one"]],
    [["/bin/sh", "-ec", "false && echo never; echo after"], 0, 100, ["after"]],
    [["sh", "-c", "exit"], 0, 100, []],
    [["sh", "-c", "exit x"], 2, 100, []],
  ])("%j", (words, exitCode, afterMs, lines) => {
    expect(end(words)).toEqual({ exitCode, afterMs, lines });
  });

  test("a service's runs on, unless its environment says otherwise", () => {
    expect(end(["false"], {}, false)).toBeUndefined();
    expect(end(["serve"], { TANDEM_SIMULATED_EXIT_CODE: "9" }, false)).toMatchObject({ exitCode: 9 });
    expect(end(["serve"], { TANDEM_SIMULATED_SECONDS: "3" }, false)).toMatchObject({
      exitCode: 0,
      afterMs: 3000,
    });
  });
});
