import type { RunTaskCommandInput, Task } from "@aws-sdk/client-ecs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { askOneOff, runOneOff } from "../../shared/effects/one-off-task.ts";
import type { OneOffTask } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { T0 } from "../pipeline/given.ts";
import { entered, plus, STAGE, stageWith, target } from "../pipeline/rolling.ts";
import { BASE, type FakeEcs } from "./ecs.ts";
import { awsError, denied } from "./fakes.ts";
import { around, at, HOSTS, NEXT, onTwoProviders, register, rolling, started, web } from "./rolling.ts";

const MIGRATE: OneOffTask = {
  run: "migrate",
  container: "web",
  command: ["npm", "run", "migrate"],
  timeoutMinutes: 30,
};
const key = { at: T0, ...web, when: "before", index: 0 } as const;

let ecs: FakeEcs;
beforeEach(() => {
  ecs = onTwoProviders();
});

const fresh = (change = {}, looked = {}) => rolling({ before: [MIGRATE], ...change }, looked);

async function ran(
  run: Run,
  definition: OneOffTask = MIGRATE,
  { lease = 0, when = "before" }: { lease?: number; when?: "before" | "after" } = {},
  change: Parameters<typeof around>[1] = {},
  more: Parameters<typeof around>[2] = {},
) {
  let input: Partial<RunTaskCommandInput> = {};
  const runTask: (typeof ecs.aws)["runTask"] = async (asked) => {
    input = asked;
    return { tasks: [{ taskArn: "arn:task/1" }] };
  };
  const { context, called } = around(ecs, { runTask, ...change }, more);
  const command = { type: "run-task", ...web, when, index: 0, definition, lease } as const;
  const { events } = await runOneOff(context, run, at(run).stage, command);
  return { events, input, called: called() };
}

describe("a task before the deployment", () => {
  test("runs the release's revision, once, where the service's tasks run", async () => {
    Object.assign(ecs.service, { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } } });
    const { events, input } = await ran(fresh());
    expect(input).toMatchObject({
      cluster: STAGE,
      taskDefinition: NEXT,
      count: 1,
      startedBy: "tandem/hello-1",
      group: "tandem:migrate",
      overrides: { containerOverrides: [{ name: "web", command: ["npm", "run", "migrate"] }] },
      capacityProviderStrategy: [
        { capacityProvider: "x86", base: 0, weight: 1 },
        { capacityProvider: "graviton", base: 0, weight: 3 },
      ],
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
    });
    expect(input).not.toHaveProperty("placementConstraints");
    expect(events).toEqual([{ type: "task.started", ...key, taskArn: "arn:task/1", taskDefinition: NEXT }]);
  });

  test("is known to ECS by its place: a claim taken over finds the same task, and the same revision", async () => {
    const first = await ran(fresh());
    const again = await ran(fresh(), MIGRATE, { lease: 1 });
    expect(again.input.clientToken).toBe(first.input.clientToken);
    expect(again.input.clientToken).toHaveLength(64);
    expect(again.called).not.toContain("RegisterTaskDefinition");
    expect(again.input.taskDefinition).toBe(first.input.taskDefinition);
    const after = await ran(fresh(), MIGRATE, { when: "after" });
    expect(after.input.clientToken).not.toBe(first.input.clientToken);
  });

  test("and so does the deployment: the revision of the task is that of the service", async () => {
    register(ecs);
    const begun: readonly RunEvent[] = [
      { type: "task.requested", ...key, lease: 0 },
      { type: "task.started", ...key, taskArn: "arn:task/1", taskDefinition: NEXT },
    ];
    const second = await ran(plus(fresh(), ...begun));
    expect(second.input.taskDefinition).toBe(NEXT);
    expect(second.called).not.toContain("RegisterTaskDefinition");
  });

  test("is not run with a release that the hosts could not run", async () => {
    const gone = {
      ecr: {
        batchGetImage: async () => ({ images: [], failures: [{ failureCode: "ImageNotFound" as const }] }),
      },
    };
    const { events, called } = await ran(fresh(), MIGRATE, {}, {}, gone);
    expect(called).not.toContain("RunTask");
    expect(called).not.toContain("RegisterTaskDefinition");
    expect(events).toMatchObject([
      { type: "task.ended", failure: { reason: expect.stringContaining("service web cannot start") } },
    ]);
  });
});

describe("on an architecture", () => {
  const on = (architecture: "x86_64" | "arm64") => ({ ...MIGRATE, architecture });

  test("only the providers with such hosts are named: ECS chooses one before it looks at constraints", async () => {
    const { input } = await ran(fresh(), on("arm64"));
    expect(input.capacityProviderStrategy).toEqual([{ capacityProvider: "graviton", base: 0, weight: 1 }]);
    expect(input.placementConstraints).toEqual([
      { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [arm64]" },
    ]);
  });

  test("beside the service's own constraints, without one of ours that no longer holds", async () => {
    Object.assign(ecs.service, {
      placementConstraints: [
        { type: "memberOf", expression: "attribute:zone == a" },
        { type: "distinctInstance" },
        { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [x86_64]" },
      ],
    });
    const looked = { hosts: HOSTS };
    expect((await ran(fresh({}, looked), on("arm64"))).input.placementConstraints).toEqual([
      { type: "memberOf", expression: "attribute:zone == a" },
      { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [arm64]" },
    ]);
    expect((await ran(fresh({}, looked))).input.placementConstraints).toEqual([
      { type: "memberOf", expression: "attribute:zone == a" },
    ]);
  });

  test("of a service with a launch type, by a constraint alone", async () => {
    Object.assign(ecs.service, { capacityProviderStrategy: [], launchType: "EC2" });
    const both = ["launch type EC2"];
    const bare = entered(stageWith([target("web", { before: [MIGRATE] })]), {
      baseTaskDefinition: BASE,
      hosts: { x86_64: both, arm64: both },
    });
    const { input } = await ran(bare, on("arm64"));
    expect(input.launchType).toBe("EC2");
    expect(input).not.toHaveProperty("capacityProviderStrategy");
    expect(input.placementConstraints).toHaveLength(1);
  });

  test("on Fargate the revision says it: constraints are not known there", async () => {
    const fargate = { FARGATE: { base: 0, weight: 1 } };
    const looked = { hosts: { arm64: ["FARGATE"] }, baseCapacity: fargate };
    const { input } = await ran(fresh({}, looked), on("arm64"));
    expect(input.capacityProviderStrategy).toEqual([{ capacityProvider: "FARGATE", base: 0, weight: 1 }]);
    expect(input).not.toHaveProperty("placementConstraints");
    const { events } = await ran(fresh({}, looked), on("x86_64"));
    expect(events).toMatchObject([
      {
        type: "task.ended",
        failure: { reason: "no host of service web is x86_64, where task migrate is to run; it has arm64" },
      },
    ]);
  });

  test("that the service does without, no task goes to", async () => {
    const confined = fresh({}, { hosts: { x86_64: ["x86"] }, constrainTo: "x86_64", idle: ["graviton"] });
    const { input } = await ran(confined);
    expect(input.capacityProviderStrategy).toEqual([{ capacityProvider: "x86", base: 0, weight: 1 }]);
    expect(input.placementConstraints).toEqual([
      { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [x86_64]" },
    ]);
    const again = plus(fresh({}, { hosts: HOSTS }), ...started(), {
      type: "deployment.quarantined",
      at: T0,
      ...web,
      deploymentId: "ecs-svc/2",
      quarantine: {
        architecture: "arm64",
        providers: ["graviton"],
        failure: { reason: "exec format error" },
      },
      verdict: [],
    });
    expect((await ran(again)).input.capacityProviderStrategy).toEqual([
      { capacityProvider: "x86", base: 0, weight: 1 },
    ]);
  });
});

describe("what ECS refuses", () => {
  test.each([
    ["InvalidParameterException", "ECS refused to run task migrate: said AWS"],
    ["ConflictException", "ECS refused to run task migrate: said AWS"],
    ["ClusterNotFoundException", "ECS refused to run task migrate: said AWS"],
  ])("%s ends the task", async (name, reason) => {
    const { events } = await ran(fresh(), MIGRATE, {}, { runTask: () => Promise.reject(awsError(name)) });
    expect(events).toMatchObject([{ type: "task.ended", failure: { reason }, lines: [] }]);
  });

  test("a permission that is missing is named, with the role", async () => {
    const forbidden = { runTask: () => Promise.reject(denied("ecs:RunTask")) };
    const { events } = await ran(fresh(), MIGRATE, {}, forbidden);
    const remedy = expect.stringMatching(/^give the role tandem-on-build-change the permission ecs:RunTask/);
    expect(events).toMatchObject([{ type: "task.ended", failure: { remedy } }]);
  });

  test("a throttled call is made another time", async () => {
    const throttled = { runTask: () => Promise.reject(awsError("ThrottlingException")) };
    await expect(ran(fresh(), MIGRATE, {}, throttled)).rejects.toThrow();
  });

  test("a task that finds no host says why", async () => {
    const full = {
      runTask: async () => ({ tasks: [], failures: [{ reason: "RESOURCE:MEMORY", detail: "1024 wanted" }] }),
    };
    expect((await ran(fresh(), MIGRATE, {}, full)).events).toMatchObject([
      { failure: { reason: "task migrate could not be placed: RESOURCE:MEMORY: 1024 wanted" } },
    ]);
  });
});

describe("how a task ended", () => {
  const logging = {
    taskDefinitionArn: BASE,
    family: "web",
    containerDefinitions: [
      {
        name: "web",
        logConfiguration: {
          logDriver: "awslogs" as const,
          options: { "awslogs-group": "/ecs/web", "awslogs-stream-prefix": "web" },
        },
      },
    ],
  };
  const logs = (...messages: readonly string[]) => ({
    logs: { getLogEvents: async () => ({ events: messages.map((message) => ({ message })) }) },
  });

  async function asked(task: Task | undefined, late = false, more: Parameters<typeof around>[2] = {}) {
    ecs.revisions.set(BASE, { tags: [], document: logging });
    const change = { describeTasks: async () => ({ tasks: task === undefined ? [] : [task] }) };
    const { context, calls, called } = around(ecs, change, more);
    const command = {
      type: "ask-task",
      ...web,
      when: "before",
      index: 0,
      definition: MIGRATE,
      taskArn: "arn:task/1",
      late,
    } as const;
    const { events } = await askOneOff(context, command);
    return { events, calls, called: called() };
  }
  const stopped = (exitCode?: number, change: Task = {}): Task => ({
    taskArn: "arn:aws:ecs:us-east-1:0:task/production/abc",
    taskDefinitionArn: BASE,
    lastStatus: "STOPPED",
    containers: [
      { name: "sidecar", exitCode: 137 },
      { name: "web", ...(exitCode === undefined ? {} : { exitCode }) },
    ],
    ...change,
  });

  test("well, when the container did, whatever became of the others; with its log's last lines", async () => {
    const { events, calls } = await asked(stopped(0), false, logs("migrating\n", "done\n"));
    expect(events).toEqual([{ type: "task.ended", ...key, lines: ["migrating", "done"] }]);
    expect(calls.find(({ operation }) => operation === "GetLogEvents")?.input).toMatchObject({
      logGroupName: "/ecs/web",
      logStreamName: "web/web/abc",
    });
  });

  test("a log that may not be read hides nothing of the outcome, and secrets in it are not kept", async () => {
    const { events } = await asked(stopped(0), false, {
      logs: { getLogEvents: () => Promise.reject(awsError("AccessDeniedException")) },
    });
    expect(events).toEqual([{ type: "task.ended", ...key, lines: [] }]);
    const { events: told } = await asked(
      stopped(1),
      false,
      logs("AWS_SECRET_ACCESS_KEY=abcdefghij0123456789abcdefghij0123456789"),
    );
    expect(JSON.stringify(told)).not.toContain("abcdefghij0123456789");
  });

  test.each([
    [stopped(1), "task migrate ended with exit code 1"],
    [
      stopped(255, { containers: [{ name: "web", exitCode: 255, reason: "exec format error" }] }),
      "task migrate ended with exit code 255 (exec format error)",
    ],
    [
      stopped(undefined, { stoppedReason: "CannotPullContainerError: gone" }),
      "task migrate ended without an exit code (CannotPullContainerError: gone)",
    ],
  ])("badly", async (task, reason) => {
    expect((await asked(task, false, logs())).events).toMatchObject([
      { type: "task.ended", failure: { reason } },
    ]);
  });

  test("not yet", async () => {
    expect((await asked(stopped(0, { lastStatus: "RUNNING" }))).events).toEqual([]);
  });

  test("late: it is stopped", async () => {
    const { events, called } = await asked(stopped(0, { lastStatus: "RUNNING" }), true, logs("still busy"));
    expect(called).toContain("StopTask");
    expect(events).toMatchObject([
      {
        type: "task.ended",
        failure: { reason: "task migrate took longer than 30 minutes, and was stopped" },
        lines: ["still busy"],
      },
    ]);
    // One that ended in time, though nobody heard of it, has not failed.
    expect((await asked(stopped(0), true, logs())).events).toEqual([
      { type: "task.ended", ...key, lines: [] },
    ]);
  });

  test("nobody knows: ECS forgets tasks after an hour", async () => {
    expect((await asked(undefined)).events).toMatchObject([
      {
        type: "task.ended",
        failure: { reason: expect.stringContaining("ECS knows nothing of task migrate") },
      },
    ]);
  });
});
