import { describe, expect, test } from "@jest/globals";
import { perform } from "../../shared/effects/perform.ts";
import type { ImageDefinition } from "../../shared/pipeline/definition.ts";
import type { Trigger } from "../../shared/pipeline/events.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import { definition, runAfter, started, T0 } from "../pipeline/given.ts";
import { contextOf, fakeAws, said } from "./fakes.ts";
import { commitOf } from "./repository.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

const OWN: Trigger = { type: "pull-request", number: 7, fork: false };
const FORK: Trigger = { type: "pull-request", number: 8, fork: true };
const CONNECTION = "arn:aws:codeconnections:us-east-1:000000000000:connection/0123";

const revisionOf = (number: number) => ({
  repository: "hello",
  ref: `refs/pull/${number}/head`,
  commit: commitOf("a"),
});

describe("a pull request", () => {
  test.each<[string, Trigger]>([
    ["of the repository", OWN],
    ["from a fork", FORK],
  ])("%s is built, and nothing else: no index, no stage", async (_what, trigger) => {
    const world = new World(
      githubPipeline({ mode: "queued" }, { pullRequests: "build-only", forks: "build-only" }),
    );
    await world.deliver("1", revisionOf(7), { trigger });
    await world.open();
    const run = await world.run("hello-1");
    expect(run.status).toEqual({
      status: "succeeded",
      reason: "built hello for linux/amd64, hello for linux/arm64; pull requests are not deployed",
    });
    expect(run.images.map(({ state }) => state.status)).toEqual(["unpublished"]);
    expect(world.deployed).toEqual([]);
    const { active, published } = await world.pipeline();
    expect({ active, published }).toEqual({ active: [], published: {} });
    expect((await world.store.heads.active({})).items).toEqual([]);
  });

  test("that fails says so", async () => {
    const world = new World(githubPipeline());
    world.slow.add("hello-1");
    await world.deliver("1", revisionOf(7), { trigger: OWN });
    await world.open();
    await world.failBuilds("hello-1");
    expect(await world.status("hello-1")).toBe("failed");
  });

  test("does not take the place of a push of the branch, nor holds one up", async () => {
    for (const mode of ["superseded", "queued", "parallel"] as const) {
      const world = new World(githubPipeline({ mode }));
      world.slow.add("hello-1");
      await world.deliver("1", revisionOf(7), { trigger: OWN });
      await world.open();
      await world.deliver("2", world.repository.push("b"));
      await world.open();
      expect(world.deployed).toEqual(["staging 2 b"]);
      await world.finishBuilds("hello-1");
      expect(await world.runs()).toEqual(["1 a succeeded", "2 b succeeded"]);
    }
  });

  test("of which no image has changed has nothing to build, and says so", async () => {
    const [image] = definition().images;
    if (image === undefined) throw new Error("the definition has an image");
    const images: readonly ImageDefinition[] = [{ ...image, paths: ["src/**"] }];
    const world = new World(githubPipeline({ images }));
    await world.deliver("1", world.repository.push("a", { files: ["src/a"] }));
    await world.open();
    const { commit } = world.repository.push("b", { branch: "try", files: ["src/a"] });
    const change = { ...world.repository.push("c", { files: ["README.md"] }), ref: "refs/pull/7/head" };
    expect(commit).toBe(commitOf("b"));
    await world.deliver("2", change, { trigger: OWN });
    await world.open();
    expect((await world.run("hello-2")).status).toEqual({
      status: "succeeded",
      reason: "no image has changed; pull requests are not deployed",
    });
  });
});

describe("where a commit is built", () => {
  /** StartBuild of every platform of a run with this trigger. */
  async function startBuilds(pipeline: ReturnType<typeof definition>, trigger: Trigger) {
    const { aws, calls } = fakeAws({
      codebuild: { startBuild: async () => ({ build: { arn: "arn:build:1" } }) },
    });
    const [image] = pipeline.images;
    if (image === undefined) throw new Error("the definition has an image");
    const run = runAfter(
      started({
        trigger,
        revision: revisionOf(8),
        definition: { ...pipeline, images: [{ ...image, buildspec: "ci/build.yml" }] },
      }),
    );
    for (const command of plan(run, T0)) {
      if (command.type === "start-build") await perform(contextOf(aws), run, command);
    }
    return calls;
  }
  const variable = (call: Parameters<typeof said>[0], name: string) => {
    const all = said(call, "environmentVariablesOverride");
    return Array.isArray(all) ? all.find((one) => one.name === name)?.value : undefined;
  };
  const github = githubPipeline({}, { repository: "acme/hello", connection: CONNECTION });

  test("a fork: in the untrusted projects, as pr/N, with Tandem's own buildspec, without push and connection", async () => {
    const calls = await startBuilds(github, FORK);
    expect(calls.map((call) => said(call, "projectName"))).toEqual(["untrusted-x86_64", "untrusted-arm64"]);
    for (const call of calls) {
      expect(call.input).toMatchObject({
        sourceTypeOverride: "GITHUB",
        sourceLocationOverride: "https://github.com/acme/hello.git",
        sourceVersion: "pr/8",
        buildspecOverride: "version: 0.2",
      });
      expect(call.input).not.toHaveProperty("sourceAuthOverride");
      expect(variable(call, "TANDEM_PUSH")).toBe("false");
      expect(variable(call, "TANDEM_COMMIT")).toBe(commitOf("a"));
    }
  });

  test.each<[string, Trigger]>([
    ["a pull request of the repository itself", OWN],
    ["a push", { type: "push" }],
    ["a release", { type: "release" }],
  ])("%s: in the stack's projects, by its commit, with the connection", async (_what, trigger) => {
    const calls = await startBuilds(github, trigger);
    expect(calls.map((call) => said(call, "projectName"))).toEqual(["build-x86_64", "build-arm64"]);
    for (const call of calls) {
      expect(call.input).toMatchObject({
        sourceTypeOverride: "GITHUB",
        sourceVersion: commitOf("a"),
        buildspecOverride: "ci/build.yml",
        sourceAuthOverride: { type: "CODECONNECTIONS", resource: CONNECTION },
      });
      expect(variable(call, "TANDEM_PUSH")).toBe("true");
    }
  });

  test("a repository without a connection is read with what the account is connected by", async () => {
    const [call] = await startBuilds(githubPipeline({}, { repository: "acme/hello" }), { type: "push" });
    expect(call?.input).not.toHaveProperty("sourceAuthOverride");
  });

  test("CodeCommit by its clone URL", async () => {
    const [call] = await startBuilds(codecommitPipeline(), { type: "push" });
    expect(call?.input).toMatchObject({ sourceTypeOverride: "CODECOMMIT", sourceVersion: commitOf("a") });
  });
});
