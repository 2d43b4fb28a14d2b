import { beforeEach, describe, expect, test } from "@jest/globals";
import { changeStageLock } from "../../shared/effects/stage-lock.ts";
import { liftQuarantine, type Mover, rollBack, shiftWeights } from "../../shared/move-release.ts";
import type { StageLockEvent } from "../../shared/pipeline/stage-lock.ts";
import { releaseHold } from "../../shared/release-hold.ts";
import { definition, STAGING, T0 } from "../pipeline/given.ts";
import { commitOf } from "./repository.ts";
import { World } from "./world.ts";

/** Going back, and other moves of what is out: runs of their own, from their number to the end of their stage. */

const hello = definition({ stages: [STAGING] });

let world: World;
beforeEach(async () => {
  world = new World(hello);
  for (const letter of ["a", "b"]) {
    await world.deliver(`event-${letter}`, world.repository.push(letter));
  }
  expect(await world.runs()).toEqual(["1 a succeeded", "2 b succeeded"]);
});

function mover(id = "move-1", missing: readonly string[] = []): Mover {
  const { source } = world.repository;
  return {
    deps: world.deps,
    rehearse: async () => missing,
    source,
    pipeline: "hello",
    stage: "staging",
    by: "bob",
    identity: "arn:bob",
    id,
  };
}

const items = { x86: { base: 0, weight: 1 }, graviton: { base: 0, weight: 1 } };
const weights = (change: object = {}) => ({
  cluster: "staging",
  service: "web",
  to: { graviton: 75 },
  steps: 1,
  bakeMinutes: 0,
  ...change,
});

/** What stands in the stage's lock, as if a run had left it. */
async function write(...events: readonly StageLockEvent[]): Promise<void> {
  await changeStageLock(world.store, "hello", "staging", () => ({ events }));
}

describe("back", () => {
  test("without a word where to: to the release before, builds nothing, and holds the stage", async () => {
    // Both commits have the same bytes here: the second release is another only by its index.
    await write({
      type: "stage.left",
      runId: "hello-9",
      outcome: "succeeded",
      release: { runId: "hello-2", sequence: 2, commit: commitOf("b"), release: "sha256:other", at: T0 },
    });
    const moved = await rollBack(mover(), "errors");
    expect(moved).toEqual({ runId: "hello-3" });
    const run = await world.run("hello-3");
    expect(run).toMatchObject({
      trigger: { type: "rollback", by: "bob", reason: "errors" },
      status: { status: "succeeded" },
      builds: [],
    });
    expect((await world.lock("staging")).hold?.reason).toContain("bob went back to");
  });

  test("to a run that somebody names; its commit is no news of the branch", async () => {
    expect(await rollBack(mover(), "errors", "hello-1")).toEqual({ runId: "hello-3" });
    expect(world.deployed.at(-1)).toBe("staging 3 a");
    expect(await world.commits()).toEqual(["b"]);
    await world.sweep();
    expect(await world.runs()).toEqual(["1 a succeeded", "2 b succeeded", "3 a succeeded"]);
  });

  test("what comes after it waits until somebody releases the hold", async () => {
    await rollBack(mover(), "errors", "hello-1");
    await world.deliver("event-c", world.repository.push("c"));
    expect(await world.status("hello-4")).toBe("staging");
    expect((await world.explain("hello-4")).at(-1)).toContain("held");
    await releaseHold(
      world.deps,
      "hello",
      "staging",
      { by: "bob", identity: "arn:bob", from: "iam" },
      "mended",
    );
    expect(await world.status("hello-4")).toBe("succeeded");
  });

  test("the same request twice is one run", async () => {
    const [first, second] = [
      await rollBack(mover(), "errors", "hello-1"),
      await rollBack(mover(), "errors", "hello-1"),
    ];
    expect(first).toEqual({ runId: "hello-3" });
    expect(second).toEqual(first);
    const both = await Promise.all([
      rollBack(mover("move-2"), "x", "hello-1"),
      rollBack(mover("move-2"), "x", "hello-1"),
    ]);
    expect(new Set(both.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(world.deployed.filter((line) => line.endsWith(" a"))).toHaveLength(3);
  });

  test("the same request again means what it meant, although the stage runs something else by now", async () => {
    await write({
      type: "stage.left",
      runId: "hello-9",
      outcome: "succeeded",
      release: { runId: "hello-2", sequence: 2, commit: commitOf("b"), release: "sha256:other", at: T0 },
    });
    expect(await rollBack(mover(), "errors")).toEqual({ runId: "hello-3" });
    const release = { runId: "hello-2", sequence: 9, commit: commitOf("b"), release: "sha256:third", at: T0 };
    await write({ type: "stage.left", runId: "hello-9", outcome: "succeeded", release });
    expect(await rollBack(mover(), "errors")).toEqual({ runId: "hello-3" });
    expect(await rollBack(mover("move-2"), "errors")).toEqual({ runId: "hello-4" });
  });

  test("the record says who asked, by all the names of that person, and not by the names of whoever asked before", async () => {
    await rollBack({ ...mover(), names: ["bob", "rob@example.com"], from: "cli" }, "errors", "hello-1");
    const first = await world.run("hello-3");
    expect(first.people).toMatchObject({
      starter: "arn:bob",
      starterNames: ["bob", "rob@example.com"],
      starterFrom: "cli",
    });
    await rollBack({ ...mover("move-2"), identity: "arn:eve" }, "errors", "hello-3");
    const { people } = await world.run("hello-4");
    expect(people.starter).toBe("arn:eve");
    expect(people.starterNames).toBeUndefined();
  });

  test("when the power goes before its run is opened, the sweep opens it, or whoever asks again", async () => {
    const { append } = world.store.streams;
    let dead = true;
    const streams = {
      ...world.store.streams,
      append: (...input: Parameters<typeof append>) =>
        dead && input[0] === "run#hello-3" ? Promise.reject(new Error("the power went")) : append(...input),
    };
    const deps = { ...world.deps, store: { ...world.store, streams } };
    await expect(rollBack({ ...mover(), deps }, "errors", "hello-1")).rejects.toThrow("the power went");
    await expect(rollBack({ ...mover(), deps }, "errors", "hello-1")).rejects.toThrow("the power went");
    dead = false;
    await world.sweep();
    await world.sweep();
    expect(await world.status("hello-3")).toBe("succeeded");
    expect(world.deployed.at(-1)).toBe("staging 3 a");
    expect(await rollBack(mover(), "errors", "hello-1")).toEqual({ runId: "hello-3" });
  });

  test.each([
    ["hello-7", 'there is no run "hello-7" of hello'],
    ["other-1", 'there is no run "other-1" of hello'],
  ])("to %s: nothing to go to", async (to, problem) => {
    expect(await rollBack(mover(), "errors", to)).toEqual({ problem });
  });

  test("to what is there no more is refused before anything is begun", async () => {
    const moved = await rollBack(mover("move-1", ["hello@sha256:1: is gone"]), "errors", "hello-1");
    expect(moved).toMatchObject({ problem: expect.stringContaining("hello@sha256:1: is gone") });
    expect(await world.runs()).toHaveLength(2);
  });

  test("nowhere, when the stage has run nothing else", async () => {
    await expect(rollBack({ ...mover(), stage: "production" }, "errors")).resolves.toHaveProperty("problem");
  });
});

describe("other weights", () => {
  test("are a run of the release that the stage runs; it is not held", async () => {
    expect(await shiftWeights(mover(), items, weights())).toEqual({ runId: "hello-3" });
    const run = await world.run("hello-3");
    expect(run).toMatchObject({
      trigger: { type: "shift", by: "bob", of: "hello-2" },
      restore: { "staging/web": "web:2" },
    });
    expect(run.definition.stages[0]?.deploy[0]?.shift).toEqual([
      { weights: { x86: 25, graviton: 75 }, bakeMinutes: 0 },
    ]);
    expect((await world.lock("staging")).hold).toBeUndefined();
  });

  test("once more are about the run that brought the release, which tells of all its services", async () => {
    await shiftWeights(mover(), items, weights());
    expect((await world.run("hello-3")).status.status).toBe("succeeded");
    expect(await shiftWeights(mover("move-2"), items, weights())).toEqual({ runId: "hello-4" });
    expect((await world.run("hello-4")).trigger).toMatchObject({ of: "hello-2" });
    await rollBack(mover("move-3"), "errors", "hello-4");
    expect((await world.run("hello-5")).trigger).toMatchObject({ type: "rollback", to: "hello-2" });
  });

  test("a service that does without an architecture gets it back first", async () => {
    await write({
      type: "stage.left",
      runId: "hello-9",
      outcome: "succeeded",
      release: {
        runId: "hello-2",
        sequence: 2,
        commit: commitOf("b"),
        release: "sha256:b",
        at: T0,
        quarantined: {
          "staging/web": { architecture: "arm64", reason: "exec format error", capacity: items },
        },
      },
    });
    expect(await shiftWeights(mover(), items, weights())).toEqual({
      problem: "service web does without arm64 (exec format error); lift that first: tandem unquarantine",
    });
    expect(await liftQuarantine(mover(), "mended")).toEqual({ runId: "hello-3" });
    const run = await world.run("hello-3");
    expect(run.trigger).toEqual({ type: "unquarantine", by: "bob", of: "hello-2", reason: "mended" });
    expect(run.definition.stages[0]?.deploy).toMatchObject([{ service: "web", capacity: items }]);
  });

  test("nothing is lifted where nothing is in quarantine", async () => {
    expect(await liftQuarantine(mover(), "mended")).toEqual({
      problem: "nothing is in quarantine in stage staging of hello",
    });
  });

  test("shares that do not add up are no run", async () => {
    expect(await shiftWeights(mover(), items, weights({ to: { graviton: 120 } }))).toHaveProperty("problem");
    expect(await world.runs()).toHaveLength(2);
  });
});
