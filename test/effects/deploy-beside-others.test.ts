import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { approvalBy, T0 } from "../pipeline/given.ts";
import { begun, entered, failed, plus, STAGE, stageWith, succeeded, target } from "../pipeline/rolling.ts";
import { BASE, type FakeEcs, fakeEcs, OLD } from "./ecs.ts";
import {
  BOTH,
  claimed,
  type DeployRest,
  deployOn,
  NEXT,
  OURS,
  onTwoProviders,
  register,
  releaseOn,
  rolling,
} from "./rolling.ts";

let ecs: FakeEcs;
beforeEach(() => {
  ecs = onTwoProviders();
});

const deployed = (run: Run, ...rest: DeployRest) => deployOn(ecs, run, ...rest);
const released = (change: object = {}) => releaseOn(ecs, change);

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
