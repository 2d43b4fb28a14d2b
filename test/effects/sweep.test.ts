import { expect, test } from "@jest/globals";
import { sweep } from "../../shared/sweep.ts";
import { T0 } from "../pipeline/given.ts";
import { Repository } from "./repository.ts";
import { World } from "./world.ts";

const SOURCES = { codecommit: new Repository().source, github: new Repository().source };

/** A store with so many runs under way, and which of them the sweep has looked at. */
async function underWay(count: number) {
  const world = new World();
  const { heads, streams } = world.store;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const runId = `hello-${String(sequence).padStart(4, "0")}`;
    const place = { runId, pipeline: "hello", sequence, version: 1, status: "building" as const };
    const commit = { commit: "a".repeat(40), ref: "refs/heads/main" };
    await heads.put({ ...place, ...commit, startedAt: T0, updatedAt: T0, active: true });
  }
  const visited = new Set<string>();
  const load: typeof streams.load = (stream) => {
    visited.add(stream);
    return streams.load(stream);
  };
  return { visited, store: { ...world.store, streams: { ...streams, load } }, deps: world.deps };
}

test("a sweep that has no time for all runs leaves the others to the next, which begins with them", async () => {
  const { visited, store, deps } = await underWay(250);
  let now = T0;
  const load = (stream: string) => {
    // Eight are visited side by side, and take four seconds.
    now += 500;
    return store.streams.load(stream);
  };
  const counting = { ...deps, now: () => now, store: { ...store, streams: { ...store.streams, load } } };
  const seen: number[] = [];
  for (let cut = true; cut; ) {
    const began = now;
    const swept = await sweep(counting, [], SOURCES);
    // The function is ended after 45.
    expect(now - began).toBeLessThan(40_000);
    seen.push(swept.visited);
    cut = swept.cut;
  }
  expect(seen).toEqual([64, 64, 64, 58]);
  expect(visited.size).toBe(250);
  // And from the start again.
  expect(await sweep(counting, [], SOURCES)).toMatchObject({ visited: 64, cut: true });
});

test("a place that is none any more is the beginning", async () => {
  const { visited, store, deps } = await underWay(20);
  await store.streams.append("sweep", 0, [], { cursor: "x" });
  expect(await sweep({ ...deps, store }, [], SOURCES)).toMatchObject({ visited: 20, cut: false, errors: [] });
  expect(visited.size).toBe(20);
  expect((await store.streams.last("sweep")).state).toEqual({});
});

test("a sweep with time enough visits every run, and remembers nothing", async () => {
  const { visited, store, deps } = await underWay(250);
  expect(await sweep({ ...deps, store }, [], SOURCES)).toMatchObject({
    visited: 250,
    cut: false,
    errors: [],
  });
  expect(visited.size).toBe(250);
  expect((await store.streams.last("sweep")).version).toBe(0);
});
