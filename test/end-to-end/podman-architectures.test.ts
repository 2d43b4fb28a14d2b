import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Task } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { pushFirstImage } from "../../demo/first-image.ts";
import { prepareHello } from "../../examples/hello/prepare.ts";
import { isOver, type Run } from "./support/api.ts";
import { addSidecar, architectureOf, byArchitecture, serviceOf, tasksOf } from "./support/clusters.ts";
import { command, ecs, moved, pipeline } from "./support/moves.ts";
import { eventually } from "./support/poll.ts";
import { type Project, projectWith } from "./support/project.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const withPodman = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

const PATIENCE_MS = 180_000;

const QUARANTINE = ", taskDefinition: family, onArchitectureFailure: quarantine";

/** What a task says of itself at its own port; a container is up a moment before its server listens. */
async function pageOf({ containers = [] }: Task): Promise<string> {
  const hostPort = containers.find(({ name }) => name === "web")?.networkBindings?.[0]?.hostPort;
  const read = async () => {
    const response = await fetch(`http://127.0.0.1:${hostPort}/`).catch(() => undefined);
    return response?.ok ? response.text() : undefined;
  };
  return eventually(read, `a page at port ${hostPort}`, 60_000);
}

/** Puts the other architecture's program into the arm64 image. */
const breakArm64 = (folder: string) =>
  copyFile(join(folder, "bin/amd64/esbuild"), join(folder, "bin/arm64/esbuild"));

withPodman("releases that are broken on arm64, in real containers of both architectures", () => {
  let project: Project;
  let world: World;
  /** Runs whose images, and whose quarantine, later tests go on with. */
  let whole: Run;
  let broken: Run;
  let degraded: Run;
  beforeAll(async () => {
    project = await projectWith({
      "strict.yml": pipeline("strict", [ecs("staging", "web")]),
      "careful.yml": pipeline("careful", [ecs("production", "web", QUARANTINE)]),
    });
    world = await openWorld({ engine: "podman", project: project.folder });
    const { url, folder } = world;
    const image = await pushFirstImage({ url, folder, signal: AbortSignal.timeout(PATIENCE_MS) });
    await seed(world, ["staging", "production"], image, PATIENCE_MS);
  }, PATIENCE_MS);
  afterAll(async () => {
    await world?.close();
    await project?.remove();
  }, 60_000);

  /** Pushes a version to a branch, changed once it is prepared, and follows it to its end. */
  async function released(
    branch: string,
    version: number,
    change: (folder: string) => Promise<void> = async () => undefined,
  ): Promise<Run> {
    const { api, copy } = world;
    await prepareHello(copy.folder, version);
    await change(copy.folder);
    const commit = await copy.commit({});
    await copy.push("carol", `HEAD:refs/heads/${branch}`);
    return api.until(await api.runOf(commit), isOver, PATIENCE_MS);
  }

  /** What every task of a cluster shows, by its architecture. */
  async function shown(cluster: string): Promise<readonly string[]> {
    const tasks = await tasksOf(world.aws, cluster);
    const pages = await Promise.all(
      tasks.map(
        async (task) => `${architectureOf(task)}: ${/<title>(.*?)<\/title>/.exec(await pageOf(task))?.[1]}`,
      ),
    );
    return [...new Set(pages)].sort();
  }

  test(
    "one that is whole passes the gate, and its verdict is what runs",
    async () => {
      whole = await released("strict", 1);
      expect(whole.status).toBe("succeeded");
      expect(whole.stages[0]?.services[0]).toMatchObject({
        hosts: { x86_64: ["staging-x86"], arm64: ["staging-graviton"] },
        verdictText: "x86_64 2/2, arm64 2/2",
      });
      expect(byArchitecture(await tasksOf(world.aws, "staging"))).toEqual({ x86_64: 2, arm64: 2 });
      expect(await shown("staging")).toEqual(["arm64: hello 1 on arm64", "x86_64: hello 1 on x86_64"]);
    },
    PATIENCE_MS,
  );

  test(
    "one that is broken on arm64: the verdict says so, and ECS goes back",
    async () => {
      broken = await released("strict", 2, breakArm64);
      expect(broken.status).toBe("failed");
      const [service] = broken.stages[0]?.services ?? [];
      expect(service?.verdictText).toMatch(
        /^x86_64 \d\/2(?: \(stopped since\))?, arm64 0\/2: exit 255 \(exec format error\)(?:, \d+ attempts)?$/,
      );
      expect(await shown("staging")).toEqual(["arm64: hello 1 on arm64", "x86_64: hello 1 on x86_64"]);
    },
    PATIENCE_MS,
  );

  test(
    "going back to a release brings its containers again, on both architectures",
    async () => {
      const { aws } = world;
      const first = (await serviceOf(aws, "staging")).taskDefinition;
      const held = ["release-hold", "strict", "live", "--reason", "arm64 is mended"];
      expect(await command(world, held)).toMatchObject({ code: 0 });
      expect(await released("strict", 4)).toMatchObject({ status: "succeeded" });
      expect(await shown("staging")).toEqual(["arm64: hello 4 on arm64", "x86_64: hello 4 on x86_64"]);

      const back = ["rollback", "strict", "live", "--reason", "4 is slow"];
      expect(await moved(world, back, "alice", PATIENCE_MS)).toMatchObject({ status: "succeeded" });
      expect(await shown("staging")).toEqual(["arm64: hello 1 on arm64", "x86_64: hello 1 on x86_64"]);
      expect((await serviceOf(aws, "staging")).taskDefinition).toBe(first);
    },
    PATIENCE_MS,
  );

  /** Moves the tag by which the service's sidecar is known to a release's index. */
  async function tagSidecar({ images }: Run): Promise<void> {
    const { ecr } = world.aws;
    const where = { repositoryName: "hello" };
    const imageIds = [{ imageDigest: images[0]?.indexDigest }];
    const { images: [found] = [] } = await ecr.batchGetImage({ ...where, imageIds });
    await ecr.putImage({ ...where, imageManifest: found?.imageManifest, imageTag: "sidecar" });
  }

  const graviton = async (weight: number) =>
    expect((await serviceOf(world.aws, "production")).capacityProviderStrategy).toEqual(
      expect.arrayContaining([expect.objectContaining({ capacityProvider: "production-graviton", weight })]),
    );

  test(
    "where the pipeline says so, it is finished on x86_64 alone: degraded, with the verdict of each architecture",
    async () => {
      await tagSidecar(broken);
      // The next release begins from the family's newest.
      await addSidecar(world.aws, "production-web", `${new URL(world.url).host}/hello:sidecar`);
      degraded = await released("careful", 3);
      expect(degraded).toMatchObject({
        status: "succeeded",
        degraded: ["web in live without arm64"],
      });
      const [service] = degraded.stages[0]?.services ?? [];
      expect(service).toMatchObject({
        status: "succeeded",
        tasks: { x86_64: 4 },
        verdictText: "x86_64 4/4",
        quarantine: { architecture: "arm64", providers: ["production-graviton"] },
      });
      expect(service?.quarantine?.reason).toMatch(
        /x86_64 \d\/2(?: \(stopped since\))?, arm64 0\/2: (?:container proxy )?exit 255 \(exec format error\)/,
      );
      expect(await shown("production")).toEqual(["x86_64: hello 3 on x86_64"]);
      await graviton(0);
      const { out } = await command(world, ["show", degraded.id]);
      expect(out).toContain("degraded: web in live without arm64\n");
      expect(out).toContain("lift it: tandem unquarantine careful live");
    },
    PATIENCE_MS,
  );

  test(
    "and `tandem unquarantine` brings the same release to both, once it is mended",
    async () => {
      await tagSidecar(whole);
      const lift = ["unquarantine", "careful", "live", "--reason", "the sidecar is mended"];
      const run = await moved(world, lift, "alice", PATIENCE_MS);
      expect(run).toMatchObject({ status: "succeeded", commit: degraded.commit });
      expect(run.degraded).toBeUndefined();
      expect(run.stages[0]?.services[0]).toMatchObject({
        tasks: { x86_64: 2, arm64: 2 },
        verdictText: "x86_64 2/2, arm64 2/2",
      });
      expect(await shown("production")).toEqual(["arm64: hello 3 on arm64", "x86_64: hello 3 on x86_64"]);
      await graviton(1);
    },
    PATIENCE_MS,
  );
});
