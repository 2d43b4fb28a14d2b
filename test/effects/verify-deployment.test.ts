import type { Task } from "@aws-sdk/client-ecs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { verifyDeployment } from "../../shared/effects/verify-deployment.ts";
import {
  digest,
  INDEX,
  prepared,
  runAfter,
  service,
  stageEntered,
  stageOf,
  T0,
  UNTIL_PUBLISHED,
} from "../pipeline/given.ts";
import { BASE, type FakeEcs, fakeEcs, task } from "./ecs.ts";
import { contextOf, fakeAws, operations, said } from "./fakes.ts";

const OURS = "ecs-svc/2";
const NEXT = BASE.replace(/1$/, "2");
const key = { at: T0, ...service("staging") };

const run = runAfter(
  ...UNTIL_PUBLISHED,
  stageEntered("staging", [{ ...prepared("staging"), baseTaskDefinition: BASE }]),
  { type: "deployment.started", ...key, serviceArn: "arn", taskDefinition: NEXT, deploymentId: OURS },
);

let ecs: FakeEcs;
beforeEach(async () => {
  ecs = fakeEcs("staging");
  await ecs.aws.updateService({ cluster: "staging", service: "web", taskDefinition: NEXT });
  rollout("COMPLETED");
});

/** What ECS says of our deployment. */
function rollout(rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED", reason?: string): void {
  const [ours] = ecs.service.deployments ?? [];
  Object.assign(ours ?? {}, { rolloutState, rolloutStateReason: reason });
}

/** Somebody's later deployment of a task definition takes the first place. */
async function replacedBy(taskDefinition: string, oursStays: boolean): Promise<void> {
  await ecs.aws.updateService({ cluster: "staging", service: "web", taskDefinition });
  if (!oursStays) Object.assign(ecs.service, { deployments: ecs.service.deployments?.slice(0, 1) });
}

async function verified() {
  const { aws, calls } = fakeAws({ ecs: ecs.aws });
  const { events } = await verifyDeployment(contextOf(aws), run, stageOf(run, "staging"), {
    type: "verify-deployment",
    ...service("staging"),
    deploymentId: OURS,
  });
  return { events, calls, called: operations(calls) };
}

const good = (n: number, architecture = "arm64", change: Task = {}) =>
  task(n, OURS, INDEX, architecture, change);

describe("success is only said of digests seen running", () => {
  test("our deployment has completed, and as many tasks as wanted run the release", async () => {
    ecs.tasks.push(good(1), good(2), good(3), good(4, "x86_64"));
    const { events, called } = await verified();
    expect(new Set(called)).toEqual(new Set(["DescribeServices", "ListTasks", "DescribeTasks"]));
    expect(events).toMatchObject([
      {
        type: "deployment.succeeded",
        ...key,
        tasks: { arm64: 3, x86_64: 1 },
        digests: [INDEX],
        verdict: [
          { architecture: "x86_64", running: 1, wanted: 1 },
          { architecture: "arm64", running: 3, wanted: 3 },
        ],
      },
    ]);
  });

  test("a host may name the platform's own image instead of the index", async () => {
    const child = digest("linux/arm64");
    ecs.tasks.push(task(1, OURS, child), task(2, OURS, child), good(3), good(4));
    expect((await verified()).events).toMatchObject([{ type: "deployment.succeeded", digests: [INDEX] }]);
  });

  test("a service of no tasks succeeds with none", async () => {
    Object.assign(ecs.service, { desiredCount: 0 });
    expect((await verified()).events).toMatchObject([{ type: "deployment.succeeded", tasks: {} }]);
  });

  test("more than a hundred tasks come in pages", async () => {
    const many = Array.from({ length: 150 }, (_, n) => good(n));
    Object.assign(ecs.service, { desiredCount: 150 });
    ecs.tasks.push(...many);
    const paged: FakeEcs = {
      ...ecs,
      aws: {
        ...ecs.aws,
        listTasks: async ({ nextToken }) => {
          const arns = many.flatMap(({ taskArn }) => taskArn ?? []);
          return nextToken === undefined
            ? { taskArns: arns.slice(0, 100), nextToken: "2" }
            : { taskArns: arns.slice(100) };
        },
      },
    };
    ecs = paged;
    const { events, calls } = await verified();
    expect(events).toMatchObject([{ type: "deployment.succeeded", tasks: { arm64: 150 } }]);
    expect(
      calls
        .filter((call) => call.operation === "ListTasks" && said(call, "desiredStatus") === "RUNNING")
        .map((call) => said(call, "nextToken")),
    ).toEqual([undefined, "2"]);
  });
});

test("a completed deployment whose task runs another digest has failed", async () => {
  ecs.tasks.push(good(1), good(2), good(3), task(4, OURS, digest("something else")));
  expect((await verified()).events).toMatchObject([
    {
      type: "deployment.failed",
      rolledBack: false,
      failure: { reason: expect.stringContaining("tasks of service web run other images than the release") },
    },
  ]);
});

describe("nothing is said yet", () => {
  test("while the rollout is under way", async () => {
    rollout("IN_PROGRESS");
    // Its circuit breaker looks after tasks that fail again and again.
    Object.assign(ecs.service, {
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
    });
    const { events, called } = await verified();
    expect([events, called]).toEqual([[], ["DescribeServices"]]);
  });

  test.each([
    ["no digest yet", good(4, "arm64", { containers: [{ name: "web" }] })],
    ["another deployment", task(4, "ecs-svc/base", INDEX)],
    ["a task that stops", good(4, "arm64", { lastStatus: "STOPPING" })],
    ["no such container", good(4, "arm64", { containers: [{ name: "sidecar", imageDigest: INDEX }] })],
  ])("while one of the tasks is of %s", async (_what, other) => {
    ecs.tasks.push(good(1), good(2), good(3), other);
    expect((await verified()).events).toEqual([]);
  });
});

describe("a deployment of ours that did not complete is a failure", () => {
  const failure = async () => {
    const [event] = (await verified()).events;
    if (event?.type !== "deployment.failed")
      throw new Error(`deployment.failed is expected, not ${event?.type}`);
    return { rolledBack: event.rolledBack, reason: event.failure.reason };
  };

  test("ECS rolls it back: the base is in the first place again, ours still beside it", async () => {
    rollout("FAILED", "ECS deployment circuit breaker: tasks failed to start.");
    await replacedBy(BASE, true);
    expect(await failure()).toEqual({
      rolledBack: true,
      reason: "ECS rolled service web back: ECS deployment circuit breaker: tasks failed to start.",
    });
  });

  test("ECS has rolled it back, and ours is gone", async () => {
    await replacedBy(BASE, false);
    expect(await failure()).toMatchObject({ rolledBack: true });
  });

  test("a rollback that completed is not taken for success, whatever its tasks run", async () => {
    await replacedBy(BASE, false);
    rollout("COMPLETED");
    ecs.tasks.push(
      task(1, "ecs-svc/1", INDEX),
      task(2, "ecs-svc/1", INDEX),
      task(3, "ecs-svc/1", INDEX),
      task(4, "ecs-svc/1", INDEX),
    );
    expect(await failure()).toMatchObject({ rolledBack: true });
  });

  test("it failed, and the service is not set to roll back", async () => {
    rollout("FAILED", "tasks failed to start");
    expect(await failure()).toEqual({
      rolledBack: false,
      reason: "the deployment of service web failed: tasks failed to start",
    });
  });

  test("somebody else's deployment took its place", async () => {
    await replacedBy("arn:aws:ecs:us-east-1:000000000000:task-definition/web:9", true);
    expect(await failure()).toEqual({
      rolledBack: false,
      reason:
        "our deployment ecs-svc/2 of service web did not complete: ecs-svc/9 (arn:aws:ecs:us-east-1:000000000000:task-definition/web:9) took its place",
    });
  });

  test("the service is gone", async () => {
    Object.assign(ecs.service, { status: "INACTIVE" });
    expect(await failure()).toEqual({
      rolledBack: false,
      reason: "service web of cluster staging does not exist",
    });
  });
});
