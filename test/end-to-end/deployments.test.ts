import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { pushIndex } from "../local/ecs-images.ts";
import { architectureOf } from "./support/clusters.ts";
import { PIPELINES, SERVICES, TASK } from "./support/deployment-pipelines.ts";
import { openServices, type ServiceWorld } from "./support/service-world.ts";
import { CLUSTER, rest, revise, revisionOf } from "./support/services.ts";
import { unknownFields } from "./support/unknown-fields.ts";
import { application, git } from "./support/working-copy.ts";

let world: ServiceWorld;
beforeAll(async () => {
  world = await openServices(PIPELINES, SERVICES);
  await world.beginAll({ ...application(1), "deploy/task.json": TASK });
}, 180_000);
afterAll(() => world?.close(), 30_000);

/** A sidecar whose arm64 image holds a program for x86_64. */
async function brokenProxy(): Promise<string> {
  const { url } = world;
  const digest = await pushIndex(url, "hello", [
    { architecture: "amd64" },
    { architecture: "arm64", machine: "x86_64" },
  ]);
  return `${new URL(url).host}/hello@${digest}`;
}

describe("a task definition", () => {
  test("comes from a file of the repository at the commit, with variables; `tandem diff` says what changes", async () => {
    const id = await world.begun("files");
    await world.gated(id, "file");
    const before = await world.said("diff", id, "file");
    expect(before.err).toBe("");
    expect(before.out).toContain(`${id} would change in file:`);
    expect(before.out).toContain("LEVEL");
    expect(before.out).toContain("+ debug");
    // The stage after it starts from the family's newest, which the service does not run yet.
    await revise(world.aws, "newest", world.image, { FLAVOUR: "new" });
    expect((await world.said("approve", id, "file")).code).toBe(0);
    expect(await world.ended(id)).toMatchObject({ status: "succeeded" });
    const after = await world.said("diff", id, "file");
    expect(after.out).toContain(`${id} changed in file:`);
    expect(after.out).toContain("+ debug");
    expect((await world.said("diff", id, "newest")).out).toContain("FLAVOUR");

    const { taskDefinition } = await world.aws.ecs.describeTaskDefinition({
      taskDefinition: await revisionOf(world.aws, "filed"),
    });
    expect(taskDefinition?.containerDefinitions).toMatchObject([
      {
        environment: [
          { name: "LEVEL", value: "debug" },
          { name: "RUN", value: id },
        ],
        dockerLabels: { team: "shop" },
        image: expect.stringContaining("/hello@sha256:"),
      },
    ]);
    expect(await unknownFields(world.aws, await revisionOf(world.aws, "filed"))).toEqual([{ kept: [1, 2] }]);
    const newest = await world.aws.ecs.describeTaskDefinition({
      taskDefinition: await revisionOf(world.aws, "newest"),
    });
    expect(newest.taskDefinition?.containerDefinitions?.[0]?.environment).toEqual([
      { name: "FLAVOUR", value: "new" },
    ]);
  });

  test.each([
    ["is no JSON", "{ family: filed }", "deploy/task.json is no JSON"],
    [
      "has a placeholder nobody knows",
      TASK.replace("LEVEL}", "LEVLE}"),
      "deploy/task.json has placeholders that stand for nothing: ${LEVLE}",
    ],
  ])("whose file %s fails the stage, which says so", async (_what, text, reason) => {
    const before = await revisionOf(world.aws, "filed");
    const run = await world.ended(await world.push("files", { "deploy/task.json": text }));
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(reason);
    expect(await revisionOf(world.aws, "filed")).toBe(before);
  });

  test("whose file is missing, too", async () => {
    const { copy } = world;
    await world.checkOut("files");
    await git(copy.folder, ["rm", "--quiet", "deploy/task.json"]);
    const commit = await copy.commit({ "notes.txt": "without the file" });
    await copy.push("carol", "HEAD:refs/heads/files");
    const run = await world.ended(await world.api.runOf(commit));
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(`hello has no file deploy/task.json at ${commit.slice(0, 7)}`);
  });
});

describe("several services", () => {
  test("in order: when the second fails, the first goes back", async () => {
    expect(await world.ended(await world.begun("order"))).toMatchObject({ status: "succeeded" });
    const before = await revisionOf(world.aws, "first");
    await revise(world.aws, "second", world.image, {}, await brokenProxy());
    const id = await world.push("order", { Dockerfile: `${application(2).Dockerfile}# 2\n` });
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("arm64 0/1: exit 255 (exec format error)");
    expect(run.reason).toContain("first went back");
    expect(await revisionOf(world.aws, "first")).toBe(before);
    await rest(world.aws, "second");
  });

  test("stay with `onFailure: stay`", async () => {
    const run = await world.ended(await world.begun("stay"));
    // It began while the family was sound.
    expect(run.status).toBe("succeeded");
    const before = await revisionOf(world.aws, "first");
    const id = await world.push("stay", { Dockerfile: `${application(2).Dockerfile}# 3\n` });
    const failed = await world.ended(id);
    expect(failed.status).toBe("failed");
    expect(failed.reason).not.toContain("went back");
    expect(await revisionOf(world.aws, "first")).not.toBe(before);
  });

  test("side by side, those that `needs` name first", async () => {
    const id = await world.begun("parallel");
    expect(await world.ended(id)).toMatchObject({ status: "succeeded" });
    const moves = (await world.api.events(id)).flatMap((event) =>
      /^deployment\.(?:started|succeeded)$/.test(event.type)
        ? [`${event.service} ${event.type.slice(11)}`]
        : [],
    );
    expect(moves.indexOf("front started")).toBeGreaterThan(moves.indexOf("back succeeded"));
    expect(moves.indexOf("side started")).toBeLessThan(moves.indexOf("back succeeded"));
  });

  test("side by side: when one fails, what needs it never begins, and what has moved goes back", async () => {
    const before = await revisionOf(world.aws, "side");
    await revise(world.aws, "back", world.image, {}, await brokenProxy());
    const id = await world.push("parallel", { Dockerfile: `${application(2).Dockerfile}# 4\n` });
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("side went back");
    expect(await revisionOf(world.aws, "side")).toBe(before);
    const about = (await world.api.events(id)).filter((event) => event.service === "front");
    expect(about).toEqual([]);
  });
});

describe("tasks before and after", () => {
  test("run once, on the architecture that is asked for, and their log is there", async () => {
    const id = await world.begun("tasks");
    const run = await world.ended(id);
    expect(run.status).toBe("succeeded");
    const { body } = await world.api.send("GET", `/api/runs/${id}`);
    expect(body).toMatchObject({
      stages: [
        {
          services: [
            {
              oneOffTasks: [
                {
                  run: "migrate",
                  when: "before",
                  status: "succeeded",
                  log: expect.arrayContaining(["moved 3 tables"]),
                },
                {
                  run: "smoke",
                  when: "after",
                  status: "succeeded",
                  log: expect.arrayContaining(["all is well"]),
                },
              ],
            },
          ],
        },
      ],
    });
    const shown = (await world.said("show", id)).out;
    expect(shown).toContain("task migrate (before) succeeded");
    const { taskArns = [] } = await world.aws.ecs.listTasks({
      cluster: CLUSTER,
      startedBy: `tandem/${id}`,
      desiredStatus: "STOPPED",
    });
    const { tasks = [] } = await world.aws.ecs.describeTasks({ cluster: CLUSTER, tasks: taskArns });
    expect(tasks.filter(({ group }) => group === "tandem:migrate").map(architectureOf)).toEqual(["arm64"]);
  });

  test("a failure before moves nothing", async () => {
    const before = await revisionOf(world.aws, "migrated");
    await revise(world.aws, "migrated", world.image, { TANDEM_SIMULATED_EXIT_CODE: "3" });
    const id = await world.push("tasks", { "notes.txt": "after tasks-1" });
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(
      "before the deployment of service migrated: task migrate ended with exit code 3",
    );
    expect((await world.said("show", id)).out).toContain("task migrate (before) failed");
    expect(await revisionOf(world.aws, "migrated")).toBe(before);
  });

  test("one that takes too long is stopped", async () => {
    const before = await revisionOf(world.aws, "migrated");
    await revise(world.aws, "migrated", world.image, { TANDEM_SIMULATED_SECONDS: "600" });
    const id = await world.push("tasks", { "notes.txt": "after tasks-2" });
    await world.waitFor(id, "migrated waits for its task");
    await world.sweepLater(6);
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("task migrate took longer than 5 minutes, and was stopped");
    expect(await revisionOf(world.aws, "migrated")).toBe(before);
    const { taskArns = [] } = await world.aws.ecs.listTasks({ cluster: CLUSTER, startedBy: `tandem/${id}` });
    expect(taskArns).toEqual([]);
  });

  test("a failure after takes the service back", async () => {
    const run = await world.ended(await world.begun("smoke"));
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("after the deployment of service smoked: task smoke ended with exit code 4");
    const { services: [service] = [] } = await world.aws.ecs.describeServices({
      cluster: CLUSTER,
      services: ["smoked"],
    });
    expect(service?.taskDefinition).toMatch(/smoked:1$/);
  });
});
