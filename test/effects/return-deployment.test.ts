import { beforeEach, describe, expect, test } from "@jest/globals";
import { returnDeployment, verifyReturn } from "../../shared/effects/return-deployment.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { failed, idOf, plus, STAGE } from "../pipeline/rolling.ts";
import { BASE, type FakeEcs, fakeEcs } from "./ecs.ts";
import { awsError, denied } from "./fakes.ts";
import { around, at, BOTH, NEXT, OURS, of, rolling, started, stepDone, strategyOf, web } from "./rolling.ts";

const items = (graviton: number) => [
  { capacityProvider: "x86", base: 0, weight: 1 },
  { capacityProvider: "graviton", base: 0, weight: graviton },
];

let ecs: FakeEcs;
beforeEach(async () => {
  ecs = fakeEcs(STAGE);
  Object.assign(ecs.service, { capacityProviderStrategy: items(3) });
  await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: NEXT });
});

async function returned(run: Run, lease = 0, change: Parameters<typeof around>[1] = {}) {
  const { context, ...seen } = around(ecs, change);
  const { events } = await returnDeployment(context, at(run).stage, {
    type: "return-deployment",
    ...web,
    lease,
  });
  return { events, ...seen };
}

const gone = (change = {}, looked = {}, ...events: readonly RunEvent[]) =>
  plus(
    rolling(change, looked),
    ...started(),
    ...events,
    failed("web", { deploymentId: events.length === 0 ? OURS : idOf("web", 1), undo: true }),
  );

describe("a service goes back", () => {
  test("to the revision it had, and keeps the strategy where the release has not changed it", async () => {
    const { events, update } = await returned(gone());
    expect(update("taskDefinition")).toBe(BASE);
    expect(update("capacityProviderStrategy")).toBeUndefined();
    expect(update("forceNewDeployment")).toBeUndefined();
    expect(events).toMatchObject([{ type: "return.started", deploymentId: "ecs-svc/1+" }]);
  });

  test("to the strategy it had, where the release has", async () => {
    Object.assign(ecs.service, { capacityProviderStrategy: items(0) });
    const { update } = await returned(gone({}, { capacity: { graviton: { base: 0, weight: 1 } } }));
    expect(strategyOf(ecs.service)).toEqual({ x86: 1, graviton: 3 });
    expect(update("forceNewDeployment")).toBe(true);
  });

  test("to the constraints it had: hosts that the release did without are there for what was before", async () => {
    const ours = { type: "memberOf" as const, expression: "attribute:ecs.cpu-architecture in [x86_64]" };
    const theirs = { type: "memberOf" as const, expression: "attribute:zone == a" };
    Object.assign(ecs.service, { placementConstraints: [theirs, ours] });
    const { update } = await returned(gone({}, { constrainTo: "x86_64", idle: ["graviton"] }));
    expect(update("placementConstraints")).toEqual([theirs]);
    ecs.service.placementConstraints?.push(ours);
    Object.assign(ecs.service, { taskDefinition: NEXT });
    const kept = await returned(gone({}, { constrainTo: "x86_64", baseConstrainTo: "x86_64" }));
    expect(kept.update("placementConstraints")).toBeUndefined();
  });

  test("without the pauses of our stage: nobody is asked on the way back", async () => {
    const hooks = [
      { targetType: "AWS_LAMBDA" as const, hookTargetArn: "arn:fn" },
      { targetType: "PAUSE" as const, lifecycleStages: ["POST_SCALE_UP" as const] },
    ];
    Object.assign(ecs.service, { deploymentConfiguration: { strategy: "CANARY", lifecycleHooks: hooks } });
    const run = plus(
      rolling({}, {}, { pauseAt: ["POST_SCALE_UP"] }),
      ...started(),
      failed("web", { deploymentId: OURS }),
    );
    const { update } = await returned(run);
    expect(update("deploymentConfiguration")).toEqual({
      strategy: "CANARY",
      lifecycleHooks: hooks.slice(0, 1),
    });
    Object.assign(ecs.service, { taskDefinition: NEXT });
    expect((await returned(gone())).update("deploymentConfiguration")).toBeUndefined();
  });

  test("not at all when somebody else has changed it meanwhile", async () => {
    Object.assign(ecs.service, { taskDefinition: BASE.replace(/1$/, "7") });
    const { events, updates } = await returned(gone());
    expect(updates()).toBe(0);
    expect(events).toMatchObject([
      { type: "return.ended", failure: { reason: expect.stringContaining("somebody else has changed it") } },
    ]);
  });

  test("not twice: one that is back already has ended, one on its way is followed", async () => {
    await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: BASE });
    const followed = await returned(gone(), 1);
    expect(followed.updates()).toBe(0);
    expect(followed.events).toMatchObject([{ type: "return.started", deploymentId: "ecs-svc/1+" }]);
    Object.assign(ecs.service.deployments?.[0] ?? {}, { rolloutState: "COMPLETED" });
    expect((await returned(gone(), 1)).events).toEqual([{ type: "return.ended", ...of }]);
    expect((await returned(gone())).events).toEqual([{ type: "return.ended", ...of }]);
  });

  const history = (status: "ROLLBACK_SUCCESSFUL" | "IN_PROGRESS", taskDefinition: string) => ({
    listServiceDeployments: async () => ({
      serviceDeployments: [{ targetServiceRevisionArn: "revision", status, statusReason: "tasks failed" }],
    }),
    describeServiceRevisions: async () => ({
      serviceRevisions: [
        { serviceRevisionArn: "revision", taskDefinition, capacityProviderStrategy: items(3) },
      ],
    }),
  });

  test("not a second time when ECS has taken the lost attempt back", async () => {
    const lost = await returned(gone(), 1, history("ROLLBACK_SUCCESSFUL", BASE));
    expect(lost.updates()).toBe(0);
    expect(lost.events).toMatchObject([
      { type: "return.ended", failure: { reason: expect.stringContaining("tasks failed") } },
    ]);
    expect((await returned(gone(), 1, history("ROLLBACK_SUCCESSFUL", NEXT))).updates()).toBe(1);
  });

  test("says what ECS refuses for good, and throws what may work another time", async () => {
    const refused = {
      updateService: () => Promise.reject(awsError("InvalidParameterException", "no such provider")),
    };
    expect((await returned(gone(), 0, refused)).events).toMatchObject([
      { type: "return.ended", failure: { reason: "ECS refused to take it back: no such provider" } },
    ]);
    const forbidden = { updateService: () => Promise.reject(denied("ecs:UpdateService")) };
    expect((await returned(gone(), 0, forbidden)).events).toMatchObject([
      { failure: { remedy: expect.stringContaining("the permission ecs:UpdateService on") } },
    ]);
    const throttled = { updateService: () => Promise.reject(awsError("ThrottlingException")) };
    await expect(returned(gone(), 0, throttled)).rejects.toThrow();
    Object.assign(ecs.service, { status: "DRAINING" });
    expect((await returned(gone())).events).toMatchObject([
      { type: "return.ended", failure: { reason: expect.stringContaining("is DRAINING") } },
    ]);
  });
});

describe("a shift of weights that failed", () => {
  const shift = [
    { weights: { graviton: 5 }, bakeMinutes: 0 },
    { weights: { graviton: 9 }, bakeMinutes: 0 },
  ];

  test("goes back to the weights before, and leaves the release", async () => {
    Object.assign(ecs.service, { capacityProviderStrategy: items(9) });
    const run = plus(
      gone(
        { shift },
        {},
        stepDone(0),
        ...started("ecs-svc/2+", 1),
        stepDone(1),
        ...started(idOf("web", 1), 2),
      ),
    );
    const { update } = await returned(run);
    expect(update("taskDefinition")).toBe(NEXT);
    expect(strategyOf(ecs.service)).toEqual({ x86: 1, graviton: 5 });
  });

  test("not a second time when ECS has taken the lost attempt back: the weights tell", async () => {
    Object.assign(ecs.service, { capacityProviderStrategy: items(5) });
    const run = gone({ shift }, {}, stepDone(0), ...started(idOf("web", 1), 1));
    const revisions = (weight: number) => ({
      listServiceDeployments: async () => ({
        serviceDeployments: [{ targetServiceRevisionArn: "revision", status: "ROLLBACK_FAILED" as const }],
      }),
      describeServiceRevisions: async () => ({
        serviceRevisions: [
          {
            serviceRevisionArn: "revision",
            taskDefinition: NEXT,
            capacityProviderStrategy: items(weight),
          },
        ],
      }),
    });
    expect((await returned(run, 1, revisions(3))).updates()).toBe(0);
    expect((await returned(run, 1, revisions(5))).updates()).toBe(1);
  });

  test("from the first shift to those of the release", async () => {
    Object.assign(ecs.service, { capacityProviderStrategy: items(5) });
    const run = gone({ shift }, {}, stepDone(0), ...started(idOf("web", 1), 1));
    const { update } = await returned(run);
    expect(update("taskDefinition")).toBe(NEXT);
    expect(strategyOf(ecs.service)).toEqual({ x86: BOTH.x86.weight, graviton: BOTH.graviton.weight });
  });
});

describe("whether it has come to rest", () => {
  const command = { type: "verify-return", ...web, deploymentId: "ecs-svc/back" } as const;
  const first = (
    id: string,
    rolloutState: "COMPLETED" | "FAILED" | "IN_PROGRESS",
    rolloutStateReason?: string,
  ) =>
    Object.assign(ecs.service, {
      deployments: [{ id, status: "PRIMARY", rolloutState, taskDefinition: BASE, rolloutStateReason }],
    });
  const verified = async () => (await verifyReturn(around(ecs).context, command)).events;

  test("is asked until ECS says so", async () => {
    first("ecs-svc/back", "IN_PROGRESS");
    expect(await verified()).toEqual([]);
    first("ecs-svc/back", "COMPLETED");
    expect(await verified()).toEqual([{ type: "return.ended", ...of }]);
  });

  test("a way back that fails, or that another deployment took the place of, says so", async () => {
    first("ecs-svc/back", "FAILED", "tasks failed to start");
    expect(await verified()).toMatchObject([
      { failure: { reason: "its deployment ecs-svc/back did not complete: tasks failed to start" } },
    ]);
    first("ecs-svc/9", "COMPLETED");
    expect(await verified()).toMatchObject([
      { failure: { reason: "its deployment ecs-svc/back did not complete: another took its place" } },
    ]);
  });
});
