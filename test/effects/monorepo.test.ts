import { describe, expect, test } from "@jest/globals";
import type { ImageDefinition, PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { viewOf } from "../../shared/pipeline/view.ts";
import { definition, STAGING } from "../pipeline/given.ts";
import { commitOf } from "./repository.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

describe("paths: a push is judged by all that has changed since the last commit that made a run", () => {
  const following = (paths: readonly string[]) => codecommitPipeline({}, { paths: [...paths] });

  test("nothing that matters has changed: no run, and the reason is kept", async () => {
    const world = new World(following(["**", "!docs/**"]));
    await world.deliver("1", world.repository.push("a"));
    const accepted = await world.deliver("2", world.repository.push("b", { files: ["docs/a.md"] }));
    const ignored = "no changed file matches the paths **, !docs/**";
    expect(accepted).toEqual({ pipeline: "hello", ignored });
    const [record] = await world.store.deliveries.ofCommit(commitOf("b"));
    expect(record?.outcome).toEqual({ ignored });
  });

  test("a push of many commits is its whole difference", async () => {
    const world = new World(following(["src/**"]));
    await world.deliver("1", world.repository.push("a", { files: ["src/a"] }));
    const { before } = world.repository.push("b", { files: ["src/b"] });
    const revision = world.repository.push("c", { files: ["docs/c"] });
    const push = before === undefined ? revision : { ...revision, before };
    expect(await world.deliver("2", push)).toMatchObject({ runId: "hello-2" });
  });

  test.each([
    ["that was skipped by its message", "[skip ci]", true],
    ["whose event was lost", "", false],
  ])(
    "a change of code %s is not forgotten by the next commit, of the docs only",
    async (_what, message, told) => {
      const world = new World(following(["src/**"]));
      await world.deliver("1", world.repository.push("a", { files: ["src/a"] }));
      const code = world.repository.push("b", { files: ["src/b"], message });
      if (told) expect(await world.deliver("2", code)).toMatchObject({ ignored: expect.any(String) });
      const docs = world.repository.push("c", { files: ["docs/c"] });
      expect(await world.deliver("3", docs)).toMatchObject({ runId: "hello-2" });
      expect(world.deployed).toEqual(["staging 1 a", "staging 2 c"]);
    },
  );

  test("a change that is taken back again is none", async () => {
    const world = new World(following(["src/**"]));
    await world.deliver("1", world.repository.push("a", { files: ["src/a"] }));
    await world.deliver("2", world.repository.push("b", { files: ["src/a"], message: "[skip ci]" }));
    // The tree of `c` is that of `a`, but for the docs.
    world.repository.reset("a");
    const revision = { ...world.repository.push("c", { files: ["docs/c"] }), before: commitOf("b") };
    expect(await world.deliver("3", revision)).toMatchObject({ ignored: expect.any(String) });
  });

  test("the first push of a branch, and one whose files nobody lists, is built", async () => {
    const world = new World(following(["src/**"]));
    expect(await world.deliver("1", world.repository.push("a", { files: ["docs/a"] }))).toMatchObject({
      runId: "hello-1",
    });
    world.repository.listsFiles = false;
    expect(await world.deliver("2", world.repository.push("b", { files: ["docs/b"] }))).toMatchObject({
      runId: "hello-2",
    });
  });

  test("without globs the changed files are not asked for", async () => {
    const world = new World(codecommitPipeline());
    await world.deliver("1", world.repository.push("a"));
    await world.deliver("2", world.repository.push("b"));
    expect(world.repository.asked.filter((one) => one.startsWith("changed"))).toEqual([]);
  });
});

describe("several pipelines on one repository", () => {
  const named = (name: string, glob: string) => codecommitPipeline({ name }, { paths: [glob, "shared/**"] });
  const both = [named("api", "api/**"), named("web", "web/**")] as const;

  test.each([
    [["api/a"], ["api-1"]],
    [["web/a"], ["web-1"]],
    [
      ["api/a", "web/a"],
      ["api-1", "web-1"],
    ],
    [["shared/a"], ["api-1", "web-1"]],
    [["README.md"], []],
  ])("a change of %p starts %p, and each numbers its own runs", async (files, expected) => {
    const world = new World(...both);
    world.repository.push("a");
    const revision = world.repository.push("b", { files });
    const answers = await Promise.all(both.map((pipeline) => world.deliver("one", revision, { pipeline })));
    expect(answers.flatMap((answer) => ("runId" in answer ? [answer.runId] : []))).toEqual(expected);
    const records = await world.store.deliveries.ofCommit(commitOf("b"));
    expect(records.map(({ pipeline }) => pipeline).sort()).toEqual(["api", "web"]);
  });
});

describe("an image whose paths have not changed", () => {
  const image = (name: string): ImageDefinition => {
    const [hello] = definition().images;
    if (hello === undefined) throw new Error("the definition has an image");
    return { ...hello, name, tags: ["{branch}", `${name}-{shortSha}`], paths: [`${name}/**`] };
  };
  const pipeline = (host: typeof codecommitPipeline | typeof githubPipeline): PipelineDefinition =>
    host({
      images: [image("api"), image("web")],
      stages: [{ ...STAGING, deploy: [{ cluster: "staging", service: "web", containers: { web: "api" } }] }],
    });
  const hosts = [
    ["codecommit", pipeline(codecommitPipeline)],
    ["github", pipeline(githubPipeline)],
  ] as const;

  async function push(world: World, letter: string, files: readonly string[]) {
    const accepted = await world.deliver(`event-${letter}`, world.repository.push(letter, { files }));
    await world.open();
    if (!("runId" in accepted)) throw new Error(accepted.ignored);
    return world.run(accepted.runId);
  }

  const builtIn = (run: Awaited<ReturnType<World["run"]>>) => [
    ...new Set(run.builds.map((one) => one.image)),
  ];

  test.each(hosts)("%s: is used again, and the run says of which run it is", async (_host, definition) => {
    const world = new World(definition);
    const first = await push(world, "a", ["api/a", "web/a"]);
    expect(builtIn(first)).toEqual(["api", "web"]);
    const second = await push(world, "b", ["web/b"]);
    expect(builtIn(second)).toEqual(["web"]);
    expect(second.status.status).toBe("succeeded");
    const [api, web] = viewOf(second).images;
    const [apiBefore, webBefore] = viewOf(first).images;
    expect(api).toMatchObject({
      status: "published",
      reusedFrom: "hello-1",
      indexDigest: apiBefore?.indexDigest,
    });
    expect(web?.reusedFrom).toBeUndefined();
    expect(web?.indexDigest).not.toBe(webBefore?.indexDigest);
    // The release of the second run is both.
    expect(viewOf(second).release).toBe(`${api?.indexDigest},${web?.indexDigest}`);
  });

  test("is used again and again: it stays the first run's", async () => {
    const world = new World(hosts[0][1]);
    await push(world, "a", ["api/a", "web/a"]);
    for (const letter of ["b", "c", "d"]) {
      const run = await push(world, letter, [`web/${letter}`]);
      expect(viewOf(run).images[0]?.reusedFrom).toBe("hello-1");
    }
  });

  test("when no image has changed, nothing is built, and the release is deployed", async () => {
    const world = new World(hosts[0][1]);
    await push(world, "a", ["api/a", "web/a"]);
    const run = await push(world, "b", ["README.md"]);
    expect(run.builds).toEqual([]);
    expect(run.status.status).toBe("succeeded");
    expect(world.deployed).toEqual(["staging 1 a", "staging 2 b"]);
  });

  test("is built again when the run between, which changed it, has failed", async () => {
    const world = new World(hosts[0][1]);
    await push(world, "a", ["api/a", "web/a"]);
    world.slow.add("hello-2");
    await push(world, "b", ["api/b"]);
    await world.failBuilds("hello-2");
    expect(await world.status("hello-2")).toBe("failed");
    // `c` changes the web only; but the api's last index knows nothing of `b`.
    const third = await push(world, "c", ["web/c"]);
    expect(builtIn(third)).toEqual(["api", "web"]);
  });

  test("is explained while the others are built", async () => {
    const world = new World(hosts[0][1]);
    await push(world, "a", ["api/a", "web/a"]);
    world.slow.add("hello-2");
    await push(world, "b", ["web/b"]);
    expect(await world.explain("hello-2")).toContain(
      "api is not built: none of its paths has changed since hello-1, whose index is used",
    );
  });

  test("is built again when the run between is still building", async () => {
    const world = new World(hosts[0][1]);
    await push(world, "a", ["api/a", "web/a"]);
    world.slow.add("hello-2");
    await push(world, "b", ["api/b"]);
    expect(builtIn(await push(world, "c", ["web/c"]))).toEqual(["api", "web"]);
  });

  test("an older run that publishes late never replaces a newer run's index", async () => {
    const world = new World(hosts[0][1]);
    world.slow.add("hello-1");
    await push(world, "a", ["api/a", "web/a"]);
    await push(world, "b", ["api/b", "web/b"]);
    await world.finishBuilds("hello-1");
    const { published } = await world.pipeline();
    expect([published.api?.runId, published.web?.runId]).toEqual(["hello-2", "hello-2"]);
    const third = await push(world, "c", ["web/c"]);
    expect(viewOf(third).images[0]).toMatchObject({ reusedFrom: "hello-2" });
  });

  test("is built when somebody asks for it, or a base image does", async () => {
    const world = new World(hosts[0][1]);
    await push(world, "a", ["api/a", "web/a"]);
    const revision = world.repository.reset("a");
    const trigger = { type: "base-image", repository: "base", digest: "sha256:1" } as const;
    const accepted = await world.deliver("wish", revision, { trigger });
    if (!("runId" in accepted)) throw new Error(accepted.ignored);
    expect(builtIn(await world.run(accepted.runId))).toEqual(["api", "web"]);
  });
});
