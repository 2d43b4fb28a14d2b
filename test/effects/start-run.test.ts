import { describe, expect, test } from "@jest/globals";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { Trigger } from "../../shared/pipeline/events.ts";
import { type StartRequest, startRun } from "../../shared/start-run.ts";
import { commitOf } from "./repository.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

const BY_HAND: Trigger = { type: "manual", by: "bob" };
const BASE: Trigger = { type: "base-image", repository: "base/node", digest: "sha256:1" };

function starting(world: World, pipeline: PipelineDefinition) {
  return (change: Partial<StartRequest> = {}) =>
    startRun(world.deps, pipeline, world.repository.source, { id: "wish-1", trigger: BY_HAND, ...change });
}

const hosts = [
  ["codecommit", codecommitPipeline()],
  ["github", githubPipeline()],
] as const;

describe.each(hosts)("%s: other starts than a push", (_host, pipeline) => {
  test.each<[string, Trigger]>([
    ["by hand", BY_HAND],
    ["by a schedule", { type: "schedule" }],
    ["by a new base image", BASE],
  ])("%s: the tip that has been delivered is built and delivered anew", async (_what, trigger) => {
    const world = new World(pipeline);
    await world.deliver("event-a", world.repository.push("a"));
    await world.open();
    const start = starting(world, pipeline);
    expect(await start({ id: "1", trigger })).toMatchObject({ runId: "hello-2" });
    expect(await start({ id: "2", trigger })).toMatchObject({ runId: "hello-3" });
    expect(world.deployed).toEqual(["staging 1 a", "staging 2 a", "staging 3 a"]);
    expect((await world.run("hello-2")).trigger).toEqual(trigger);
    // The push that comes again is still the first run, and nothing was missed.
    expect(await world.deliver("event-a", world.repository.reset("a"))).toMatchObject({ runId: "hello-1" });
    expect((await world.sweep()).opened).toEqual([]);
  });

  test("the same wish twice is one run", async () => {
    const world = new World(pipeline);
    world.repository.push("a");
    const start = starting(world, pipeline);
    const answers = await Promise.all([start(), start(), start()]);
    answers.push(await start());
    for (const answer of answers) expect(answer).toMatchObject({ runId: "hello-1" });
    expect(await world.runs()).toEqual(["1 a succeeded"]);
  });

  test("a commit that a push was refused for is built by hand: filters are for pushes", async () => {
    const world = new World(pipeline);
    const revision = world.repository.push("a", { message: "later [skip ci]" });
    expect(await world.deliver("event-a", revision)).toMatchObject({ ignored: expect.any(String) });
    expect(await starting(world, pipeline)()).toMatchObject({ runId: "hello-1" });
  });

  test("a run knows who started it, so that he does not approve it himself", async () => {
    const world = new World(pipeline);
    world.repository.push("a", { author: "Ada <ada@example.com>" });
    await starting(world, pipeline)({ starter: "arn:aws:iam::000000000000:user/bob" });
    expect((await world.run("hello-1")).people).toEqual({
      author: "Ada <ada@example.com>",
      starter: "arn:aws:iam::000000000000:user/bob",
    });
  });

  test("an older commit is refused: going back is a rollback", async () => {
    const world = new World(pipeline);
    world.repository.push("a");
    world.repository.push("b");
    const answer = await starting(world, pipeline)({ commit: commitOf("a") });
    expect(answer).toEqual({
      pipeline: "hello",
      ignored: "commit aaaaaaa is no longer the tip of main: bbbbbbb is",
    });
    expect(await world.runs()).toEqual([]);
    expect((await world.store.deliveries.ofCommit(commitOf("a"))).map(({ trigger }) => trigger)).toEqual([
      "manual",
    ]);
  });

  test("a branch that is not there is refused by name", async () => {
    const world = new World(pipeline);
    const answer = await starting(world, pipeline)({ branch: "nowhere" });
    expect(answer).toEqual({ pipeline: "hello", ignored: 'hello has no branch "nowhere"' });
  });
});

test.each(["queued", "parallel"] as const)("%s: an older commit is refused by hand, too", async (mode) => {
  const pipeline = codecommitPipeline({ mode });
  const world = new World(pipeline);
  for (const letter of ["a", "b", "c"]) await world.deliver(letter, world.repository.push(letter));
  world.repository.push("d");
  for (const letter of ["a", "b"]) {
    const answer = await starting(world, pipeline)({ id: `wish-${letter}`, commit: commitOf(letter) });
    expect(answer).toMatchObject({
      ignored: expect.stringContaining("no longer the tip of main: ddddddd is"),
    });
  }
  expect(world.deployed.at(-1)).toBe("staging 3 c");
});

test("a pipeline that follows globs only must be told which branch", async () => {
  const pipeline = codecommitPipeline({}, { branches: ["release/*"] });
  const world = new World(pipeline);
  world.repository.push("a", { branch: "release/1" });
  const start = starting(world, pipeline);
  expect(await start()).toMatchObject({
    ignored: "hello follows no branch by its name; say which one to build",
  });
  expect(await start({ branch: "release/1" })).toMatchObject({ runId: "hello-1" });
});
