import type { Deployment } from "@aws-sdk/client-ecs";
import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { verifyDeployment } from "../../shared/effects/verify-deployment.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { APPROVAL, approvalBy, INDEX, MINUTE, T0 } from "../pipeline/given.ts";
import { baking, plus, STAGE } from "../pipeline/rolling.ts";
import { BASE, type FakeEcs, fakeEcs, task } from "./ecs.ts";
import { around, at, NEXT, OURS, of, rolling, running, started, stepDone, web } from "./rolling.ts";

const THEIRS = BASE.replace(/1$/, "7");
const shift = [{ weights: { graviton: 7 }, bakeMinutes: 30 }];

let ecs: FakeEcs;
beforeEach(async () => {
  ecs = fakeEcs(STAGE);
  await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: NEXT });
  rollout("COMPLETED");
  ecs.tasks.push(running(1), running(2), running(3), running(4, "x86_64"));
});

function rollout(rolloutState: Deployment["rolloutState"], reason?: string): void {
  Object.assign(ecs.service.deployments?.[0] ?? {}, { rolloutState, rolloutStateReason: reason });
}

/** ECS, or somebody, has put another deployment in the first place. */
function primary(id: string, taskDefinition: string, reason = ""): void {
  const before = (ecs.service.deployments ?? []).map((one) => ({ ...one, status: "ACTIVE" }));
  const first = {
    id,
    status: "PRIMARY",
    rolloutState: "IN_PROGRESS",
    taskDefinition,
    rolloutStateReason: reason,
  } as const;
  Object.assign(ecs.service, { taskDefinition, deployments: [first, ...before] });
}

type State = "OK" | "ALARM" | "INSUFFICIENT_DATA";
const alarms = (...states: readonly (readonly [string, State])[]) => ({
  cloudwatch: {
    describeAlarms: async () => ({
      MetricAlarms: states.map(([AlarmName, StateValue]) => ({ AlarmName, StateValue })),
    }),
  },
});

async function verified(run: Run, later = 0, more: Parameters<typeof around>[2] = {}, deploymentId = OURS) {
  const { context, ...seen } = around(ecs, {}, more);
  const { stage } = at(run);
  const command = { type: "verify-deployment", ...web, deploymentId } as const;
  const { events } = await verifyDeployment({ ...context, now: () => T0 + later }, run, stage, command);
  return { events, ...seen };
}

const inProgress = (change = {}, looked = {}) => plus(rolling(change, looked), ...started());
const bakes = (change = {}, minutes = 10) =>
  plus(inProgress({ bakeMinutes: minutes, ...change }), { ...baking("web", minutes), deploymentId: OURS });

describe("the release has to hold", () => {
  test("for as long as the pipeline says, then it has succeeded", async () => {
    const until = T0 + 10 * MINUTE;
    const run = inProgress({ bakeMinutes: 10 });
    expect((await verified(run)).events).toMatchObject([
      {
        type: "deployment.baking",
        deploymentId: OURS,
        until,
        tasks: { arm64: 3, x86_64: 1 },
        digests: [INDEX],
      },
    ]);
    expect(plus(bakes(), ...(await verified(bakes(), MINUTE)).events)).toEqual(bakes());
    expect((await verified(bakes(), 10 * MINUTE)).events).toMatchObject([
      { type: "deployment.succeeded", deploymentId: OURS },
    ]);
  });

  test("where ECS itself has kept both for that long, the time is over", async () => {
    const run = inProgress({ bakeMinutes: 10, strategy: { type: "canary" } });
    expect((await verified(run)).events).toMatchObject([{ type: "deployment.succeeded" }]);
  });

  test("then comes the next step, and after the last it has succeeded", async () => {
    const first = inProgress({ shift });
    expect((await verified(first)).events).toEqual([{ type: "deployment.step-done", ...of, step: 0 }]);
    const second = plus(first, stepDone(0), ...started("ecs-svc/2+", 1));
    await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: NEXT });
    rollout("COMPLETED");
    ecs.tasks.push(...[1, 2, 3, 4].map((n) => task(n + 10, "ecs-svc/2+", INDEX)));
    const { events } = await verified(second, 0, {}, "ecs-svc/2+");
    expect(events).toMatchObject([{ type: "deployment.baking", until: T0 + 30 * MINUTE }]);
    const { events: last } = await verified(plus(second, ...events), 30 * MINUTE, {}, "ecs-svc/2+");
    expect(last).toMatchObject([{ type: "deployment.succeeded", deploymentId: "ecs-svc/2+" }]);
  });

  test("an alarm that rings meanwhile has it fail, and going back is ours: ECS is done with it", async () => {
    const run = bakes({ alarms: ["web-5xx"] });
    expect((await verified(run, MINUTE, alarms(["web-5xx", "OK"]))).events).toMatchObject([
      { type: "deployment.baking" },
    ]);
    const { events } = await verified(run, MINUTE, alarms(["web-5xx", "ALARM"]));
    expect(events).toMatchObject([
      {
        type: "deployment.failed",
        rolledBack: false,
        undo: true,
        failure: {
          reason: expect.stringMatching(
            /^while the release settled on service web: alarm web-5xx is in ALARM · x86_64 1\/1/,
          ),
        },
      },
    ]);
  });

  test("an alarm without data is no objection, one that does not exist is", async () => {
    const run = bakes({ alarms: ["web-5xx"] });
    expect((await verified(run, 10 * MINUTE, alarms(["web-5xx", "INSUFFICIENT_DATA"]))).events).toMatchObject(
      [{ type: "deployment.succeeded" }],
    );
    expect((await verified(run, MINUTE, alarms())).events).toMatchObject([
      {
        type: "deployment.failed",
        failure: { reason: expect.stringContaining("there is no alarm web-5xx") },
      },
    ]);
  });

  test("where the pipeline wants no way back by itself, there is none", async () => {
    const run = bakes({ alarms: ["web-5xx"], circuitBreaker: { rollback: false } });
    const { events } = await verified(run, MINUTE, alarms(["web-5xx", "ALARM"]));
    expect(events[0]).not.toHaveProperty("undo");
  });

  test("tasks that go missing are waited for, but not for ever", async () => {
    ecs.tasks.splice(0, 3);
    expect((await verified(bakes(), MINUTE)).events).toEqual([]);
    expect((await verified(bakes(), 15 * MINUTE)).events).toEqual([]);
    expect((await verified(bakes(), 20 * MINUTE)).events).toMatchObject([
      {
        type: "deployment.failed",
        undo: true,
        failure: {
          reason: expect.stringContaining("the release did not hold on service web: tasks are missing"),
        },
      },
    ]);
  });
});

describe("an architecture that fails", () => {
  const quarantining = { onArchitectureFailure: "quarantine" } as const;
  const crashed = (n: number) =>
    task(n, OURS, INDEX, "arm64", {
      lastStatus: "STOPPED",
      desiredStatus: "STOPPED",
      stopCode: "EssentialContainerExited",
      stoppedReason: "Essential container in task exited",
      containers: [{ name: "web", exitCode: 255, reason: "exec format error" }],
    });
  beforeEach(() => {
    ecs.tasks.splice(0, 4, running(1, "x86_64"), running(2, "x86_64"), crashed(3), crashed(4));
    rollout("FAILED", "ECS deployment circuit breaker: tasks failed to start.");
  });

  test("is taken out, with its providers, when the other is whole", async () => {
    const { events } = await verified(inProgress(quarantining));
    expect(events).toMatchObject([
      {
        type: "deployment.quarantined",
        deploymentId: OURS,
        quarantine: {
          architecture: "arm64",
          providers: ["graviton"],
          failure: {
            reason: expect.stringMatching(/x86_64 2\/2, arm64 0\/2: exit 255 \(exec format error\)$/),
          },
        },
      },
    ]);
  });

  test("is a failure where the pipeline says so, and a second time", async () => {
    expect((await verified(inProgress())).events).toMatchObject([{ type: "deployment.failed" }]);
    const [event] = (await verified(inProgress(quarantining))).events;
    if (event === undefined) throw new Error("nothing was said");
    const again = plus(inProgress(quarantining), event, ...started("ecs-svc/2+"));
    await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: NEXT });
    rollout("FAILED");
    expect((await verified(again, 0, {}, "ecs-svc/2+")).events).toMatchObject([
      { type: "deployment.failed" },
    ]);
  });

  test("cannot be taken out of a provider that has hosts of both, nor when nothing would be left", async () => {
    const mixed = plus(rolling(quarantining), ...started().slice(0, 1), {
      ...started()[1],
      found: { hosts: { x86_64: ["x86"], arm64: ["x86"] } },
    } as RunEvent);
    expect((await verified(mixed)).events).toMatchObject([{ type: "deployment.failed" }]);
    const launched = plus(rolling(quarantining, { baseCapacity: {} }), ...started());
    expect((await verified(launched)).events).toMatchObject([{ type: "deployment.failed" }]);
  });

  test("also when it goes missing while the release has to hold", async () => {
    rollout("COMPLETED");
    expect((await verified(bakes(quarantining), 20 * MINUTE)).events).toMatchObject([
      { type: "deployment.quarantined", quarantine: { architecture: "arm64" } },
    ]);
  });
});

describe("whose deployment took the place of ours", () => {
  test("of a later step, ECS's own way back is told from somebody else's deployment by its reason", async () => {
    const second = plus(inProgress({ shift }), stepDone(0), ...started("ecs-svc/2+", 1));
    primary("ecs-svc/9", NEXT, "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/2.");
    expect((await verified(second, 0, {}, "ecs-svc/2+")).events).toMatchObject([
      { type: "deployment.failed", rolledBack: true },
    ]);
    primary("ecs-svc/10", NEXT);
    expect((await verified(second, 0, {}, "ecs-svc/2+")).events).toMatchObject([
      {
        type: "deployment.failed",
        rolledBack: false,
        failure: { reason: expect.stringContaining("ecs-svc/10") },
      },
    ]);
  });

  test("of a release that is what the service ran before, likewise", async () => {
    const same = plus(rolling({}, { baseTaskDefinition: NEXT }), ...started());
    primary("ecs-svc/9", NEXT);
    expect((await verified(same)).events).toMatchObject([{ type: "deployment.failed", rolledBack: false }]);
  });

  test("ECS may go back further than to what was there: to the last revision that was well", async () => {
    rollout("FAILED", "tasks failed to start");
    primary("ecs-svc/9", THEIRS, "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/0.");
    expect((await verified(inProgress())).events).toMatchObject([
      { type: "deployment.failed", rolledBack: true },
    ]);
  });

  test("a foreign revision is somebody else's, whatever its reason says", async () => {
    primary("ecs-svc/9", THEIRS, "rolling back");
    expect((await verified(inProgress())).events).toMatchObject([
      { type: "deployment.failed", rolledBack: false, failure: { reason: expect.stringContaining(THEIRS) } },
    ]);
  });
});

describe("a pause", () => {
  const paused: RunEvent = {
    type: "deployment.paused",
    ...of,
    serviceDeploymentArn: "arn:deployment",
    hookId: "hook-1",
    lifecycleStage: "POST_TEST_TRAFFIC_SHIFT",
    expiresAt: T0 + MINUTE,
  };
  const hook = (
    status: "AWAITING_ACTION" | "SUCCEEDED",
    lifecycleStage: "POST_TEST_TRAFFIC_SHIFT" | "POST_SCALE_UP",
  ): Partial<Aws["ecs"]> => ({
    listServiceDeployments: async () => ({
      serviceDeployments: [{ serviceDeploymentArn: "arn:deployment" }],
    }),
    describeServiceDeployments: async () => ({
      serviceDeployments: [
        {
          lifecycleStage,
          lifecycleHookDetails: [
            { hookId: "hook-1", targetType: "PAUSE" as const, status, expiresAt: new Date(T0 + MINUTE) },
          ],
        },
      ],
    }),
  });
  const asked = async (run: Run, change: Partial<Aws["ecs"]>) => {
    const { context, called } = around(ecs, change);
    const command = { type: "verify-deployment", ...web, deploymentId: OURS } as const;
    const { events } = await verifyDeployment(context, run, at(run).stage, command);
    return { events, called: called() };
  };
  beforeEach(() => {
    rollout("IN_PROGRESS");
    Object.assign(ecs.service, {
      deploymentConfiguration: {
        lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["POST_TEST_TRAFFIC_SHIFT"] }],
      },
    });
  });

  test("that no event has told of is found by asking", async () => {
    const { events } = await asked(inProgress(), hook("AWAITING_ACTION", "POST_TEST_TRAFFIC_SHIFT"));
    expect(events).toEqual([paused]);
  });

  test("that is known, or over, is no news; one hook may wait at another stage", async () => {
    const known = plus(inProgress(), paused);
    expect((await asked(known, hook("AWAITING_ACTION", "POST_TEST_TRAFFIC_SHIFT"))).events).toEqual([]);
    expect((await asked(inProgress(), hook("SUCCEEDED", "POST_TEST_TRAFFIC_SHIFT"))).events).toEqual([]);
    expect((await asked(known, hook("AWAITING_ACTION", "POST_SCALE_UP"))).events).toEqual([]);
    const answered = plus(known, { type: "pause.answered", ...of, hookId: "hook-1", action: "CONTINUE" });
    expect((await asked(answered, hook("AWAITING_ACTION", "POST_TEST_TRAFFIC_SHIFT"))).events).toEqual([]);
    const { events } = await asked(answered, hook("AWAITING_ACTION", "POST_SCALE_UP"));
    expect(events).toMatchObject([{ lifecycleStage: "POST_SCALE_UP" }]);
    expect(plus(answered, ...events)).not.toBe(answered);
  });

  test("is not asked for where the service has no such hook", async () => {
    Object.assign(ecs.service, { deploymentConfiguration: {} });
    const { called } = await asked(inProgress(), hook("AWAITING_ACTION", "POST_TEST_TRAFFIC_SHIFT"));
    expect(called).not.toContain("ListServiceDeployments");
  });

  test("that somebody has refused is the reason, not ECS's words for it", async () => {
    const refused = plus(
      rolling({}, {}, { approval: APPROVAL, pauseAt: ["POST_TEST_TRAFFIC_SHIFT"] }),
      approvalBy("bob"),
      { type: "stage.deploying", at: T0, stage: STAGE },
      ...started(),
      paused,
      {
        type: "approval.refused",
        at: T0,
        stage: STAGE,
        release: INDEX,
        hookId: "hook-1",
        person: "carol",
        identity: "carol",
      },
      { type: "pause.answered", ...of, hookId: "hook-1", action: "ROLLBACK" },
    );
    primary("ecs-svc/9", BASE, "rolled back by user");
    expect((await verified(refused)).events).toMatchObject([
      {
        type: "deployment.failed",
        rolledBack: true,
        failure: {
          reason: expect.stringContaining(
            "carol sent the deployment of service web back at POST_TEST_TRAFFIC_SHIFT",
          ),
        },
      },
    ]);
  });
});
