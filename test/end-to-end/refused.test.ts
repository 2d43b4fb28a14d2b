import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isGated, isOver, type Run } from "./support/api.ts";
import { createCluster, serviceOf, steady } from "./support/clusters.ts";
import { eventually } from "./support/poll.ts";
import { tableItems } from "./support/streams.ts";
import { tandem } from "./support/tandem.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 90_000);
afterAll(() => world.close(), 30_000);

let version = 0;

/** Pushes another version to main, and follows it to its end, or to the approval. */
async function pushed(): Promise<Run> {
  const { api, copy } = world;
  version += 1;
  const commit = await copy.commit(application(version));
  await copy.push();
  return api.until(await api.runOf(commit), (run) => isOver(run) || isGated("production")(run));
}

/** What Tandem's functions have asked of AWS. */
async function operations(): Promise<ReadonlySet<string>> {
  const calls = await world.control.calls();
  const ours = calls.filter(({ caller }) => /\/tandem-[\w-]+$/.test(caller));
  expect(ours.length).toBeGreaterThan(0);
  return new Set(ours.map(({ operation }) => operation));
}

test("a push to a branch that no pipeline wants makes no run, and is recorded as refused", async () => {
  const { api, aws, copy } = world;
  const commit = await copy.commit(application(0));
  await copy.push("carol", "main:refs/heads/feature");
  const refusals = await eventually(async () => {
    const items = await tableItems(aws);
    return items.length > 0 ? items : undefined;
  }, "the record of the push");
  expect(refusals).toHaveLength(1);
  expect(refusals[0]).toMatchObject({
    pk: `commit#${commit}`,
    pipeline: "-",
    commit,
    outcome: { ignored: { S: "hello follows the branches main" } },
  });
  expect(await api.runs()).toEqual([]);
  const done = await operations();
  for (const operation of ["StartBuild", "PutImage", "UpdateService"]) expect(done).not.toContain(operation);
});

describe("a stage that cannot be deployed to ends the run, naming what is missing and the remedy", () => {
  /** What holds each time: the images are there, and nothing is deployed. */
  async function failed(run: Run, reason: RegExp): Promise<void> {
    const { registry } = world;
    expect(run).toMatchObject({ status: "failed", reason: expect.stringMatching(reason) });
    expect(run.stages).toMatchObject([
      { name: "staging", status: "failed", reason: expect.stringMatching(/; (create it|mend )/) },
      { name: "production", status: "not reached" },
    ]);
    expect(await registry.digestOf(run.commit.slice(0, 7))).toBe(run.images[0]?.indexDigest);
    expect((await registry.index(run.images[0]?.indexDigest ?? "")).manifests).toHaveLength(2);
    const done = await operations();
    expect(done).not.toContain("UpdateService");
  }

  test("a cluster", async () => {
    const run = await pushed();
    await failed(run, /stage staging failed: cluster staging does not exist; create it, or mend .*`ecs`/);
    const explained = await tandem(["explain", run.id, "--url", world.url]);
    expect(explained.out).toContain("cluster staging does not exist; create it");
    expect((await tandem(["watch", run.id, "--url", world.url])).code).toBe(1);
  });

  test("a service", async () => {
    await world.aws.ecs.createCluster({ clusterName: "staging" });
    await failed(await pushed(), /service web of cluster staging does not exist; create it/);
    await world.aws.ecs.deleteCluster({ cluster: "staging" });
  });

  test("a container", async () => {
    const { aws, registry, url } = world;
    const image = `${new URL(url).host}/hello@${await registry.pushFirst()}`;
    await createCluster(aws, "staging", image);
    await steady(aws, "staging");
    const other = await aws.ecs.registerTaskDefinition({
      family: "other",
      containerDefinitions: [{ name: "app", image, memory: 64 }],
    });
    const { taskDefinitionArn = "" } = other.taskDefinition ?? {};
    await aws.ecs.updateService({ cluster: "staging", service: "web", taskDefinition: taskDefinitionArn });
    await steady(aws, "staging");
    await failed(
      await pushed(),
      /task definition \S+other:1 of service web has no container web; it has app; mend/,
    );
    expect((await serviceOf(aws, "staging")).taskDefinition).toBe(taskDefinitionArn);
  });
});

test("the stage is free afterwards: once all is there, the next push is deployed", async () => {
  const { aws } = world;
  await aws.ecs.updateService({ cluster: "staging", service: "web", taskDefinition: "staging-web" });
  await steady(aws, "staging");
  const run = await pushed();
  // Production has no cluster in this test.
  expect(run).toMatchObject({
    status: "failed",
    reason: expect.stringMatching(/stage production failed: cluster production does not exist/),
    stages: [{ name: "staging", status: "succeeded", services: [{ tasks: { x86_64: 2, arm64: 2 } }] }, {}],
  });
  expect((await serviceOf(aws, "staging")).taskDefinition).toBe(run.stages[0]?.services[0]?.taskDefinition);
});
