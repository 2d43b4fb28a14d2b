import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isGated, isOver, type Run, releaseOf } from "./support/api.ts";
import { byArchitecture, serviceOf, tasksOf } from "./support/clusters.ts";
import { andThen } from "./support/functions.ts";
import { tableItems, versionsOf } from "./support/streams.ts";
import { application } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, ["staging", "production"]);
}, 90_000);
afterAll(() => world.close(), 30_000);

/** Calls of an operation that changed something. */
async function callsOf(operation: string, since = 0): Promise<number> {
  const calls = await world.control.calls(since);
  return calls.filter((call) => call.operation === operation && call.error === undefined).length;
}

/** Pushes a version, follows it to its approval by alice, and to its end. */
async function release(version: number): Promise<{ readonly gated: Run; readonly ended: Run }> {
  const { api, copy } = world;
  const commit = await copy.commit(application(version));
  await copy.push("carol");
  const id = await api.runOf(commit);
  const gated = await api.until(id, isGated("production"));
  const answer = await api.decide(id, "production", "alice", "approve", releaseOf(gated, "production"));
  expect(answer).toMatchObject({ status: 200, body: { message: `alice approved production of ${id}` } });
  return { gated, ended: await api.until(id, isOver) };
}

const digestOf = (run: Run): string => run.images[0]?.indexDigest ?? "";

describe("a push becomes a running release on both architectures", () => {
  let first: Run;
  let second: Run;

  test("two builds at once, one index, staging, the approval, production", async () => {
    const { aws, registry } = world;
    const before = await serviceOf(aws, "production");
    const { gated, ended } = await release(1);
    first = ended;
    expect(gated.stages).toMatchObject([
      { name: "staging", status: "succeeded" },
      { name: "production", status: "gated", gate: { open: true, approvals: [] } },
    ]);
    expect(ended).toMatchObject({
      status: "succeeded",
      stages: [{}, { gate: { approvals: [{ person: "alice" }] } }],
    });

    const ids = ended.images[0]?.builds.map(({ buildId = "" }) => buildId) ?? [];
    const { builds = [] } = await aws.codeBuild.batchGetBuilds({ ids });
    expect(builds.map(({ environment }) => environment?.type).sort()).toEqual([
      "ARM_CONTAINER",
      "LINUX_CONTAINER",
    ]);
    const starts = builds.map(({ startTime }) => Number(startTime));
    const ends = builds.map(({ endTime }) => Number(endTime));
    expect(Math.max(...starts)).toBeLessThan(Math.min(...ends));

    const index = await registry.index(digestOf(ended));
    expect(index.manifests.map(({ platform }) => platform)).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ]);
    for (const { digest, platform } of index.manifests) {
      const { config } = await registry.pull(digest);
      expect(config).toMatchObject({
        architecture: platform.architecture,
        config: { Entrypoint: ["/app"], Labels: { commit: ended.commit } },
      });
    }
    for (const tag of ["main", ended.commit.slice(0, 7)]) {
      expect(await registry.digestOf(tag)).toBe(digestOf(ended));
    }
    expect(before.taskDefinition).toMatch(/production-web:1$/);
  });

  test.each(["staging", "production"])(
    "%s runs what the API says, on the architectures it says",
    async (name) => {
      const { aws, url } = world;
      const service = first.stages.find((stage) => stage.name === name)?.services[0];
      const tasks = await tasksOf(aws, name);
      expect(tasks).toHaveLength(4);
      expect(byArchitecture(tasks)).toEqual({ x86_64: 2, arm64: 2 });
      expect(service?.tasks).toEqual(byArchitecture(tasks));
      expect(service?.imageDigest).toBe(digestOf(first));
      expect(new Set(tasks.map(({ taskDefinitionArn }) => taskDefinitionArn))).toEqual(
        new Set([service?.taskDefinition]),
      );

      const { taskDefinition, tags } = await aws.ecs.describeTaskDefinition({
        taskDefinition: service?.taskDefinition,
        include: ["TAGS"],
      });
      const image = `${new URL(url).host}/hello@${digestOf(first)}`;
      expect(taskDefinition?.containerDefinitions?.map((container) => container.image)).toEqual([image]);
      expect(tags).toEqual(expect.arrayContaining([{ key: "tandem:run", value: first.id }]));
    },
  );

  test("a second push rolls both services from the old release to the new one", async () => {
    const { aws, registry } = world;
    second = (await release(2)).ended;
    expect(second.status).toBe("succeeded");
    expect(digestOf(second)).not.toBe(digestOf(first));
    for (const [at, cluster] of ["staging", "production"].entries()) {
      const { taskDefinition, deployments = [] } = await serviceOf(aws, cluster);
      expect(taskDefinition).toBe(second.stages[at]?.services[0]?.taskDefinition);
      expect(taskDefinition).not.toBe(first.stages[at]?.services[0]?.taskDefinition);
      expect(deployments).toMatchObject([{ status: "PRIMARY", rolloutState: "COMPLETED" }]);
      const tasks = await tasksOf(aws, cluster);
      expect(new Set(tasks.map((task) => task.taskDefinitionArn))).toEqual(new Set([taskDefinition]));
      expect(byArchitecture(tasks)).toEqual({ x86_64: 2, arm64: 2 });
    }
    expect(await registry.digestOf("main")).toBe(digestOf(second));
    expect(await registry.digestOf(first.commit.slice(0, 7))).toBe(digestOf(first));
  });

  test("every event once more, and a sweep, change nothing", async () => {
    const { aws, control } = world;
    // The first sweep only remembers where the branches are.
    const sweepOnce = () =>
      andThen(aws, /sweep/, async () => {
        await control.runSchedules();
        return 1;
      });
    await sweepOnce();
    const stored = await tableItems(aws);
    const since = await control.lastCall();
    expect(await callsOf("StartBuild")).toBe(4);
    expect(await callsOf("UpdateService")).toBe(4);

    await andThen(aws, /on(Codecommit|Build|Deployment)/, async () => {
      const matched = [];
      for (const { event } of await control.events()) matched.push(...(await control.replay(event.id)));
      // 2 pushes, 4 builds and 4 deployments at the least.
      expect(matched.length).toBeGreaterThanOrEqual(10);
      return matched.length;
    });
    await sweepOnce();
    expect(versionsOf(await tableItems(aws))).toEqual(versionsOf(stored));
    expect(await tableItems(aws)).toEqual(stored);
    for (const operation of ["StartBuild", "PutImage", "RegisterTaskDefinition", "UpdateService"])
      expect([operation, await callsOf(operation, since)]).toEqual([operation, 0]);
  });
});
