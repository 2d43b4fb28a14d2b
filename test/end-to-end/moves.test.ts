import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ImageOptions, pushIndex } from "../local/ecs-images.ts";
import { isGated, isOver, type Run, releaseOf } from "./support/api.ts";
import { addSidecar, byArchitecture, serviceOf, steady, tasksOf } from "./support/clusters.ts";
import { command, ecs, moved, nextVersion, pipeline, pushed, released, weightsOf } from "./support/moves.ts";
import { type Project, projectWith } from "./support/project.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const APPROVAL = "approval: { from: [release-managers], required: 1 }";

let project: Project;
let world: World;
beforeAll(async () => {
  project = await projectWith({
    "careful.yml": pipeline("careful", [ecs("careful", "web", ", onArchitectureFailure: quarantine")]),
    "even.yml": pipeline("even", [ecs("shifted", "web")]),
    "stepped.yml": pipeline("stepped", [
      ecs(
        "shifted",
        "stepped",
        ", shift: [{ weights: { shifted-x86: 99, shifted-graviton: 1 } }, { weights: { shifted-x86: 1, shifted-graviton: 1 } }]",
      ),
    ]),
    "gated.yml": pipeline("gated", [ecs("gated", "api"), ecs("gated", "web")], [APPROVAL]),
  });
  world = await openWorld({ project: project.folder });
  await world.aws.ecr.createRepository({ repositoryName: "proxy" });
  await pushProxy("arm64");
  await seed(world, ["careful", "shifted", "gated"]);
  await addService("shifted", "stepped", { x86: 1, graviton: 0 });
  await addService("gated", "api", { x86: 1, graviton: 1 });
}, 120_000);
afterAll(async () => {
  await world?.close();
  await project?.remove();
}, 30_000);

/** Another service beside `web`, of the same task definition. */
async function addService(
  cluster: string,
  serviceName: string,
  weights: Readonly<Record<string, number>>,
): Promise<void> {
  const { aws } = world;
  await aws.ecs.createService({
    cluster,
    serviceName,
    taskDefinition: `${cluster}-web`,
    desiredCount: 4,
    capacityProviderStrategy: Object.entries(weights).map(([name, weight]) => ({
      capacityProvider: `${cluster}-${name}`,
      weight,
    })),
    deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  });
}

/** Moves the sidecar's tag; on arm64 its program is of the machine that is said. */
async function pushProxy(machine: ImageOptions["machine"] & string): Promise<string> {
  const images: readonly ImageOptions[] = [
    { architecture: "amd64", text: machine },
    { architecture: "arm64", machine, text: machine },
  ];
  await pushIndex(world.url, "proxy", images, "1");
  return `${new URL(world.url).host}/proxy:1`;
}

/** The service `web` of a cluster gets a sidecar that is known by a tag. */
async function giveSidecar(cluster: string): Promise<void> {
  const { aws } = world;
  const taskDefinition = await addSidecar(aws, `${cluster}-web`, await pushProxy("arm64"));
  await aws.ecs.updateService({ cluster, service: "web", taskDefinition });
  await steady(aws, cluster);
}

describe("`onArchitectureFailure: quarantine`", () => {
  let degraded: Run;

  test("finishes on the other architecture, degraded, and says so", async () => {
    const { aws } = world;
    await giveSidecar("careful");
    await pushProxy("x86_64");
    degraded = await released(world, "careful");
    expect(degraded).toMatchObject({ status: "succeeded", degraded: ["web in live without arm64"] });
    expect(degraded.stages[0]?.services[0]).toMatchObject({
      status: "succeeded",
      tasks: { x86_64: 4 },
      quarantine: { architecture: "arm64", providers: ["careful-graviton"] },
    });
    expect(await weightsOf(aws, "careful")).toEqual({ x86: 1, graviton: 0 });
    expect(await world.api.send("GET", "/api/pipelines/careful")).toMatchObject({
      body: { stages: [{ quarantined: [{ cluster: "careful", service: "web", architecture: "arm64" }] }] },
    });
    expect(byArchitecture(await tasksOf(aws, "careful"))).toEqual({ x86_64: 4 });
    const { out } = await command(world, ["show", degraded.id]);
    expect(out).toContain("degraded: web in live without arm64\n");
    expect(out).toContain("exec format error");
    expect(out).toContain("lift it: tandem unquarantine careful live");
  });

  test("`tandem shift` is refused meanwhile", async () => {
    const shift = await command(world, ["shift", "careful", "live", "web", "--to", "careful-graviton=75%"]);
    expect(shift).toMatchObject({ code: 6, err: expect.stringContaining("lift that first") });
  });

  test("the next release is tried with the weights there were", async () => {
    const { aws } = world;
    await pushProxy("arm64");
    const run = await released(world, "careful");
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.degraded).toBeUndefined();
    expect(await weightsOf(aws, "careful")).toEqual({ x86: 1, graviton: 1 });
    expect(byArchitecture(await tasksOf(aws, "careful"))).toEqual({ x86_64: 2, arm64: 2 });
  });

  test("`tandem unquarantine` rolls the same release onto all architectures again", async () => {
    const { aws } = world;
    await pushProxy("x86_64");
    degraded = await released(world, "careful");
    expect(degraded.degraded).toEqual(["web in live without arm64"]);
    const lift = ["unquarantine", "careful", "live", "--reason", "mended"];
    expect((await moved(world, lift)).degraded).toEqual(["web in live without arm64"]);
    await pushProxy("arm64");
    const run = await moved(world, lift);
    expect(run).toMatchObject({ status: "succeeded", commit: degraded.commit });
    expect(run.degraded).toBeUndefined();
    expect(run.images[0]?.indexDigest).toBe(degraded.images[0]?.indexDigest);
    expect(await weightsOf(aws, "careful")).toEqual({ x86: 1, graviton: 1 });
    expect(byArchitecture(await tasksOf(aws, "careful"))).toEqual({ x86_64: 2, arm64: 2 });
    expect(await command(world, lift)).toMatchObject({
      code: 6,
      err: expect.stringContaining("nothing is in quarantine in stage live of careful"),
    });
  });
});

describe("moving to Graviton", () => {
  test("`tandem shift` goes there in steps, each a deployment of its own", async () => {
    const { aws } = world;
    expect(await released(world, "even")).toMatchObject({ status: "succeeded" });
    const { taskDefinition } = await serviceOf(aws, "shifted");
    const run = await moved(world, [..."shift shifted/web --to graviton=75% --steps 3".split(" ")]);
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.stages[0]?.services[0]).toMatchObject({
      step: { done: 4, of: 4 },
      tasks: { x86_64: 1, arm64: 3 },
    });
    expect(await weightsOf(aws, "shifted")).toEqual({ x86: 25, graviton: 75 });
    // What the console's dialog begins with.
    expect(await world.api.send("GET", "/api/pipelines/even/stages/live/weights")).toMatchObject({
      body: {
        services: [{ capacity: { "shifted-x86": { weight: 25 }, "shifted-graviton": { weight: 75 } } }],
      },
    });
    expect((await serviceOf(aws, "shifted")).taskDefinition).toBe(taskDefinition);
    expect(byArchitecture(await tasksOf(aws, "shifted"))).toEqual({ x86_64: 1, arm64: 3 });
  });

  test.each([
    ["nope=75%", 6, "the service has no capacity provider nope; it has shifted-x86, shifted-graviton"],
    ["shifted-x86=80%,shifted-graviton=80%", 6, "the shares add up to 160 %"],
    [
      "graviton=75%,shifted-graviton=25%",
      6,
      "graviton and shifted-graviton both mean the capacity provider shifted-graviton; name it once",
    ],
    ["graviton=75%,graviton=25%", 2, "says two shares of graviton: name it once"],
    ["graviton", 2, "is no share: write PROVIDER=PERCENT"],
  ])("refuses `--to %s`", async (to, code, says) => {
    const { err, ...ran } = await command(world, ["shift", "even", "live", "web", "--to", to]);
    expect(ran).toEqual({ code, out: "" });
    expect(err).toContain(says);
  });

  test("a step that fails goes back to the last good weights, and the release stays", async () => {
    const { aws } = world;
    const run = await released(world, "stepped", nextVersion(true));
    expect(run.status).toBe("failed");
    expect(run.stages[0]).toMatchObject({ status: "rolled-back" });
    expect(run.stages[0]?.reason).toContain("arm64");
    expect(run.stages[0]?.services[0]?.verdictText).toContain("exec format error");
    const service = await serviceOf(aws, "shifted", "stepped");
    expect(await weightsOf(aws, "shifted", "stepped")).toEqual({ x86: 99, graviton: 1 });
    expect(service.taskDefinition).toBe(run.stages[0]?.services[0]?.taskDefinition);
    expect(byArchitecture(await tasksOf(aws, "shifted", "stepped"))).toEqual({ x86_64: 4 });
  });

  test("so that the stage is held, and `shift:` of a release that is whole gets there", async () => {
    const { aws, api } = world;
    await command(world, ["release-hold", "stepped", "live", "--reason", "mended"]);
    const run = await api.until(await pushed(world, "stepped"), isOver);
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.stages[0]?.services[0]).toMatchObject({
      step: { done: 3, of: 3 },
      tasks: { x86_64: 2, arm64: 2 },
    });
    expect(await weightsOf(aws, "shifted", "stepped")).toEqual({ x86: 1, graviton: 1 });
  });
});

describe("back", () => {
  const runs: Run[] = [];
  const definitions: string[][] = [];

  /** What `api` and `web` run. */
  const running = async (): Promise<string[]> => {
    const services = await Promise.all(["api", "web"].map((name) => serviceOf(world.aws, "gated", name)));
    return services.map(({ taskDefinition = "" }) => taskDefinition);
  };

  async function approved(id: string): Promise<Run> {
    const { api } = world;
    const gated = await api.until(id, isGated("live"));
    const answer = await api.decide(id, "live", "bob", "approve", releaseOf(gated, "live"));
    expect(answer).toMatchObject({ status: 200 });
    const run = await api.until(id, isOver);
    expect(run).toMatchObject({ status: "succeeded" });
    runs.push(run);
    definitions.push(await running());
    return run;
  }

  test("is rehearsed before people are asked", async () => {
    const { api, aws } = world;
    await approved(await pushed(world, "gated"));
    const id = await pushed(world, "gated");
    const gated = await api.until(id, isGated("live"));
    expect(gated.stages[0]?.services.map(({ rollbackProblems }) => rollbackProblems)).toEqual([[], []]);
    expect((await command(world, ["show", id])).out).toContain("web: rollback ready");
    expect((await command(world, ["diff", id, "live"])).out).toContain("rollback ready");
    await approved(id);
    expect(definitions[1]).not.toEqual(definitions[0]);
    expect(byArchitecture(await tasksOf(aws, "gated"))).toEqual({ x86_64: 2, arm64: 2 });
  });

  test("`tandem rollback` brings the release before, the last service first, unasked", async () => {
    const { control } = world;
    const last = await control.lastCall();
    const run = await moved(world, ["rollback", "gated", "live", "--reason", "checkout fails"]);
    expect(run).toMatchObject({ status: "succeeded", commit: runs[0]?.commit });
    expect(run.images[0]?.indexDigest).toBe(runs[0]?.images[0]?.indexDigest);
    expect(run.stages[0]?.services.map(({ service }) => service)).toEqual(["web", "api"]);
    expect(await running()).toEqual(definitions[0]);
    const calls = await control.calls(last);
    expect(calls.filter(({ operation }) => operation === "RegisterTaskDefinition")).toEqual([]);
  });

  test("the stage is held then, until somebody lets releases in", async () => {
    const { api } = world;
    const id = await pushed(world, "gated");
    const waiting = await api.until(id, ({ stages }) => stages[0]?.status === "waiting");
    expect(waiting.explanation.join("\n")).toContain("somebody must release it");
    expect(await running()).toEqual(definitions[0]);
    const released = await command(world, [
      "release-hold",
      "gated",
      "live",
      "--reason",
      "checkout is mended",
    ]);
    expect(released).toMatchObject({ code: 0 });
    await approved(id);
  });

  test("to a run whose revisions nobody may use any more: the same again is registered", async () => {
    const { aws } = world;
    for (const taskDefinition of definitions[0] ?? [])
      await aws.ecs.deregisterTaskDefinition({ taskDefinition });
    const [first] = runs;
    const run = await moved(world, [
      "rollback",
      "gated",
      "live",
      "--to",
      first?.id ?? "",
      "--reason",
      "slow",
    ]);
    expect(run).toMatchObject({ status: "succeeded" });
    const now = await running();
    expect(definitions.flat()).not.toEqual(expect.arrayContaining(now));
    const { taskDefinition } = await aws.ecs.describeTaskDefinition({ taskDefinition: now[1] });
    expect(taskDefinition?.containerDefinitions?.[0]?.image).toContain(`@${first?.images[0]?.indexDigest}`);
    await command(world, ["release-hold", "gated", "live", "--reason", "mended"]);
  });

  test("to a run whose image is gone: refused, and nothing is touched", async () => {
    const { aws } = world;
    const before = await running();
    const imageDigest = runs[1]?.images[0]?.indexDigest;
    await aws.ecr.batchDeleteImage({
      repositoryName: "hello",
      imageIds: [{ imageDigest }],
    });
    const to = runs[1]?.id ?? "";
    const ran = await command(world, ["rollback", "gated", "live", "--to", to, "--reason", "slow"]);
    expect(ran).toMatchObject({
      code: 6,
      out: "",
      err: expect.stringContaining(`${imageDigest} is gone from hello`),
    });
    expect(await running()).toEqual(before);
  });

  test("what is missing is shown to whoever approves", async () => {
    const { api, aws } = world;
    const [first] = runs;
    await aws.ecr.batchDeleteImage({
      repositoryName: "hello",
      imageIds: [{ imageDigest: first?.images[0]?.indexDigest }],
    });
    const id = await pushed(world, "gated");
    const gated = await api.until(id, isGated("live"));
    const gone = `the image ${first?.images[0]?.indexDigest} is gone from hello`;
    expect(gated.stages[0]?.services[1]?.rollbackProblems).toEqual([gone]);
    expect((await command(world, ["show", id])).out).toContain(`web: no way back: ${gone}`);
    await approved(id);
  });

  test.each([
    [["gated", "live", "--to", "gated-99"], 'there is no run "gated-99" of gated'],
    [["even", "live", "--to", "gated-1"], 'there is no run "gated-1" of even'],
    [["even", "live"], "has run no other release"],
  ])("refuses %j", async (args, says) => {
    const ran = await command(world, ["rollback", ...args, "--reason", "slow"]);
    expect(ran).toMatchObject({ code: 6, out: "", err: expect.stringContaining(says) });
  });

  test("is for those who may approve", async () => {
    const ran = await command(world, ["rollback", "gated", "live", "--reason", "slow"], "carol");
    expect(ran).toMatchObject({ code: 5, err: expect.stringContaining("release-managers") });
  });
});
