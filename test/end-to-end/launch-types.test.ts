import type { RegisterTaskDefinitionCommandInput } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isGated, isOver, releaseOf } from "./support/api.ts";
import { awsClients, closeClients } from "./support/clients.ts";
import { byArchitecture, serviceOf, tasksOf } from "./support/clusters.ts";
import { sweepLater } from "./support/later-sweep.ts";
import { command, ecs, nextVersion, pipeline, pushed, released } from "./support/moves.ts";
import { eventually } from "./support/poll.ts";
import { type Project, projectWith } from "./support/project.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const FILE = `, taskDefinition: { file: deploy/task.json, variables: { MEMORY: "MIB" } }`;

let project: Project;
let world: World;
let image: string;
beforeAll(async () => {
  project = await projectWith({
    "pair.yml": pipeline("pair", [
      ecs("fargate", "x86", ", pair: edge"),
      ecs("fargate", "arm", ", pair: edge"),
    ]),
    "oversized.yml": pipeline("oversized", [ecs("fargate", "solo", FILE.replace("MIB", "4096"))]),
    "one-sided.yml": pipeline(
      "one-sided",
      [ecs("fargate", "solo", FILE.replace("MIB", "512"))],
      [],
      "linux/amd64",
    ),
    "anywhere.yml": pipeline("anywhere", [ecs("anywhere", "web")]),
    "unsupported.yml": pipeline("unsupported", [
      ecs("anywhere", "web", ", capacity: { onsite: { weight: 1 } }"),
    ]),
    "gone.yml": pipeline("gone", [ecs("mixed", "nobody")]),
    "deleted.yml": pipeline("deleted", [ecs("mixed", "deleted")]),
    "misnamed.yml": pipeline("misnamed", [ecs("mixed", "web").replace("web: hello", "wep: hello")]),
    "provider.yml": pipeline("provider", [ecs("mixed", "web", ", capacity: { nowhere: { weight: 1 } }")]),
    "purged.yml": pipeline(
      "purged",
      [ecs("mixed", "web")],
      ["approval: { from: [release-managers], required: 1 }", "overrides: [release-mangers]"],
    ),
    "taken.yml": pipeline("taken", [ecs("mixed", "taken").replace("count: 3", "count: 500")]),
  });
  world = await openWorld({ project: project.folder });
  await seed(world, ["mixed"]);
  image = `${new URL(world.url).host}/hello@${await world.registry.pushFirst()}`;
  const { ecs: clusters } = world.aws;
  for (const serviceName of ["deleted", "taken"]) {
    await clusters.createService({
      cluster: "mixed",
      serviceName,
      taskDefinition: "mixed-web",
      desiredCount: 2,
    });
  }
  await clusters.createCluster({ clusterName: "fargate" });
  await createOnFargate("x86", "X86_64");
  await createOnFargate("arm", "ARM64");
  await createOnFargate("solo", "ARM64");
  await clusters.createCluster({ clusterName: "anywhere" });
}, 240_000);
afterAll(async () => {
  await world?.close();
  await project?.remove();
}, 30_000);

const fargate = (
  family: string,
  cpuArchitecture: "X86_64" | "ARM64",
): RegisterTaskDefinitionCommandInput => ({
  family,
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
  cpu: "256",
  memory: "512",
  runtimePlatform: { cpuArchitecture, operatingSystemFamily: "LINUX" },
  containerDefinitions: [{ name: "web", image, essential: true }],
});

async function createOnFargate(serviceName: string, architecture: "X86_64" | "ARM64"): Promise<void> {
  const { ecs: clusters } = world.aws;
  await clusters.registerTaskDefinition(fargate(serviceName, architecture));
  await clusters.createService({
    cluster: "fargate",
    serviceName,
    taskDefinition: serviceName,
    desiredCount: 2,
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-a"] } },
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  });
}

describe("Fargate", () => {
  const definitions = async () => {
    const services = await Promise.all(["x86", "arm"].map((name) => serviceOf(world.aws, "fargate", name)));
    return services.map(({ taskDefinition }) => taskDefinition);
  };

  test("a service of each architecture is rolled as one", async () => {
    const { aws } = world;
    const run = await released(world, "pair");
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.stages[0]?.services.map(({ tasks }) => tasks)).toEqual([{ x86_64: 2 }, { arm64: 2 }]);
    expect(byArchitecture(await tasksOf(aws, "fargate", "x86"))).toEqual({ x86_64: 2 });
    expect(byArchitecture(await tasksOf(aws, "fargate", "arm"))).toEqual({ arm64: 2 });
  });

  test("and goes back as one", async () => {
    const before = await definitions();
    const run = await released(world, "pair", nextVersion(true));
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("arm64 0/2: exit 255 (exec format error)");
    expect(run.reason).toContain("x86 went back");
    expect(await definitions()).toEqual(before);
  });

  test("a size that Fargate does not have, and a platform that the image lacks, are named before anything changes", async () => {
    const { aws } = world;
    const before = await serviceOf(aws, "fargate", "solo");
    const file = JSON.stringify({ ...fargate("solo", "ARM64"), memory: "${MEMORY}" });
    const oversized = await released(world, "oversized", { ...nextVersion(), "deploy/task.json": file });
    expect(oversized.reason).toContain(
      "service solo: Fargate has no 4096 MiB of memory for 256 CPU units, only 512, 1024 or 2048",
    );
    const oneSided = await released(world, "one-sided");
    expect(oneSided.reason).toContain("container web has no linux/arm64 image");
    expect(oneSided.reason).toContain("launch type FARGATE");
    expect((await serviceOf(aws, "fargate", "solo")).taskDefinition).toBe(before.taskDefinition);
  });
});

describe("ECS Anywhere", () => {
  const hosts: string[] = [];

  const setConnected = (containerInstance: string, connected: boolean) =>
    fetch(`${world.url}/_local/ecs/agent`, {
      method: "POST",
      body: JSON.stringify({ cluster: "anywhere", containerInstance, connected }),
    });

  test("an EXTERNAL service is rolled, also from a revision that has been deregistered", async () => {
    const { aws } = world;
    for (const architecture of ["x86_64", "arm64"]) {
      const { containerInstance } = await aws.ecs.registerContainerInstance({
        cluster: "anywhere",
        instanceIdentityDocument: JSON.stringify({ instanceId: `mi-${architecture}`, architecture }),
        totalResources: [
          { name: "CPU", type: "INTEGER", integerValue: 4096 },
          { name: "MEMORY", type: "INTEGER", integerValue: 8192 },
        ],
      });
      hosts.push(containerInstance?.containerInstanceArn ?? "");
    }
    const { taskDefinition } = await aws.ecs.registerTaskDefinition({
      family: "anywhere",
      requiresCompatibilities: ["EXTERNAL"],
      containerDefinitions: [{ name: "web", image, memory: 64, essential: true }],
    });
    await aws.ecs.createService({
      cluster: "anywhere",
      serviceName: "web",
      taskDefinition: "anywhere",
      desiredCount: 2,
      launchType: "EXTERNAL",
    });
    await aws.ecs.deregisterTaskDefinition({ taskDefinition: taskDefinition?.taskDefinitionArn });
    const run = await released(world, "anywhere");
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.stages[0]?.services[0]).toMatchObject({
      hosts: { x86_64: ["launch type EXTERNAL"], arm64: ["launch type EXTERNAL"] },
      tasks: { x86_64: 1, arm64: 1 },
    });
  });

  test("a strategy for it is refused before anything changes", async () => {
    const { aws } = world;
    const before = await serviceOf(aws, "anywhere");
    const revisions = async () =>
      (await aws.ecs.listTaskDefinitions({ familyPrefix: "anywhere" })).taskDefinitionArns;
    const registered = await revisions();
    const run = await released(world, "unsupported");
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(
      "service web has the launch type EXTERNAL, and external instances do not support capacity providers (onsite); take `capacity`",
    );
    expect(await serviceOf(aws, "anywhere")).toEqual(before);
    expect(await revisions()).toEqual(registered);
  });

  test("when one host of two is disconnected, it is named, and the deployment goes on on the other", async () => {
    const [, away = ""] = hosts;
    await setConnected(away, false);
    const id = await pushed(world, "anywhere");
    await eventually(async () => {
      const { deployments = [] } = await serviceOf(world.aws, "anywhere");
      return deployments.length === 2 && deployments[0]?.runningCount === 2 ? true : undefined;
    }, "the release's tasks");
    // What the host that is away still runs, ECS waits for; the sweep sees that it waits in vain.
    await sweepLater(world.aws, world.url, 60_000, project.folder);
    const run = await world.api.until(id, isOver);
    const [service] = run.stages[0]?.services ?? [];
    const note = "external instances that are disconnected get no task: mi-arm64";
    expect(run).toMatchObject({ status: "succeeded" });
    expect(service).toMatchObject({ tasks: { x86_64: 2 }, notes: expect.arrayContaining([note]) });
    expect(service?.hosts).toEqual({ x86_64: ["launch type EXTERNAL"] });
    expect((await command(world, ["show", run.id])).out).toContain(note);
    await setConnected(away, true);
  });

  test("when every host is disconnected, they are named, and nobody waits", async () => {
    const { aws } = world;
    const before = await serviceOf(aws, "anywhere");
    for (const host of hosts) await setConnected(host, false);
    const run = await released(world, "anywhere");
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(
      "every external instance of cluster anywhere is disconnected: mi-x86_64, mi-arm64",
    );
    expect((await serviceOf(aws, "anywhere")).taskDefinition).toBe(before.taskDefinition);
    for (const host of hosts) await setConnected(host, true);
  });
});

describe("what is not as it should be is named", () => {
  test.each([
    ["gone", "service nobody of cluster mixed does not exist; create it, or mend the stage's `ecs`"],
    ["deleted", /service deleted of cluster mixed (?:is DRAINING|does not exist)/],
    ["misnamed", /of service web has no container wep; it has web; mend `containers`/],
    ["provider", /nowhere/],
  ])("%s", async (branch, says) => {
    const { aws } = world;
    if (branch === "deleted")
      await aws.ecs.deleteService({ cluster: "mixed", service: "deleted", force: true });
    const before = await serviceOf(aws, "mixed");
    const run = await released(world, branch);
    expect(run.status).toBe("failed");
    expect(run.reason).toEqual(
      typeof says === "string" ? expect.stringContaining(says) : expect.stringMatching(says),
    );
    const { taskDefinition, deployments } = await serviceOf(aws, "mixed");
    expect({ taskDefinition, deployments: deployments?.length }).toEqual({
      taskDefinition: before.taskDefinition,
      deployments: 1,
    });
  });

  test("an image that is deleted between the approval's question and its answer", async () => {
    const { api, aws } = world;
    const id = await pushed(world, "purged");
    const gated = await api.until(id, isGated("live"));
    const imageDigest = gated.images[0]?.indexDigest;
    const before = await serviceOf(aws, "mixed");
    await aws.ecr.batchDeleteImage({ repositoryName: "hello", imageIds: [{ imageDigest }] });
    await api.decide(id, "live", "alice", "approve", releaseOf(gated, "live"));
    const run = await api.until(id, isOver);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(String(imageDigest));
    expect((await serviceOf(aws, "mixed")).taskDefinition).toBe(before.taskDefinition);
  });

  test("a deployment of somebody else in the middle of ours: ours has not succeeded, and it says whose it was", async () => {
    const { api, url } = world;
    const bob = awsClients(url, "bob");
    const id = await pushed(world, "taken", nextVersion(true));
    await api.until(id, ({ stages }) => stages[0]?.services[0]?.status === "in-progress");
    const { taskDefinition: base } = await bob.ecs.describeTaskDefinition({ taskDefinition: "mixed-web:1" });
    const { taskDefinition: theirs } = await bob.ecs.registerTaskDefinition({
      family: "mixed-web",
      networkMode: base?.networkMode,
      containerDefinitions: base?.containerDefinitions,
    });
    const taskDefinition = theirs?.taskDefinitionArn ?? "";
    await bob.ecs.updateService({ cluster: "mixed", service: "taken", taskDefinition });
    closeClients(bob);
    // The event of its beginning is enough: nobody waits for a sweep.
    const run = await api.until(id, isOver);
    expect(run.status).toBe("failed");
    expect(run.reason).toMatch(/our deployment ecs-svc\/\d+ of service taken did not complete: ecs-svc\/\d+/);
    expect(run.reason).toContain(taskDefinition);
    expect(run.reason).toContain("assumed-role/release-managers/bob");
    expect((await serviceOf(world.aws, "mixed", "taken")).taskDefinition).toBe(taskDefinition);
    expect((await command(world, ["show", id])).out).toContain("took its place");
  });
});

test("a group that a pipeline names and nobody has: tandem doctor says which before a release waits for it", async () => {
  const { code, out } = await command(world, ["doctor"]);
  const groups = out.split("\n").filter((line) => line.includes("group of purged"));
  expect(groups).toEqual([
    "missing  group of purged: nobody is known to be in release-mangers",
    "ok       group of purged: alice, bob in release-managers",
  ]);
  expect(out).toContain(
    "         needed: people in the group release-mangers where they sign in, or under `groups`",
  );
  expect(out.match(/^missing/gm)).toHaveLength(1);
  expect(code).toBe(1);
});
