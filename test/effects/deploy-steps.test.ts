import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { deploy } from "../../shared/effects/deploy.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { approvalBy, T0 } from "../pipeline/given.ts";
import {
  begun,
  entered,
  failed,
  plus,
  quarantined,
  STAGE,
  stageWith,
  succeeded,
  target,
} from "../pipeline/rolling.ts";
import { BASE, type FakeEcs, fakeEcs, OLD } from "./ecs.ts";
import type { Provided } from "./fakes.ts";
import {
  around,
  at,
  BOTH,
  NEXT,
  OURS,
  of,
  register,
  rolling,
  started,
  stepDone,
  strategyOf,
  web,
} from "./rolling.ts";

let ecs: FakeEcs;
beforeEach(() => {
  ecs = fakeEcs(STAGE);
  Object.assign(ecs.service, {
    capacityProviderStrategy: [
      { capacityProvider: "x86", base: 0, weight: 1 },
      { capacityProvider: "graviton", base: 0, weight: 3 },
    ],
  });
});

async function deployed(
  run: Run,
  { step = 0, lease = 0 }: { readonly step?: number; readonly lease?: number } = {},
  change: Partial<Aws["ecs"]> = {},
  more: Omit<Provided, "ecs"> = {},
) {
  const { context, ...seen } = around(ecs, change, more);
  const { stage } = at(run);
  const { events } = await deploy(context, run, stage, { type: "deploy", ...web, step, lease });
  return { events, ...seen };
}

/** The service runs the release, and rests. */
async function released(change: object = {}): Promise<void> {
  register(ecs);
  await ecs.aws.updateService({ cluster: STAGE, service: "web", taskDefinition: NEXT, ...change });
  Object.assign(ecs.service.deployments?.[0] ?? {}, { rolloutState: "COMPLETED" });
}

const shift = [{ weights: { graviton: 7 }, bakeMinutes: 5 }];
const claimed: RunEvent = { type: "deployment.requested", ...of, lease: 0 };

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
  const only = { ecr: { batchGetImage: async () => ({ images: [amd64] }) } };

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

describe("a way back to a revision that is there", () => {
  const restored = (run: Run): Run => ({ ...run, restore: { [`${STAGE}/web`]: NEXT } });

  test("uses it as it is", async () => {
    register(ecs);
    const { events, called, update } = await deployed(restored(plus(rolling(), claimed)));
    expect(called()).not.toContain("RegisterTaskDefinition");
    expect(update("taskDefinition")).toBe(NEXT);
    expect(events).toMatchObject([{ type: "deployment.started", taskDefinition: NEXT }]);
  });

  test("registers its like when it is active no more", async () => {
    register(ecs);
    const found = ecs.revisions.get(NEXT);
    Object.assign(found?.document ?? {}, { status: "INACTIVE" });
    const { called, update } = await deployed(restored(plus(rolling(), claimed)));
    expect(called()).toContain("RegisterTaskDefinition");
    expect(update("taskDefinition")).toBe(BASE.replace(/1$/, "3"));
  });

  test("a claim taken over finds the service there, and takes it for nobody else's doing", async () => {
    await released();
    const { events, updates } = await deployed(restored(plus(rolling(), claimed)), { lease: 1 });
    expect(updates()).toBe(0);
    expect(events[0]).toMatchObject({ type: "deployment.started", taskDefinition: NEXT, deploymentId: OURS });
  });
});

describe("when another service of the stage has failed", () => {
  const two = (change: object = {}): Run =>
    plus(
      entered(stageWith([target("web", change), target("api")], { order: "parallel" }), {
        baseTaskDefinition: BASE,
        baseCapacity: BOTH,
      }),
      claimed,
      ...begun("api"),
      failed("api", { rolledBack: true }),
    );

  test("a lost claim that began nothing begins nothing", async () => {
    const { events, called } = await deployed(two(), { lease: 1 });
    expect(called()).not.toContain("UpdateService");
    expect(called()).not.toContain("RegisterTaskDefinition");
    expect(events).toMatchObject([
      {
        type: "deployment.failed",
        failure: { reason: "service web was not moved: another service of the stage had failed before" },
      },
    ]);
  });

  test("one that did is followed to its end", async () => {
    await released();
    ecs.revisions.set(NEXT, {
      tags: Object.entries({
        "tandem:run": "hello-1",
        "tandem:commit": two().revision.commit,
        "tandem:stage": STAGE,
        "tandem:service": `${STAGE}/web`,
        "tandem:base": BASE,
      }).map(([key, value]) => ({ key, value })),
      document: {
        taskDefinitionArn: NEXT,
        family: "web",
        containerDefinitions: [{ name: "web", image: OLD }],
      },
    });
    const { events } = await deployed(two(), { lease: 1 });
    expect(events[0]).toMatchObject({ type: "deployment.started", taskDefinition: NEXT });
  });
});

describe("a service that somebody else has changed before it was moved", () => {
  const theirs = BASE.replace(/1$/, "7");
  beforeEach(() => {
    ecs.revisions.set(theirs, {
      tags: [],
      document: {
        taskDefinitionArn: theirs,
        family: "web",
        containerDefinitions: [{ name: "web", image: OLD }],
      },
    });
    Object.assign(ecs.service, { taskDefinition: theirs });
  });
  const both: Partial<Aws["ecs"]> = {
    describeServices: async (input) => {
      const { services = [] } = await fakeEcs(STAGE).aws.describeServices({ ...input, services: ["web"] });
      const [name = ""] = input.services ?? [];
      return {
        services:
          name === "web"
            ? [structuredClone(ecs.service)]
            : services.map((one) => ({ ...one, serviceName: name })),
      };
    },
  };
  const stage = stageWith([target("api"), target("web")]);
  const moved = [...begun("api"), succeeded("api"), claimed];

  test("is looked at anew where nobody was asked, naming the service that changed", async () => {
    const run = plus(entered(stage, { baseTaskDefinition: BASE }), ...moved);
    const { events } = await deployed(run, {}, both);
    expect(events).toMatchObject([
      {
        type: "gate.voided",
        changed: `${STAGE}/web`,
        deployments: [{ service: "api" }, { service: "web", baseTaskDefinition: theirs }],
      },
    ]);
  });

  test("fails the stage where people were, once another service has moved", async () => {
    const gate = {
      approval: { from: ["release-managers"], required: 1, expiresAfter: 1, selfApproval: false },
    };
    const approved: readonly RunEvent[] = [
      approvalBy("bob"),
      { type: "stage.deploying", at: T0, stage: STAGE },
    ];
    const gated = plus(entered({ ...stage, ...gate }, { baseTaskDefinition: BASE }), ...approved);
    const { events } = await deployed(plus(gated, ...moved), {}, both);
    expect(events).toMatchObject([
      {
        type: "deployment.failed",
        failure: { reason: expect.stringContaining(`somebody else changed service web to ${theirs}`) },
      },
    ]);
    const first = plus(gated, claimed);
    expect((await deployed(first, {}, both)).events).toMatchObject([{ type: "gate.voided" }]);
  });
});
