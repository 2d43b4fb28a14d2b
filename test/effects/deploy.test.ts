import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { deploy } from "../../shared/effects/deploy.ts";
import type { EcsDeployment } from "../../shared/pipeline/definition.ts";
import {
  approvalBy,
  COMMIT,
  definition,
  INDEX,
  PRODUCTION,
  prepared,
  REPOSITORY_URI,
  runAfter,
  STAGING,
  service,
  stageEntered,
  stageOf,
  started,
  T0,
  UNTIL_GATED,
} from "../pipeline/given.ts";
import { BASE, type FakeEcs, fakeEcs, SIDECAR } from "./ecs.ts";
import { contextOf, fakeAws, operations, said } from "./fakes.ts";

const RELEASE = `${REPOSITORY_URI}@${INDEX}`;
const key = { at: T0, ...service("production") };
const why = (arn: string) => `service web has been changed to ${arn} since the stage was looked at`;

let ecs: FakeEcs;
beforeEach(() => {
  ecs = fakeEcs("production");
});

/** A run whose production was approved as the service is at revision 1. */
function approved(target: Partial<EcsDeployment> = {}) {
  const stage = { ...PRODUCTION, deploy: PRODUCTION.deploy.map((one) => ({ ...one, ...target })) };
  const [, ...rest] = UNTIL_GATED.slice(0, -1);
  return runAfter(
    started({ definition: definition({ stages: [STAGING, stage] }) }),
    ...rest,
    stageEntered("production", [
      {
        ...prepared("production"),
        baseTaskDefinition: BASE,
        baseCapacity: { x86: { base: 0, weight: 1 } },
        ...(target.capacity === undefined ? {} : { capacity: target.capacity }),
      },
    ]),
    approvalBy("bob"),
    { type: "stage.deploying", at: T0, stage: "production" },
    { type: "deployment.requested", ...key, lease: 0 },
  );
}

async function deployed(lease = 0, run = approved(), change: Partial<Aws["ecs"]> = {}) {
  const { aws, calls } = fakeAws({ ecs: { ...ecs.aws, ...change }, ecr: ecs.images });
  const command = { type: "deploy", ...service("production"), step: 0, lease } as const;
  const { events } = await deploy(contextOf(aws), run, stageOf(run), command);
  return { events, calls, called: operations(calls) };
}

/** The revision that a lost attempt has registered for this run, made from `base`. */
function registered(base = BASE, runId = "hello-1"): string {
  const arn = BASE.replace(/1$/, String(ecs.revisions.size + 1));
  const values = {
    "tandem:run": runId,
    "tandem:commit": COMMIT,
    "tandem:stage": "production",
    "tandem:service": "production/web",
    "tandem:base": base,
  };
  const tags = Object.entries(values).map(([name, value]) => ({ key: name, value }));
  ecs.revisions.set(arn, {
    document: {
      taskDefinitionArn: arn,
      family: "web",
      containerDefinitions: [{ name: "web", image: RELEASE }],
    },
    tags,
  });
  return arn;
}

describe("deploy", () => {
  test("registers the base with the release's digest, tagged with the run, and points the service at it", async () => {
    const { events, calls, called } = await deployed();
    expect(called.toSorted()).toEqual([
      "BatchGetImage",
      "BatchGetImage",
      "DescribeCapacityProviders",
      "DescribeContainerInstances",
      "DescribeServices",
      "DescribeTaskDefinition",
      "ListContainerInstances",
      "RegisterTaskDefinition",
      "UpdateService",
    ]);
    expect(calls.find(({ operation }) => operation === "RegisterTaskDefinition")?.input).toEqual({
      family: "web",
      containerDefinitions: [
        { name: "web", image: RELEASE },
        { name: "sidecar", image: SIDECAR },
      ],
      tags: [
        { key: "tandem:run", value: "hello-1" },
        { key: "tandem:commit", value: COMMIT },
        { key: "tandem:stage", value: "production" },
        { key: "tandem:service", value: "production/web" },
        { key: "tandem:base", value: BASE },
      ],
    });
    const taskDefinition = BASE.replace(/1$/, "2");
    expect(calls.at(-1)?.input).toEqual({ cluster: "production", service: "web", taskDefinition });
    expect(events).toEqual([
      {
        type: "deployment.started",
        ...key,
        step: 0,
        serviceArn: ecs.service.serviceArn,
        taskDefinition,
        deploymentId: "ecs-svc/2",
        found: {
          hosts: { x86_64: ["x86"] },
          notes: ["no host of service web runs linux/arm64 of container web"],
        },
      },
    ]);
  });

  test("the capacity the pipeline wants goes along, if the service has another", async () => {
    const capacity = { x86: { base: 1, weight: 1 }, graviton: { base: 0, weight: 3 } };
    const { calls } = await deployed(0, approved({ capacity }));
    expect(said(calls.at(-1), "capacityProviderStrategy")).toEqual([
      { capacityProvider: "x86", base: 1, weight: 1 },
      { capacityProvider: "graviton", base: 0, weight: 3 },
    ]);
    ecs = fakeEcs("production");
    const same = await deployed(0, approved({ capacity: { x86: { base: 0, weight: 1 } } }));
    expect(same.calls.at(-1)?.input).not.toHaveProperty("capacityProviderStrategy");
  });
});

describe("nothing to change", () => {
  beforeEach(() => {
    ecs.revisions.set(BASE, {
      tags: [],
      document: {
        taskDefinitionArn: BASE,
        family: "web",
        containerDefinitions: [{ name: "web", image: RELEASE }],
      },
    });
  });

  test("a service that runs the release already is reported at once: ECS would send no event", async () => {
    const { events, called } = await deployed();
    expect(called).not.toContain("RegisterTaskDefinition");
    expect(called).not.toContain("UpdateService");
    expect(events).toMatchObject([
      { type: "deployment.started", taskDefinition: BASE, deploymentId: "ecs-svc/base" },
      {
        type: "deployment.reported",
        deploymentId: "ecs-svc/base",
        state: "COMPLETED",
        reason: "the service runs the release already",
      },
    ]);
  });

  test("but another capacity moves its tasks, with a deployment of the same revision", async () => {
    const { calls, called } = await deployed(0, approved({ capacity: { graviton: { base: 0, weight: 1 } } }));
    expect(called).not.toContain("RegisterTaskDefinition");
    expect(calls.at(-1)?.input).toMatchObject({ taskDefinition: BASE, forceNewDeployment: true });
  });

  test("for which a revision that somebody has deregistered is registered again: ECS would refuse it", async () => {
    const known = ecs.revisions.get(BASE);
    if (known !== undefined)
      ecs.revisions.set(BASE, { ...known, document: { ...known.document, status: "INACTIVE" } });
    const { calls } = await deployed(0, approved({ capacity: { graviton: { base: 0, weight: 1 } } }));
    expect(calls.at(-1)?.input).toMatchObject({ taskDefinition: BASE.replace(/1$/, "2") });
    expect((await deployed()).called).not.toContain("UpdateService");
  });
});

describe("what was approved is no longer what would be done", () => {
  test("the service has another task definition: the gate is void, with what would change now", async () => {
    const theirs = registered(BASE, "terraform");
    Object.assign(ecs.service, { taskDefinition: theirs });
    const { events, called } = await deployed();
    expect(events).toMatchObject([
      {
        type: "gate.voided",
        stage: "production",
        why: why(theirs),
        deployments: [{ baseTaskDefinition: theirs }],
      },
    ]);
    expect(called).not.toContain("UpdateService");
  });

  test("also when a lost attempt has registered its revision before", async () => {
    registered();
    const theirs = registered(BASE, "terraform");
    Object.assign(ecs.service, { taskDefinition: theirs });
    const { events, called } = await deployed(1);
    expect(events).toMatchObject([{ type: "gate.voided", why: why(theirs) }]);
    expect(called).not.toContain("UpdateService");
  });
});

describe("a claim taken over", () => {
  test("finds the lost attempt's revision by its tags, and does not register another", async () => {
    const lost = registered();
    registered(BASE, "hello-2");
    const { events, called, calls } = await deployed(1);
    expect(called).not.toContain("RegisterTaskDefinition");
    expect(said(calls.at(-1), "taskDefinition")).toBe(lost);
    expect(events).toMatchObject([{ type: "deployment.started", taskDefinition: lost }]);
  });

  test("finds that the service is being moved already, and does not update it again", async () => {
    const lost = registered();
    await ecs.aws.updateService({ cluster: "production", service: "web", taskDefinition: lost });
    const { events, called } = await deployed(1);
    expect(called).not.toContain("UpdateService");
    expect(events).toEqual([
      expect.objectContaining({
        type: "deployment.started",
        taskDefinition: lost,
        deploymentId: "ecs-svc/2",
      }),
    ]);
  });

  test("finds that ECS has rolled the lost attempt back, and does not begin it again", async () => {
    const lost = registered();
    const listServiceDeployments = async () => ({
      serviceDeployments: [
        {
          targetServiceRevisionArn: "revision-2",
          status: "ROLLBACK_SUCCESSFUL" as const,
          statusReason: "tasks failed to start",
        },
      ],
    });
    const describeServiceRevisions = async () => ({
      serviceRevisions: [{ serviceRevisionArn: "revision-2", taskDefinition: lost }],
    });
    const { events, called } = await deployed(1, approved(), {
      listServiceDeployments,
      describeServiceRevisions,
    });
    expect(events).toMatchObject([
      {
        type: "deployment.failed",
        rolledBack: true,
        failure: { reason: "ECS rolled service web back: tasks failed to start" },
      },
    ]);
    expect(called).not.toContain("UpdateService");
  });

  test("does not take a revision made from another base for the one that was approved", async () => {
    registered("arn:aws:ecs:us-east-1:000000000000:task-definition/web:99");
    const { called } = await deployed(1);
    expect(called).toContain("RegisterTaskDefinition");
  });
});

test("a run says so when it is asked for a service that its stage does not deploy", async () => {
  const run = approved();
  const { aws } = fakeAws({});
  const command = {
    type: "deploy",
    stage: "production",
    cluster: "production",
    service: "api",
    step: 0,
    lease: 0,
  } as const;
  await expect(deploy(contextOf(aws), run, stageOf(run), command)).rejects.toThrow(
    "stage production does not deploy production/api",
  );
});
