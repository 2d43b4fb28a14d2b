import { describe, expect, test } from "@jest/globals";
import { commitOf } from "./repository.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";
import { World } from "./world.ts";

/** What was recorded of a commit, delivery by delivery: `event-1: hello-1` or `event-2: why not`. */
async function recordsOf(world: World, letter: string): Promise<readonly string[]> {
  const records = await world.store.deliveries.ofCommit(commitOf(letter));
  return records.map(({ id, outcome }) => `${id}: ${"runId" in outcome ? outcome.runId : outcome.ignored}`);
}

/**
 * The scenario: A then B are pushed, B is told of before A, A is told of twice, and of a third push nobody tells.
 * What is deployed is always the newest, and each delivery has its run or its recorded refusal.
 */
describe("A then B are pushed, B is delivered before A, A twice, and a third push is lost", () => {
  test("CodeCommit", async () => {
    const world = new World(codecommitPipeline());
    await world.sweep();
    const a = world.repository.push("a");
    const b = world.repository.push("b");
    await world.deliver("event-b", b);
    expect(world.deployed).toEqual(["staging 1 b"]);
    await world.deliver("event-a", a);
    await world.deliver("event-a", a);
    await world.sweep();
    expect(world.deployed).toEqual(["staging 1 b"]);

    world.repository.push("c");
    expect(world.deployed).toEqual(["staging 1 b"]);
    await world.sweep();
    await world.sweep();
    expect(world.deployed).toEqual(["staging 1 b", "staging 2 c"]);

    expect(await recordsOf(world, "a")).toEqual([
      "event-a: commit aaaaaaa is no longer the tip of main: bbbbbbb is",
    ]);
    expect(await recordsOf(world, "b")).toEqual(["event-b: hello-1"]);
    expect(await recordsOf(world, "c")).toEqual([
      `head refs/heads/main ${commitOf("c")} after hello-1: hello-2`,
    ]);
    expect(await world.runs()).toEqual(["1 b succeeded", "2 c succeeded"]);
  });

  test.each([
    ["opened as they come", true],
    ["opened after all have come", false],
  ])("GitHub, %s", async (_what, atOnce) => {
    const world = new World(githubPipeline());
    const open = async () => (atOnce ? world.open() : undefined);
    await world.sweep();
    const a = world.repository.push("a");
    const b = world.repository.push("b");
    for (const [id, revision] of [
      ["event-b", b],
      ["event-a", a],
      ["event-a", a],
    ] as const) {
      await world.deliver(id, revision);
      await open();
    }
    await world.open();
    await world.sweep();
    expect(world.deployed).toEqual(["staging 1 b"]);

    world.repository.push("c");
    await world.sweep();
    await world.sweep();
    // A's redelivery had drawn the number 3, and has no run of it.
    expect(world.deployed).toEqual(["staging 1 b", "staging 4 c"]);

    // The answer could not wait for GitHub: A's delivery has its run, which built nothing and says why.
    expect(await recordsOf(world, "a")).toEqual(["event-a: hello-2"]);
    expect((await world.run("hello-2")).builds.every(({ state }) => state.status === "pending")).toBe(true);
    expect(await world.explain("hello-2")).toEqual([
      "hello-2 is stopped: main aaaaaaa of hello",
      "commit aaaaaaa is no longer the tip of main: bbbbbbb is",
    ]);
    expect(await recordsOf(world, "b")).toEqual(["event-b: hello-1"]);
    expect(await recordsOf(world, "c")).toEqual([
      `head refs/heads/main ${commitOf("c")} after hello-2: hello-4`,
    ]);
    expect(await world.runs()).toEqual(["1 b succeeded", "2 a stopped", "4 c succeeded"]);
  });
});

test("the sweep and the event find the same commit at the same time: one run", async () => {
  for (const pipeline of [codecommitPipeline(), githubPipeline()]) {
    const world = new World(pipeline);
    await world.sweep();
    const revision = world.repository.push("a");
    await Promise.all([world.sweep(), world.deliver("event-a", revision), world.sweep()]);
    await world.open();
    await world.sweep();
    // One that had its number when the other was not known yet has ended before it began.
    const ends = (await world.runs()).map((run) => run.split(" ").at(-1));
    expect(ends.filter((end) => end !== "stopped")).toEqual(["succeeded"]);
    expect(world.deployed).toHaveLength(1);
    const records = await world.store.deliveries.ofCommit(commitOf("a"));
    expect(records.some(({ id }) => id === "event-a")).toBe(true);
  }
});

test("ten pushes told of at once, in any order: the newest is deployed last", async () => {
  for (const pipeline of [codecommitPipeline(), githubPipeline()]) {
    const world = new World(pipeline);
    await world.sweep();
    const revisions = [..."abcdefghij".slice(0, 8)].map((letter) => world.repository.push(letter));
    await Promise.all(
      [3, 7, 0, 5, 1, 6, 2, 4].flatMap((n) => {
        const revision = revisions[n];
        return revision === undefined ? [] : [world.deliver(`event-${n}`, revision)];
      }),
    );
    await world.open();
    await world.sweep();
    expect(world.deployed.at(-1)?.at(-1)).toBe("h");
    for (const { commit } of revisions) {
      expect(await world.store.deliveries.ofCommit(commit)).toHaveLength(1);
    }
  }
});
