import { describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { begin, check, enter, leave } from "../../shared/effects/stage.ts";
import { readStageLock } from "../../shared/effects/stage-lock.ts";
import type { StageDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { explain } from "../../shared/pipeline/explain.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import {
  definition,
  deploymentStarted,
  deploymentSucceeded,
  INDEX,
  PRODUCTION,
  REPOSITORY_URI,
  runAfter,
  STAGING,
  stageEntered,
  stageOf,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "../pipeline/given.ts";
import { BASE, fakeEcs, OLD } from "./ecs.ts";
import { contextOf, denied, fakeAws, operations } from "./fakes.ts";

const runOf = (sequence: number) => runAfter(started({ sequence }), ...UNTIL_PUBLISHED.slice(1));

/** A store, an ECS, and the runs 1 to 3, all of them published. */
function house(cluster = "production", change: Partial<Aws["ecs"]> = {}) {
  const ecs = fakeEcs(cluster);
  const { aws, calls } = fakeAws({ ecs: { ...ecs.aws, ...change }, ecr: ecs.images });
  const store = memoryStore();
  const context = contextOf(aws, store);
  return {
    calls,
    service: ecs.service,
    revisions: ecs.revisions,
    lock: async (stage = "production") => (await readStageLock(store, "hello", stage)).lock,
    enter: (sequence: number, stage: StageDefinition = PRODUCTION) => enter(context, runOf(sequence), stage),
    begin: (sequence: number) => begin(context, runOf(sequence), "production"),
    check: (sequence: number) => check(context, runOf(sequence), stageOf(runOf(sequence), "production")),
    /** What people are asked about is what the events say. */
    checkAfter: (...events: readonly RunEvent[]) => {
      const run = runAfter(...UNTIL_GATED.slice(0, -1), ...events);
      return check(context, run, stageOf(run));
    },
    leave: (sequence: number, status: "succeeded" | "rolled-back") =>
      leave(context, runOf(sequence), {
        definition: PRODUCTION,
        state:
          status === "succeeded"
            ? { status, left: false, since: T0, until: T0, deployments: [] }
            : { status, left: false, failure: { reason: "tasks failed to start" }, deployments: [] },
      }),
  };
}
const OTHER = BASE.replace(/1$/, "2");
const superseded = (by: string) => ({ type: "run.superseded", at: T0, by, stage: "production" });

describe("enter-stage", () => {
  test("takes the stage and looks up what would change, side by side", async () => {
    const { enter: enters, calls, lock } = house();
    expect(await enters(1)).toEqual({
      events: [
        {
          type: "stage.entered",
          at: T0,
          stage: "production",
          deployments: [
            {
              cluster: "production",
              service: "web",
              serviceArn: "arn:aws:ecs:us-east-1:000000000000:service/production/web",
              baseTaskDefinition: BASE,
              images: { web: { from: OLD, to: `${REPOSITORY_URI}@${INDEX}` } },
              baseCapacity: { x86: { base: 0, weight: 1 } },
              hosts: { x86_64: ["x86"] },
              notes: ["no host of service web runs linux/arm64 of container web"],
              rollbackProblems: [],
            },
          ],
        },
      ],
      wake: [],
    });
    expect(operations(calls).toSorted()).toEqual([
      // The gate looks at two images, the rehearsal at those of the way back, and at what the one by digest lists.
      "BatchGetImage",
      "BatchGetImage",
      "BatchGetImage",
      "BatchGetImage",
      "BatchGetImage",
      "DescribeCapacityProviders",
      "DescribeContainerInstances",
      "DescribeImages",
      "DescribeServices",
      "DescribeTaskDefinition",
      "ListContainerInstances",
    ]);
    expect(await lock()).toMatchObject({ holder: { runId: "hello-1", phase: "gated" } });
  });

  test("entering again, after a crash, gives the same", async () => {
    const { enter: enters } = house();
    expect(await enters(1)).toEqual(await enters(1));
  });

  test("a newer run displaces one that waits for its approval, and tells it", async () => {
    const { enter: enters } = house();
    await enters(1);
    expect(await enters(2)).toMatchObject({
      events: [{ type: "stage.entered" }],
      wake: [{ runId: "hello-1", event: superseded("hello-2") }],
    });
    expect((await enters(1)).events).toEqual([superseded("hello-2")]);
  });

  test("a stage that is busy is waited for", async () => {
    const { enter: enters } = house("staging");
    await enters(1, STAGING);
    expect((await enters(2, STAGING)).events).toEqual([
      { type: "stage.waited", at: T0, stage: "staging", behind: "hello-1", why: "hello-1 has the stage" },
    ]);
  });

  test.each([
    [
      "the cluster",
      house("elsewhere"),
      "cluster production does not exist",
      "create it, or mend the stage's `ecs` in the pipeline",
    ],
    [
      "the service",
      house("production", { describeServices: async () => ({ services: [] }) }),
      "service web of cluster production does not exist",
      "create it, or mend the stage's `ecs` in the pipeline",
    ],
  ])("%s is missing: the stage fails, with the remedy", async (_what, { enter: enters }, reason, remedy) => {
    expect((await enters(1)).events).toEqual([
      { type: "stage.failed", at: T0, stage: "production", failure: { reason, remedy } },
    ]);
  });

  test("a container that the task definition has not: the stage fails, and says which there are", async () => {
    const deployment = { cluster: "production", service: "web", containers: { wbe: "hello" } };
    const { enter: enters } = house();
    expect((await enters(1, { ...PRODUCTION, deploy: [deployment] })).events).toEqual([
      {
        type: "stage.failed",
        at: T0,
        stage: "production",
        failure: {
          reason: `task definition ${BASE} of service web has no container wbe; it has web, sidecar`,
          remedy: "mend `containers` in the pipeline, or the task definition",
        },
      },
    ]);
  });

  test.each([
    ["capacity", { capacity: { x86: { base: 0, weight: 1 } } }],
    ["a shift", { shift: [{ weights: { x86: 3 }, bakeMinutes: 5 }] }],
  ])("%s for a service of ECS Anywhere: the stage fails before anybody is asked", async (_what, change) => {
    const { enter: enters, service, calls } = house();
    Object.assign(service, { launchType: "EXTERNAL", capacityProviderStrategy: [] });
    const deploy = PRODUCTION.deploy.map((one) => ({ ...one, ...change }));
    const reason =
      "service web has the launch type EXTERNAL, and external instances do not support capacity providers (x86)";
    const remedy = "take `capacity` and `shift` out of its deployment in the pipeline";
    expect((await enters(1, { ...PRODUCTION, deploy })).events).toEqual([
      { type: "stage.failed", at: T0, stage: "production", failure: { reason, remedy } },
    ]);
    expect(operations(calls).toSorted()).toEqual(["DescribeServices", "DescribeTaskDefinition"]);
  });

  test("of eight runs at once the newest has the stage, and each of the others knows", async () => {
    const { enter: enters, lock } = house();
    const answers = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => enters(n + 1)));
    expect(answers.filter(({ status }) => status === "rejected")).toEqual([]);
    expect((await lock()).holder).toMatchObject({ runId: "hello-8" });
  });
});

describe("begin-stage", () => {
  test("goes from the gate to the deployments", async () => {
    const { enter: enters, begin: begins, lock } = house();
    await enters(1);
    expect((await begins(1)).events).toEqual([{ type: "stage.deploying", at: T0, stage: "production" }]);
    expect(await lock()).toMatchObject({ sequence: 1, holder: { phase: "deploying" } });
  });

  test("not when a newer run has taken the stage", async () => {
    const { enter: enters, begin: begins } = house();
    await enters(1);
    await enters(2);
    expect((await begins(1)).events).toEqual([superseded("hello-2")]);
  });
});

describe("check-stage", () => {
  test("the stage is still ours: there is nothing to say", async () => {
    const { enter: enters, check: checks } = house();
    await enters(1);
    expect((await checks(1)).events).toEqual([]);
  });

  test("a newer run has it, or has had it since", async () => {
    const { enter: enters, check: checks, begin: begins, leave: leaves } = house();
    await enters(1);
    await enters(2);
    expect((await checks(1)).events).toEqual([superseded("hello-2")]);
    await begins(2);
    await leaves(2, "succeeded");
    expect((await checks(1)).events).toEqual([superseded("hello-2")]);
  });

  test("a service is another than people were asked about: they are asked about what it is now", async () => {
    const { enter: enters, checkAfter, service, revisions } = house();
    const entered = (await enters(1)).events;
    expect((await checkAfter(...entered)).events).toEqual([]);
    const { document, tags } = revisions.get(BASE) ?? { document: {}, tags: [] };
    revisions.set(OTHER, { document: { ...document, taskDefinitionArn: OTHER, revision: 2 }, tags });
    Object.assign(service, { taskDefinition: OTHER });
    const [voided, ...more] = (await checkAfter(...entered)).events;
    expect(more).toEqual([]);
    expect(voided).toMatchObject({
      type: "gate.voided",
      stage: "production",
      why: `service web has been changed to ${OTHER} since the stage was looked at`,
      changed: "production/web",
      round: 0,
      deployments: [{ baseTaskDefinition: OTHER }],
    });
    if (voided === undefined) return;
    expect((await checkAfter(...entered, voided)).events).toEqual([]);
    Object.assign(service, { taskDefinition: BASE });
    expect((await checkAfter(...entered, voided)).events).toMatchObject([{ type: "gate.voided", round: 1 }]);
  });

  test("a service that is gone is told by its deployment", async () => {
    const { enter: enters, checkAfter, service } = house();
    const entered = (await enters(1)).events;
    Object.assign(service, { status: "INACTIVE" });
    expect((await checkAfter(...entered)).events).toEqual([]);
  });
});

describe("leave-stage", () => {
  test("frees the stage and wakes the next", async () => {
    const { enter: enters, begin: begins, leave: leaves, lock } = house();
    await enters(1);
    await begins(1);
    await enters(2);
    expect(await leaves(1, "succeeded")).toEqual({
      events: [{ type: "stage.left", at: T0, stage: "production" }],
      wake: [{ runId: "hello-2" }],
    });
    expect(await lock()).not.toHaveProperty("holder");
  });

  test("after a rollback the stage is held, and nobody is woken", async () => {
    const { enter: enters, begin: begins, leave: leaves } = house();
    await enters(1);
    await begins(1);
    expect((await leaves(1, "rolled-back")).wake).toEqual([]);
    expect((await enters(2)).events).toMatchObject([
      {
        type: "stage.waited",
        why: "the stage is held since hello-1 was rolled back; somebody must release it",
      },
    ]);
  });

  test("what cannot be marked as live is told in the log and on the run, and stops nothing", async () => {
    const kept = { releases: 1, days: 30, keepTags: [] };
    const hello = definition();
    const images = hello.images.map((image) => ({ ...image, retention: kept }));
    const history = [
      started({ definition: { ...hello, images, stages: [STAGING] } }),
      ...UNTIL_PUBLISHED.slice(1),
      stageEntered("staging"),
      deploymentStarted("staging"),
      deploymentSucceeded("staging"),
    ];
    const run = runAfter(...history);
    const warned: unknown[] = [];
    const left = async (batchGetImage: Aws["ecr"]["batchGetImage"]) => {
      const context = contextOf(fakeAws({ ecr: { batchGetImage } }).aws);
      const warn = (...line: unknown[]) => void warned.push(line);
      const { events } = await leave({ ...context, warn }, run, stageOf(run, "staging"));
      return explain(runAfter(...history, ...events));
    };
    const gone = `hello@${INDEX} runs in staging, but is gone from its repository`;
    expect(await left(async () => ({ images: [] }))).toContain(gone);
    const details = { runId: "hello-1", pipeline: "hello", stage: "staging", problems: [gone] };
    expect(warned).toEqual([["what a stage runs may expire", details]]);
    const forbidden = await left(() => Promise.reject(denied("ecr:BatchGetImage")));
    expect(forbidden.join()).toContain("could not be marked as what it runs: ");
    expect(forbidden.join()).toContain(
      "give the role tandem-on-build-change the permission ecr:BatchGetImage",
    );
  });
});
