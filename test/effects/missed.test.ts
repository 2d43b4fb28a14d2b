import { describe, expect, test } from "@jest/globals";
import { acceptDelivery } from "../../shared/accept.ts";
import { admit } from "../../shared/admit.ts";
import type { Delivery } from "../../shared/pipeline/pipelines.ts";
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

  test("the event that comes after all is no second run of it, and names the run that the sweep began", async () => {
    const world = new World(pipeline);
    await world.sweep();
    const revision = world.repository.push("a");
    await world.sweep();
    const late = await world.deliver("late", revision);
    await world.open();
    // A webhook has been answered before anybody asks: its run has ended when it is opened.
    const reason = "runId" in late ? (await world.explain(late.runId)).at(-1) : late.ignored;
    expect(reason).toBe("commit aaaaaaa of main has its run already: hello-1");
    expect(world.deployed).toEqual(["staging 1 a"]);
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

test("of a thousand branches none is forgotten, none is started again, and one that moves is found", async () => {
  const world = new World(codecommitPipeline({}, { branches: ["**"] }));
  for (let n = 0; n < 1_000; n += 1) world.repository.push("a", { branch: `b${n}` });
  for (let n = 0; n < 3; n += 1) expect((await world.sweep()).opened).toEqual([]);
  world.repository.push("b", { branch: "b7" });
  expect((await world.sweep()).opened).toEqual(["hello-1"]);
  expect((await world.sweep()).opened).toEqual([]);
});

test("a run that nobody has decided about holds its branch up no longer than a lease", async () => {
  const world = new World(githubPipeline());
  await world.sweep();
  await world.deliver("event-a", world.repository.push("a"));
  // Who opens it crashes when the run has its stream, and before the ref knows.
  const { append } = world.store.streams;
  const broken = Object.assign(world.store.streams, {
    append: (
      stream: string,
      version: number,
      events: readonly { readonly type: string }[],
      state: unknown,
    ) =>
      events.some(({ type }) => stream.startsWith("ref#") && type === "run.opened")
        ? Promise.reject(new Error("the power went"))
        : append(stream, version, events, state),
  });
  await expect(world.open()).rejects.toThrow("the power went");
  Object.assign(broken, { append });
  expect(await world.commits()).toEqual(["a?"]);
  await world.sweep();
  expect(await world.commits()).toEqual(["a"]);
  world.repository.push("b");
  await world.sweep();
  expect(await world.runs()).toEqual(["1 a succeeded", "2 b succeeded"]);
});

test("a head whose run was overtaken before it began is found once more when the branch is set back to it", async () => {
  const world = new World(codecommitPipeline());
  await world.sweep();
  const { repository, ref, commit } = world.repository.push("a");
  // A sweep has found it, and the power goes before its run is opened.
  const delivery: Delivery = {
    id: `head ${ref} ${commit} after nothing`,
    revision: { repository, ref, commit },
    people: {},
    trigger: { type: "head" },
  };
  await acceptDelivery(world.deps, codecommitPipeline(), delivery, world.repository.source);
  await admit(world.deps, "hello");
  world.repository.push("b");
  await world.sweep();
  expect(await world.runs()).toEqual(["1 a stopped"]);
  world.repository.reset("a");
  await world.sweep();
  await world.sweep();
  expect(await world.runs()).toEqual(["1 a stopped", "2 a succeeded"]);
});
