import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { both, pushIndex } from "../local/ecs-images.ts";
import { addSidecar, byArchitecture, serviceOf, tasksOf } from "./support/clusters.ts";
import { command, ecs, nextVersion, pipeline, released } from "./support/moves.ts";
import { type Project, projectWith } from "./support/project.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const FAMILY = ", taskDefinition: family";

let project: Project;
let world: World;
beforeAll(async () => {
  project = await projectWith({
    "strict.yml": pipeline("strict", [ecs("staging", "web", FAMILY)]),
    "lenient.yml": pipeline("lenient", [
      ecs("production", "web", `${FAMILY}, missingArchitecture: constrain`),
    ]),
  });
  world = await openWorld({ project: project.folder });
  await seed(world, ["staging", "production"]);
  await world.aws.ecr.createRepository({ repositoryName: "proxy" });
}, 120_000);
afterAll(async () => {
  await world?.close();
  await project?.remove();
}, 30_000);

/** The family's next revision gets a sidecar from the registry's `proxy`; the service keeps what it has. */
async function addProxy(cluster: string, architectures: readonly ("amd64" | "arm64")[]): Promise<string> {
  const { aws, url } = world;
  const images = both(`${cluster} ${architectures}`).filter(({ architecture }) =>
    architectures.includes(architecture),
  );
  const image = `${new URL(url).host}/proxy@${await pushIndex(url, "proxy", images)}`;
  await addSidecar(aws, `${cluster}-web`, image);
  return image;
}

async function updates(): Promise<number> {
  const calls = await world.control.calls();
  return calls.filter(({ operation, caller }) => operation === "UpdateService" && caller.includes("tandem"))
    .length;
}

describe("the architecture gate", () => {
  test("refuses a sidecar that lacks an architecture of the hosts, naming all, and touches nothing", async () => {
    const { aws } = world;
    const image = await addProxy("staging", ["amd64"]);
    const before = await serviceOf(aws, "staging");
    const run = await released(world, "strict");
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(
      `stage live failed: service web has arm64 hosts behind capacity provider staging-graviton, but container proxy has no linux/arm64 image (${image} is for linux/amd64)`,
    );
    expect(run.reason).toContain("missingArchitecture: constrain");
    expect((await serviceOf(aws, "staging")).taskDefinition).toBe(before.taskDefinition);
    expect(await updates()).toBe(0);
  });

  test("lets it through once the sidecar has both", async () => {
    await addProxy("staging", ["amd64", "arm64"]);
    const run = await released(world, "strict");
    expect(run.status).toBe("succeeded");
    expect(run.stages[0]?.services[0]).toMatchObject({
      hosts: { x86_64: ["staging-x86"], arm64: ["staging-graviton"] },
      verdictText: "x86_64 2/2, arm64 2/2",
    });
  });
});

describe("`missingArchitecture: constrain`", () => {
  test("keeps the service to the hosts that fit", async () => {
    const { aws } = world;
    await addProxy("production", ["amd64"]);
    const run = await released(world, "lenient");
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.stages[0]?.services[0]).toMatchObject({ tasks: { x86_64: 4 }, verdictText: "x86_64 4/4" });
    expect(run.stages[0]?.services[0]?.notes?.[0]).toContain("it runs on x86_64 only until");
    expect(byArchitecture(await tasksOf(aws, "production"))).toEqual({ x86_64: 4 });
    expect((await serviceOf(aws, "production")).placementConstraints).toEqual([
      { type: "memberOf", expression: "attribute:ecs.cpu-architecture in [x86_64]" },
    ]);
  });

  test("and lets it go everywhere again once that is possible", async () => {
    const { aws } = world;
    await addProxy("production", ["amd64", "arm64"]);
    const run = await released(world, "lenient");
    expect(run).toMatchObject({ status: "succeeded" });
    expect(byArchitecture(await tasksOf(aws, "production"))).toEqual({ x86_64: 2, arm64: 2 });
    expect((await serviceOf(aws, "production")).placementConstraints).toEqual([]);
  });
});

describe("the verdict", () => {
  test("says of a release that is broken on arm64 how it fared on each, in the run and in the CLI", async () => {
    const { aws } = world;
    await addProxy("staging", ["amd64", "arm64"]);
    const before = await serviceOf(aws, "staging");
    const run = await released(world, "strict", nextVersion(true));
    expect(run.status).toBe("failed");
    const [service] = run.stages[0]?.services ?? [];
    expect(service?.verdictText).toMatch(
      /^x86_64 \d\/2(?: \(stopped since\))?, arm64 0\/2: exit 255 \(exec format error\)(?:, \d+ attempts)?$/,
    );
    expect(service?.verdict).toMatchObject([
      { architecture: "x86_64" },
      { architecture: "arm64", running: 0 },
    ]);
    expect((await command(world, ["show", run.id])).out).toContain("arm64 0/2: exit 255 (exec format error)");
    expect((await serviceOf(aws, "staging")).taskDefinition).toBe(before.taskDefinition);
  });
});
