import { describe, expect, test } from "@jest/globals";
import { evolvePipeline, missedHeads, NEW_PIPELINE } from "../../shared/pipeline/pipelines.ts";
import { commitOf } from "./repository.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

const pipelines = [
  ["codecommit", codecommitPipeline({}, { branches: ["main", "release/*"] })],
  ["github", githubPipeline({}, { branches: ["main", "release/*"] })],
] as const;

describe.each(pipelines)("%s: what a lost event left out", (_host, pipeline) => {
  test("the first look starts nothing: a new pipeline does not deliver old branches", async () => {
    const world = new World(pipeline);
    world.repository.push("a");
    world.repository.push("b", { branch: "release/1" });
    for (let n = 0; n < 3; n += 1) expect((await world.sweep()).opened).toEqual([]);
    expect(await world.runs()).toEqual([]);
  });

  test("a push that nobody told of is found, once", async () => {
    const world = new World(pipeline);
    world.repository.push("a");
    await world.sweep();
    world.repository.push("b");
    expect((await world.sweep()).opened).toEqual(["hello-1"]);
    for (let n = 0; n < 3; n += 1) expect((await world.sweep()).opened).toEqual([]);
    expect(world.deployed).toEqual(["staging 1 b"]);
    const [record] = await world.store.deliveries.ofCommit(commitOf("b"));
    expect(record).toMatchObject({ trigger: "head", ref: "refs/heads/main", outcome: { runId: "hello-1" } });
  });

  test("a branch that is new since then is found, and one that no pipeline follows is not", async () => {
    const world = new World(pipeline);
    world.repository.push("a");
    await world.sweep();
    world.repository.push("b", { branch: "release/2" });
    world.repository.push("c", { branch: "try" });
    expect((await world.sweep()).opened).toEqual(["hello-1"]);
    expect((await world.sweep()).opened).toEqual([]);
    expect((await world.run("hello-1")).revision).toMatchObject({ ref: "refs/heads/release/2" });
  });

  test("the event that comes after all is refused, with the run that the sweep began", async () => {
    const world = new World(pipeline);
    await world.sweep();
    const revision = world.repository.push("a");
    await world.sweep();
    expect(await world.deliver("late", revision)).toEqual({
      pipeline: "hello",
      ignored: "commit aaaaaaa of main has its run already: hello-1",
    });
    await world.open();
    expect(await world.runs()).toEqual(["1 a succeeded"]);
  });

  test("several lost pushes are one run, of the newest", async () => {
    const world = new World(pipeline);
    await world.sweep();
    await world.deliver("1", world.repository.push("a"));
    await world.open();
    world.repository.push("b");
    world.repository.push("c");
    await world.sweep();
    await world.sweep();
    expect(await world.runs()).toEqual(["1 a succeeded", "2 c succeeded"]);
  });

  test("a head that is refused is recorded once, and not built however often the sweep comes by", async () => {
    const world = new World(pipeline);
    await world.sweep();
    world.repository.push("a", { message: "notes [skip ci]" });
    for (let n = 0; n < 3; n += 1) expect((await world.sweep()).opened).toEqual([]);
    const records = await world.store.deliveries.ofCommit(commitOf("a"));
    expect(records.map(({ outcome }) => outcome)).toEqual([
      { ignored: "the commit message asks to skip it" },
    ]);
    expect(await world.runs()).toEqual([]);
  });

  test("a branch that is set back unheard of is delivered again, each time", async () => {
    const world = new World(pipeline);
    await world.sweep();
    for (const letter of ["a", "b"]) {
      world.repository.push(letter);
      await world.sweep();
    }
    for (const letter of ["a", "b", "a"]) {
      world.repository.reset(letter);
      await world.sweep();
      await world.sweep();
    }
    expect(world.deployed.map((line) => line.at(-1))).toEqual(["a", "b", "a", "b", "a"]);
  });

  test("a deleted branch is nobody's miss", async () => {
    const world = new World(pipeline);
    await world.sweep();
    await world.deliver("1", world.repository.push("a", { branch: "release/1" }));
    await world.open();
    world.repository.delete("release/1");
    expect((await world.sweep()).opened).toEqual([]);
  });
});

test("a pipeline that follows tags only asks for no branches", async () => {
  const world = new World(codecommitPipeline({}, { branches: [] }));
  world.repository.push("a");
  await world.sweep();
  world.repository.push("b");
  expect((await world.sweep()).opened).toEqual([]);
  expect((await world.pipeline()).baselined).toBe(false);
});

test("one repository that does not answer holds up neither other pipelines nor the runs under way", async () => {
  const world = new World(codecommitPipeline({ name: "broken" }), codecommitPipeline({ name: "other" }));
  const { branches } = world.repository.source;
  let calls = 0;
  Object.assign(world.repository.source, {
    branches: (...asked: Parameters<typeof branches>) => {
      calls += 1;
      return calls % 2 === 1 ? Promise.reject(new Error("throttled")) : branches(...asked);
    },
  });
  world.repository.push("a");
  await world.sweep();
  world.repository.push("b");
  const { opened, errors } = await world.sweep();
  expect(opened).toEqual(["other-1"]);
  expect(errors.map(({ runId }) => runId)).toEqual(["broken"]);
});

describe("more branches than a pipeline remembers", () => {
  const heads = Array.from({ length: 600 }, (_, n) => ({ ref: `refs/heads/b${n}`, commit: commitOf("a") }));

  test("are not started again and again, and those that are remembered are looked after", () => {
    const state = evolvePipeline(NEW_PIPELINE, { type: "heads.seen", heads });
    expect(state.tips).toHaveLength(500);
    expect(missedHeads(state, heads)).toEqual([]);
    const moved = { ref: "refs/heads/b599", commit: commitOf("b") };
    expect(missedHeads(state, [...heads.slice(0, 599), moved])).toEqual([moved]);
  });

  test("pull requests are forgotten first", () => {
    const pulls = Array.from({ length: 300 }, (_, n) => ({
      ref: `refs/pull/${n}/head`,
      commit: commitOf("a"),
    }));
    const some = heads.slice(0, 300);
    const state = evolvePipeline(NEW_PIPELINE, { type: "heads.seen", heads: [...some, ...pulls] });
    expect(state.tips.filter(({ ref }) => ref.startsWith("refs/heads/"))).toHaveLength(300);
    expect(state.tips).toHaveLength(500);
  });
});
