import { describe, expect, test } from "@jest/globals";
import { openStores } from "./stores.ts";

const { each } = openStores();

describe.each(each)("streams %s", (_where, open) => {
  test("a stream that does not exist has version 0, no events and no state", async () => {
    const { streams } = await open();
    expect(await streams.load("run#none")).toEqual({ version: 0, events: [] });
    expect(await streams.last("run#none")).toEqual({ version: 0, state: undefined });
  });

  test("events come back in the order they were appended, several of one append too", async () => {
    const { streams } = await open();
    for (let version = 0; version < 12; version += 1) {
      expect(await streams.append("run#a", version, [{ n: 2 * version }, { n: 2 * version + 1 }])).toBe(true);
    }
    const { version, events } = await streams.load("run#a");
    expect(version).toBe(12);
    expect(events).toEqual(Array.from({ length: 24 }, (_, n) => ({ n })));
  });

  test("of 20 writers at once exactly one wins, and only its events are there", async () => {
    const { streams } = await open();
    await streams.append("run#a", 0, ["first"]);
    const won = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => streams.append("run#a", 1, [`writer ${writer}`])),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await streams.load("run#a")).toEqual({
      version: 2,
      events: ["first", `writer ${won.indexOf(true)}`],
    });
  });

  test("who comes with an old version is told, and nothing is written", async () => {
    const { streams } = await open();
    await streams.append("run#a", 0, ["one"]);
    await streams.append("run#a", 1, ["two"]);
    expect(await streams.append("run#a", 0, ["late"])).toBe(false);
    expect(await streams.append("run#a", 1, ["late"])).toBe(false);
    expect(await streams.load("run#a")).toEqual({ version: 2, events: ["one", "two"] });
  });

  test("streams do not see each other, whatever their names have in common", async () => {
    const { streams } = await open();
    for (const name of ["run#a", "run#a-1", "run#a#1", "stage#a"]) await streams.append(name, 0, [name]);
    expect(await streams.load("run#a")).toEqual({ version: 1, events: ["run#a"] });
  });

  test("the state is the last append's, and none when that left none", async () => {
    const { streams } = await open();
    await streams.append("stage#a", 0, ["e"], { holder: "run-1", queue: [1, 2] });
    expect(await streams.last("stage#a")).toEqual({
      version: 1,
      state: { holder: "run-1", queue: [1, 2] },
    });
    await streams.append("stage#a", 1, ["e"], { holder: "run-2" });
    expect(await streams.last("stage#a")).toEqual({ version: 2, state: { holder: "run-2" } });
    await streams.append("stage#a", 2, ["e"]);
    expect(await streams.last("stage#a")).toEqual({ version: 3, state: undefined });
  });

  test("what comes out is a copy of what went in", async () => {
    const { streams } = await open();
    const event = { tags: ["a"] };
    await streams.append("run#a", 0, [event], event);
    event.tags.push("b");
    expect((await streams.load("run#a")).events).toEqual([{ tags: ["a"] }]);
    expect((await streams.last("run#a")).state).toEqual({ tags: ["a"] });
  });

  test("a stream of three megabytes, more than a page of DynamoDB, is loaded whole and in order", async () => {
    const { streams } = await open();
    const big = "x".repeat(300_000);
    for (let version = 0; version < 10; version += 1)
      await streams.append("run#big", version, [{ version, big }]);
    const { version, events } = await streams.load("run#big");
    expect(version).toBe(10);
    expect(events).toEqual(Array.from({ length: 10 }, (_, n) => ({ version: n, big })));
  });

  test("texts of every kind survive", async () => {
    const { streams } = await open();
    const event = { text: 'naïve 日本 🚀 \u0000 "quoted"', empty: "", none: null, list: [] };
    await streams.append("run#a", 0, [event], event);
    expect(await streams.load("run#a")).toEqual({ version: 1, events: [event] });
    expect((await streams.last("run#a")).state).toEqual(event);
  });
});
