import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Run } from "../../shared/pipeline/run.ts";
import { plus, quarantined, STAGE } from "../pipeline/rolling.ts";
import { BASE, type FakeEcs } from "./ecs.ts";
import type { Provided } from "./fakes.ts";
import {
  claimed,
  type DeployRest,
  deployOn,
  NEXT,
  OURS,
  onTwoProviders,
  register,
  releaseOn,
  rolling,
  started,
  stepDone,
  strategyOf,
} from "./rolling.ts";

let ecs: FakeEcs;
beforeEach(() => {
  ecs = onTwoProviders();
});

const deployed = (run: Run, ...rest: DeployRest) => deployOn(ecs, run, ...rest);
const released = (change: object = {}) => releaseOn(ecs, change);

const shift = [{ weights: { graviton: 7 }, bakeMinutes: 5 }];

describe("a shift of weights", () => {
  const next = plus(rolling({ shift }), ...started(), stepDone(0), claimed);

  test("changes the weights and nothing else, with a deployment of the same revision", async () => {
    await released();
    const { events, update, called } = await deployed(next, { step: 1 });
    expect(called()).not.toContain("RegisterTaskDefinition");
    expect(update("taskDefinition")).toBe(NEXT);
    expect(update("forceNewDeployment")).toBe(true);
    expect(strategyOf(ecs.service)).toEqual({ x86: 1, graviton: 7 });
    expect(events).toMatchObject([{ type: "deployment.started", step: 1, deploymentId: "ecs-svc/2+" }]);
  });

  test("that the service has already is done at once: ECS would send no event", async () => {
    await released({
      capacityProviderStrategy: [
        { capacityProvider: "x86", base: 0, weight: 1 },
        { capacityProvider: "graviton", base: 0, weight: 7 },
      ],
    });
    const { events, updates } = await deployed(next, { step: 1 });
    expect(updates()).toBe(0);
    expect(events).toMatchObject([
      { type: "deployment.started", deploymentId: OURS },
      { type: "deployment.reported", state: "COMPLETED" },
    ]);
  });

  test("does not overwrite what somebody else has put there meanwhile", async () => {
    await released();
    Object.assign(ecs.service, { taskDefinition: BASE.replace(/1$/, "7") });
    const { events, updates } = await deployed(next, { step: 1 });
    expect(updates()).toBe(0);
    expect(events).toMatchObject([
      {
        type: "deployment.failed",
        failure: { reason: expect.stringContaining("somebody else changed service web") },
      },
    ]);
  });

  describe("whose claim is taken over", () => {
    const graviton7 = [
      { capacityProvider: "x86", base: 0, weight: 1 },
      { capacityProvider: "graviton", base: 0, weight: 7 },
    ];
    const history = (status: "ROLLBACK_SUCCESSFUL" | "IN_PROGRESS" | "STOPPED", strategy = graviton7) => ({
      listServiceDeployments: async () => ({
        serviceDeployments: [
          { targetServiceRevisionArn: "revision", status, statusReason: "tasks failed to start" },
        ],
      }),
      describeServiceRevisions: async () => ({
        serviceRevisions: [
          { serviceRevisionArn: "revision", taskDefinition: NEXT, capacityProviderStrategy: strategy },
        ],
      }),
    });

    test("goes on with what the lost attempt has begun", async () => {
      await released();
      await ecs.aws.updateService({ cluster: STAGE, service: "web", capacityProviderStrategy: graviton7 });
      const { events, updates } = await deployed(next, { step: 1, lease: 1 });
      expect(updates()).toBe(0);
      expect(events).toMatchObject([{ type: "deployment.started", deploymentId: "ecs-svc/2+" }]);
    });

    test("begins it when the lost attempt has not", async () => {
      await released();
      const before = history("ROLLBACK_SUCCESSFUL", [{ capacityProvider: "x86", base: 0, weight: 1 }]);
      const { events, updates } = await deployed(next, { step: 1, lease: 1 }, before);
      expect(updates()).toBe(1);
      expect(events).toMatchObject([{ type: "deployment.started", step: 1 }]);
    });

    test.each([
      ["ROLLBACK_SUCCESSFUL" as const, true],
      ["STOPPED" as const, false],
    ])("does not begin it a second time when ECS has ended it: %s", async (status, rolledBack) => {
      await released();
      const { events, updates } = await deployed(next, { step: 1, lease: 1 }, history(status));
      expect(updates()).toBe(0);
      expect(events).toMatchObject([{ type: "deployment.failed", rolledBack }]);
    });
  });
});

describe("the revision that the service runs already, with other weights", () => {
  const looked = { baseTaskDefinition: NEXT, capacity: { graviton: { base: 0, weight: 1 } } };
  const run = plus({ ...rolling({}, looked), restore: { [`${STAGE}/web`]: NEXT } }, claimed);
  const history = (weight: number) => ({
    listServiceDeployments: async () => ({
      serviceDeployments: [{ targetServiceRevisionArn: "revision", status: "ROLLBACK_SUCCESSFUL" as const }],
    }),
    describeServiceRevisions: async () => ({
      serviceRevisions: [
        {
          serviceRevisionArn: "revision",
          taskDefinition: NEXT,
          capacityProviderStrategy: [{ capacityProvider: "graviton", base: 0, weight }],
        },
      ],
    }),
  });

  test("is not deployed a second time when ECS has taken the lost attempt back", async () => {
    await released();
    const lost = await deployed(run, { lease: 1 }, history(1));
    expect(lost.updates()).toBe(0);
    expect(lost.events).toMatchObject([{ type: "deployment.failed", rolledBack: true }]);
    expect((await deployed(run, { lease: 1 }, history(2))).updates()).toBe(1);
  });
});

describe("the release without an architecture", () => {
  const run = plus(rolling(), ...started(), { ...quarantined("web"), deploymentId: OURS }, claimed);

  test("is the same revision with no weight on the providers that are out", async () => {
    register(ecs);
    // ECS has gone back to the base by itself.
    const { events, update } = await deployed(run);
    expect(update("taskDefinition")).toBe(NEXT);
    expect(strategyOf(ecs.service)).toEqual({ x86: 1, graviton: 0 });
    expect(events).toMatchObject([{ type: "deployment.started", taskDefinition: NEXT }]);
  });
});

describe("an image that lacks an architecture", () => {
  const amd64 = {
    imageManifest: JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: `sha256:${"1".repeat(64)}`,
          size: 1,
          platform: { os: "linux", architecture: "amd64" },
        },
      ],
    }),
  };
  const only: Omit<Provided, "ecs"> = {
    ecr: {
      batchGetImage: async ({ imageIds = [] }) => ({
        images: imageIds.map((imageId) => ({ ...amd64, imageId })),
      }),
    },
  };

  test("is refused before anything is changed, naming container, image and platform", async () => {
    const { events, updates } = await deployed(plus(rolling(), claimed), {}, {}, only);
    expect(updates()).toBe(0);
    expect(events).toMatchObject([
      {
        type: "deployment.failed",
        failure: {
          reason: expect.stringMatching(/container web has no linux\/arm64 image \(.*hello@sha256/),
        },
      },
    ]);
  });

  test("confines the service to the hosts that fit, where the pipeline says so", async () => {
    const run = plus(rolling({ missingArchitecture: "constrain" }), claimed);
    const { events, update } = await deployed(run, {}, {}, only);
    expect(update("placementConstraints")).toEqual([
      { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [x86_64]" },
    ]);
    expect(strategyOf(ecs.service)).toEqual({ x86: 1, graviton: 0 });
    expect(events).toMatchObject([
      {
        type: "deployment.started",
        found: { constrainTo: "x86_64", idle: ["graviton"], hosts: { x86_64: ["x86"] } },
      },
    ]);
  });

  test("stays confined when its weights are moved: no host but those that fit gets a task", async () => {
    const shift = [{ weights: { x86: 3 }, bakeMinutes: 5 }];
    const run = plus(rolling({ missingArchitecture: "constrain", shift }), claimed);
    const { events } = await deployed(run, {}, {}, only);
    Object.assign(ecs.service.deployments?.[0] ?? {}, { rolloutState: "COMPLETED" });
    const next = plus(run, ...events, stepDone(0), claimed);
    const moved = await deployed(next, { step: 1 }, {}, only);
    expect(moved.events).toMatchObject([{ type: "deployment.started", step: 1 }]);
    expect(strategyOf(ecs.service)).toEqual({ x86: 3, graviton: 0 });
    expect(ecs.service.placementConstraints).toEqual([
      { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [x86_64]" },
    ]);
  });

  test("the next release that has all of them takes the constraint off", async () => {
    Object.assign(ecs.service, {
      placementConstraints: [
        { type: "memberOf", expression: "attribute:zone == a" },
        { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [x86_64]" },
      ],
    });
    const { update } = await deployed(plus(rolling(), claimed));
    expect(update("placementConstraints")).toEqual([{ type: "memberOf", expression: "attribute:zone == a" }]);
  });
});
