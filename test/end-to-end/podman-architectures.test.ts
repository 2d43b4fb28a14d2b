import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Task } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { pushFirstImage } from "../../demo/first-image.ts";
import { prepareHello } from "../../examples/hello/prepare.ts";
import { isOver, type Run } from "./support/api.ts";
import { architectureOf, byArchitecture, serviceOf, tasksOf } from "./support/clusters.ts";
import { eventually } from "./support/poll.ts";
import { type Project, projectWith } from "./support/project.ts";
import { tandem } from "./support/tandem.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const withPodman = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

const PATIENCE_MS = 180_000;

const PIPELINE = (name: string, branch: string, cluster: string, more: string) => `
name: ${name}
source:
  codecommit: { repository: hello, branches: [${branch}] }
images:
  - name: hello
    platforms: [linux/amd64, linux/arm64]
    tags: ["{shortSha}"]
stages:
  - name: ${cluster}
    deploy:
      - ecs:
          cluster: ${cluster}
          service: web
          containers: { web: hello }
          circuitBreaker: { rollback: true, threshold: { count: 4 } }
          ${more}
`;

/** What a task says of itself at its own port; a container is up a moment before its server listens. */
async function pageOf({ containers = [] }: Task): Promise<string> {
  const hostPort = containers[0]?.networkBindings?.[0]?.hostPort;
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
  beforeAll(async () => {
    project = await projectWith({
      "strict.yml": PIPELINE("strict", "main", "staging", ""),
      "careful.yml": PIPELINE("careful", "careful", "production", "onArchitectureFailure: quarantine"),
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
      const run = await released("main", 1);
      expect(run.status).toBe("succeeded");
      expect(run.stages[0]?.services[0]).toMatchObject({
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
      const run = await released("main", 2, breakArm64);
      expect(run.status).toBe("failed");
      const [service] = run.stages[0]?.services ?? [];
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
      const { aws, api, url } = world;
      const first = (await serviceOf(aws, "staging")).taskDefinition;
      const held = ["release-hold", "strict", "staging", "--reason", "arm64 is mended", "--url", url];
      const alice = { AWS_ACCESS_KEY_ID: "alice", AWS_SECRET_ACCESS_KEY: "alice" };
      expect(await tandem(held, alice)).toMatchObject({ code: 0 });
      expect(await released("main", 4)).toMatchObject({ status: "succeeded" });
      expect(await shown("staging")).toEqual(["arm64: hello 4 on arm64", "x86_64: hello 4 on x86_64"]);

      const ran = await tandem(
        ["rollback", "strict", "staging", "--reason", "4 is slow", "--url", url],
        alice,
      );
      expect(ran).toMatchObject({ code: 0, err: "" });
      const id = /strict-\d+/.exec(ran.out)?.[0] ?? "";
      expect(await api.until(id, isOver, PATIENCE_MS)).toMatchObject({ status: "succeeded" });
      expect(await shown("staging")).toEqual(["arm64: hello 1 on arm64", "x86_64: hello 1 on x86_64"]);
      expect((await serviceOf(aws, "staging")).taskDefinition).toBe(first);
    },
    PATIENCE_MS,
  );

  test(
    "where the pipeline says so, it is finished on x86_64 alone",
    async () => {
      const { aws } = world;
      const run = await released("careful", 3, breakArm64);
      const [service] = run.stages[0]?.services ?? [];
      expect(run.explanation.join("\n")).toContain("without arm64");
      expect(service).toMatchObject({ status: "succeeded", tasks: { x86_64: 4 } });
      expect(await shown("production")).toEqual(["x86_64: hello 3 on x86_64"]);
      expect((await serviceOf(aws, "production")).capacityProviderStrategy).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ capacityProvider: "production-graviton", weight: 0 }),
        ]),
      );
    },
    PATIENCE_MS,
  );
});
