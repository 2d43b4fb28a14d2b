import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { Task } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { pushFirstImage } from "../../demo/first-image.ts";
import { prepareHello } from "../../examples/hello/prepare.ts";
import { isGated, isOver, type Run, releaseOf } from "./support/api.ts";
import { architectureOf, byArchitecture, tasksOf } from "./support/clusters.ts";
import { eventually } from "./support/poll.ts";
import { processesNaming } from "./support/processes.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const withPodman = process.env.TANDEM_TEST_ENGINE === "podman" ? describe : describe.skip;

/** What the state folder says of itself. */
const identity = z.object({ data: z.object({ instance: z.string().min(1) }) });

const PATIENCE_MS = 120_000;
const CLUSTERS = ["staging", "production"];

/** What a task says of itself at its own port. */
async function pageOf({
  containers = [],
}: Task): Promise<{ readonly page: string; readonly listing: string }> {
  const hostPort = containers[0]?.networkBindings?.[0]?.hostPort;
  expect(hostPort).toBeGreaterThan(0);
  const read = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${hostPort}${path}`).catch(() => undefined);
    return response?.ok ? response.text() : undefined;
  };
  // A container is up a moment before its server listens, much before under emulation.
  const page = await eventually(() => read("/"), `a page at port ${hostPort}`, 30_000);
  return { page, listing: (await read("/commit/")) ?? "" };
}

withPodman("examples/hello with real builds and real containers of both architectures", () => {
  let world: World;
  /** The state folder, where builds keep their files, and part of every name of this endpoint's containers. */
  let traces: readonly string[];
  beforeAll(async () => {
    world = await openWorld({ engine: "podman" });
    const state = /^state is kept in (\S+), and removed/m.exec(world.up.stderr)?.[1] ?? "";
    traces = [
      state,
      identity.parse(JSON.parse(await readFile(`${state}/tandem.json`, "utf8"))).data.instance,
    ];
    const { url, folder } = world;
    const image = await pushFirstImage({ url, folder, signal: AbortSignal.timeout(PATIENCE_MS) });
    await seed(world, CLUSTERS, image, PATIENCE_MS);
  }, PATIENCE_MS);

  async function release(version: number): Promise<Run> {
    const { api, copy } = world;
    await prepareHello(copy.folder, version);
    const commit = await copy.commit({});
    await copy.push();
    const id = await api.runOf(commit);
    const gated = await api.until(id, isGated("production"), PATIENCE_MS);
    const answer = await api.decide(id, "production", "alice", "approve", releaseOf(gated, "production"));
    expect(answer.status).toBe(200);
    return api.until(id, isOver, PATIENCE_MS);
  }

  test.each([1, 2])(
    "version %i is built by buildah, and every task of both stages answers and names its own architecture",
    async (version) => {
      const { aws } = world;
      const run = await release(version);
      expect(run.status).toBe("succeeded");
      const ids = run.images[0]?.builds.map(({ buildId = "" }) => buildId) ?? [];
      const { builds = [] } = await aws.codeBuild.batchGetBuilds({ ids });
      expect(builds).toHaveLength(2);
      for (const { logs } of builds) {
        const { events = [] } = await aws.logs.getLogEvents({
          logGroupName: logs?.groupName,
          logStreamName: logs?.streamName,
        });
        expect(events.map(({ message }) => message).join("\n")).toMatch(/STEP 1\/\d+: FROM scratch/);
      }
      for (const [at, cluster] of CLUSTERS.entries()) {
        const tasks = await tasksOf(aws, cluster);
        expect(byArchitecture(tasks)).toEqual({ x86_64: 2, arm64: 2 });
        expect(run.stages[at]?.services[0]?.tasks).toEqual(byArchitecture(tasks));
        for (const task of tasks) {
          expect(task.attributes?.map(({ name }) => name)).not.toContain("tandem.simulated");
          const { page, listing } = await pageOf(task);
          expect(page).toContain(`<title>hello ${version} on ${architectureOf(task)}</title>`);
          expect(listing).toContain(`/commit/${run.commit}`);
        }
      }
    },
    PATIENCE_MS,
  );

  test("at the end no process, no mount and no container is left", async () => {
    const mounts = async () => {
      const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
      return lines.filter((line) => traces.some((trace) => line.includes(trace)));
    };
    const processes = async () => (await Promise.all(traces.map(processesNaming))).flat();
    expect((await processes()).length).toBeGreaterThan(0);
    expect((await mounts()).length).toBeGreaterThan(0);
    await world.up.stop("SIGINT");
    expect(await processes()).toEqual([]);
    expect(await mounts()).toEqual([]);
    const left = await readdir(tmpdir());
    expect(
      left.filter((name) => traces.some((trace) => trace.split("/").includes(name) || name.includes(trace))),
    ).toEqual([]);
  }, 60_000);

  afterAll(() => world.close(), 60_000);
});
