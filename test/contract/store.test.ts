import { type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { awsRequest } from "../../functions/aws-request.ts";
import type { RunHead } from "../../shared/pipeline/head.ts";
import { httpTable } from "../../shared/store/dynamo-http.ts";
import { dynamoStore } from "../../shared/store/dynamo-store.ts";
import { sdkTable } from "../../shared/store/dynamo-table.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import {
  BadCursorError,
  type DeliveryRecord,
  type Page,
  type Store,
} from "../../shared/store/stream-store.ts";
import { type Database, deployedTable, startDatabase } from "./table.ts";

const properties = deployedTable();
let database: Database;
let tables = 0;

beforeAll(async () => {
  database = await startDatabase(properties);
});
afterAll(() => database.close());

async function dynamo(): Promise<Store> {
  tables += 1;
  await database.createTable(`tandem-${tables}`);
  return dynamoStore(sdkTable(database.client, `tandem-${tables}`));
}

/** As the webhook's function reaches it. */
async function signed(): Promise<Store> {
  tables += 1;
  await database.createTable(`tandem-${tables}`);
  const credentials = () => ({ accessKeyId: "test", secretAccessKey: "test" });
  const post = awsRequest({ region: "us-east-1", endpoint: database.url, credentials, now: Date.now });
  return dynamoStore(httpTable(`tandem-${tables}`, post));
}

function head(runId: string, change: Partial<RunHead> = {}): RunHead {
  return {
    runId,
    pipeline: "hello",
    sequence: 1,
    version: 1,
    status: "building",
    commit: "c".repeat(40),
    ref: "refs/heads/main",
    startedAt: 1_000,
    updatedAt: 1_000,
    active: true,
    ...change,
  };
}

/** Every page, and how many there were. */
async function all<T>(
  next: (cursor: { cursor?: string }) => Promise<Page<T>>,
): Promise<{ items: T[]; pages: number }> {
  const items: T[] = [];
  let page = await next({});
  let pages = 1;
  items.push(...page.items);
  while (page.cursor !== undefined) {
    page = await next({ cursor: page.cursor });
    items.push(...page.items);
    pages += 1;
  }
  return { items, pages };
}

describe.each([
  ["in memory", async () => memoryStore()],
  ["in DynamoDB", dynamo],
  ["in DynamoDB without the SDK", signed],
])("a store %s", (_where, open) => {
  describe("streams", () => {
    test("a stream that does not exist has version 0, no events and no state", async () => {
      const { streams } = await open();
      expect(await streams.load("run#none")).toEqual({ version: 0, events: [] });
      expect(await streams.last("run#none")).toEqual({ version: 0, state: undefined });
    });

    test("events come back in the order they were appended, several of one append too", async () => {
      const { streams } = await open();
      for (let version = 0; version < 12; version += 1) {
        expect(await streams.append("run#a", version, [{ n: 2 * version }, { n: 2 * version + 1 }])).toBe(
          true,
        );
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

  describe("intake", () => {
    const run = (text: string) => ({ type: "run", run: { text } }) as const;
    const NONE = { type: "none" } as const;

    test("numbers begin at 1 for each pipeline, and many at once are all different", async () => {
      const { intake } = await open();
      expect([await intake.draw("a"), await intake.draw("a"), await intake.draw("b")]).toEqual([1, 2, 1]);
      const drawn = await Promise.all(Array.from({ length: 30 }, () => intake.draw("a")));
      expect([...drawn].sort((x, y) => x - y)).toEqual(Array.from({ length: 30 }, (_, n) => n + 3));
    });

    test("a number is written to once: of ten writers exactly one wins", async () => {
      const { intake } = await open();
      const won = await Promise.all(
        Array.from({ length: 10 }, (_, n) => intake.put("a", 1, n % 2 === 0 ? run(`${n}`) : NONE, 1_000)),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      const winner = won.indexOf(true);
      expect(await intake.find("a", 1)).toEqual(winner % 2 === 0 ? run(`${winner}`) : NONE);
    });

    test("where nothing stands there is nothing, not even a number that has been drawn", async () => {
      const { intake } = await open();
      await intake.draw("a");
      expect(await intake.find("a", 1)).toBeUndefined();
      expect(await intake.after("a", 0, 10)).toEqual([]);
    });

    test("what comes after a number is in order, without gaps filled in, and no more than asked for", async () => {
      const { intake } = await open();
      for (let n = 0; n < 12; n += 1) await intake.draw("a");
      for (const sequence of [10, 3, 12, 2, 9]) await intake.put("a", sequence, run(`${sequence}`), 1_000);
      await intake.put("a", 4, NONE, 1_000);
      await intake.put("a-b", 5, run("another pipeline's"), 1_000);
      const numbers = async (after: number, limit: number) =>
        (await intake.after("a", after, limit)).map(({ sequence, slot }) => `${sequence} ${slot.type}`);
      expect(await numbers(0, 100)).toEqual(["2 run", "3 run", "4 none", "9 run", "10 run", "12 run"]);
      expect(await numbers(3, 2)).toEqual(["4 none", "9 run"]);
      expect(await numbers(12, 100)).toEqual([]);
      expect((await intake.after("a", 9, 1))[0]?.slot).toEqual(run("10"));
    });
  });

  describe("heads", () => {
    test("a newer head replaces an older one, and never the other way round", async () => {
      const { heads } = await open();
      await heads.put(head("a", { version: 3, status: "publishing" }));
      await heads.put(head("a", { version: 2, status: "building" }));
      await heads.put(head("a", { version: 3, status: "building" }));
      expect((await heads.list({ limit: 10 })).items).toEqual([
        head("a", { version: 3, status: "publishing" }),
      ]);
      await heads.put(head("a", { version: 4, status: "staging", stage: "production" }));
      expect((await heads.list({ limit: 10 })).items).toEqual([
        head("a", { version: 4, status: "staging", stage: "production" }),
      ]);
    });

    test("the newest runs come first", async () => {
      const { heads } = await open();
      for (const startedAt of [5_000, 999, 1_000_000, 7_000])
        await heads.put(head(`at-${startedAt}`, { startedAt }));
      const { items } = await heads.list({ limit: 10 });
      expect(items.map(({ startedAt }) => startedAt)).toEqual([1_000_000, 7_000, 5_000, 999]);
    });

    test("pages have no gaps and no doubles, not even among runs of one instant or while runs are added", async () => {
      const { heads } = await open();
      for (let n = 0; n < 23; n += 1)
        await heads.put(head(`run-${n}`, { startedAt: 1_000 + Math.floor(n / 5) }));
      const { items: before } = await heads.list({ limit: 100 });
      let added = 0;
      const { items, pages } = await all(async (cursor) => {
        const page = await heads.list({ limit: 7, ...cursor });
        added += 1;
        await heads.put(head(`later-${added}`, { startedAt: 9_000 + added }));
        return page;
      });
      expect(items).toEqual(before);
      expect(new Set(items.map(({ runId }) => runId)).size).toBe(23);
      expect(pages).toBe(4);
    });

    test("the runs of one pipeline are a list of their own, with its own pages", async () => {
      const { heads } = await open();
      for (let n = 0; n < 9; n += 1) {
        const pipeline = n % 3 === 0 ? "web" : "hello";
        await heads.put(head(`${pipeline}-${n}`, { pipeline, startedAt: 1_000 + n }));
      }
      const { items, pages } = await all((cursor) => heads.list({ limit: 2, pipeline: "web", ...cursor }));
      expect(items.map(({ runId }) => runId)).toEqual(["web-6", "web-3", "web-0"]);
      expect(pages).toBe(2);
      expect(await heads.list({ limit: 2, pipeline: "moon" })).toEqual({ items: [] });
    });

    test("only runs that can still change are active", async () => {
      const { heads } = await open();
      await heads.put(head("a"));
      await heads.put(head("b"));
      await heads.put(head("c", { active: false, status: "succeeded" }));
      await heads.put(head("b", { version: 2, active: false, status: "failed" }));
      expect(await heads.active({})).toEqual({ items: ["a"] });
      expect((await heads.list({ limit: 10 })).items).toHaveLength(3);
    });

    test("a hundred active runs and more come in pages", async () => {
      const { heads } = await open();
      const ids = Array.from({ length: 130 }, (_, n) => `run-${String(n).padStart(3, "0")}`);
      await Promise.all(ids.map((id) => heads.put(head(id))));
      const { items, pages } = await all((cursor) => heads.active(cursor));
      expect([...items].sort()).toEqual(ids);
      expect(pages).toBe(2);
    });

    test.each([
      ["no cursor at all", "x"],
      ["an empty one", ""],
      ["JSON of something else", Buffer.from('{"pk":"run#a"}').toString("base64url")],
      [
        "a key that is no run's",
        Buffer.from('{"pk":"a","sk":1,"listPk":"x","listSk":"y"}').toString("base64url"),
      ],
    ])("a bad cursor is an error of its own: %s", async (_what, cursor) => {
      const { heads } = await open();
      await heads.put(head("a"));
      await expect(heads.list({ limit: 5, cursor })).rejects.toThrow(BadCursorError);
      await expect(heads.active({ cursor })).rejects.toThrow(
        "the cursor is not one that a page of runs gave",
      );
    });
  });

  describe("deliveries", () => {
    const delivery: DeliveryRecord = {
      id: "event-1",
      repository: "hello",
      commit: "c".repeat(40),
      ref: "refs/heads/main",
      trigger: "push",
      pipeline: "hello",
      at: 1_000,
      outcome: { runId: "hello-1" },
    };

    test("the first record of a delivery stays", async () => {
      const { deliveries } = await open();
      expect(await deliveries.find(delivery)).toBeUndefined();
      expect(await deliveries.record(delivery)).toEqual(delivery);
      const second = { ...delivery, at: 2_000, outcome: { ignored: "late" } };
      expect(await deliveries.record(second)).toEqual(delivery);
      expect(await deliveries.find(delivery)).toEqual(delivery);
    });

    test("each pipeline has a record of its own", async () => {
      const { deliveries } = await open();
      await deliveries.record(delivery);
      await deliveries.record({ ...delivery, pipeline: "other", outcome: { ignored: "follows no branch" } });
      expect((await deliveries.find({ ...delivery, pipeline: "other" }))?.outcome).toEqual({
        ignored: "follows no branch",
      });
      expect((await deliveries.find(delivery))?.outcome).toEqual({ runId: "hello-1" });
    });

    test("a commit's deliveries are found together, whatever told of it, the oldest first", async () => {
      const { deliveries } = await open();
      const same = { ...delivery, outcome: { ignored: "it has its run already" } };
      const all: readonly DeliveryRecord[] = [
        delivery,
        { ...same, at: 1_001, id: "event-2" },
        { ...same, at: 1_002, pipeline: "other" },
        { ...same, at: 1_003, repository: "acme/hello", ref: "refs/tags/v1", trigger: "release" },
      ];
      for (const one of [...all].reverse()) await deliveries.record(one);
      await deliveries.record({ ...delivery, commit: "d".repeat(40) });
      expect(await deliveries.ofCommit(delivery.commit)).toEqual(all);
      expect(await deliveries.ofCommit("e".repeat(40))).toEqual([]);
    });

    test("of many deliveries of one commit none is left out", async () => {
      const { deliveries } = await open();
      const many = Array.from({ length: 60 }, (_, n) => ({ ...delivery, id: `event-${n}`, at: n }));
      const long = { ignored: "x".repeat(20_000) };
      await Promise.all(many.map((one) => deliveries.record({ ...one, outcome: long })));
      expect((await deliveries.ofCommit(delivery.commit)).map(({ id }) => id)).toEqual(
        many.map(({ id }) => id),
      );
    });
  });
});

describe("only in DynamoDB", () => {
  test("deliveries and what stands at numbers expire after 35 days, by the table's TTL attribute in seconds; streams and heads never do", async () => {
    const store = await dynamo();
    const at = Date.UTC(2026, 10, 21);
    const key = {
      id: "e",
      repository: "r",
      commit: "c",
      pipeline: "p",
      ref: "refs/heads/main",
      trigger: "push",
    };
    await store.deliveries.record({ ...key, at, outcome: { ignored: "x" } });
    await store.streams.append("run#a", 0, ["e"]);
    await store.heads.put(head("a"));
    await store.intake.put("hello", 1, { type: "run", run: {} }, at);
    const ttl = properties.TimeToLiveSpecification;
    const read = (pk: string) => item(database.client, `tandem-${tables}`, pk);
    expect(ttl.Enabled).toBe(true);
    expect((await read("commit#c"))[ttl.AttributeName]).toBe(Date.UTC(2026, 11, 26) / 1000);
    expect((await read("intake#hello"))[ttl.AttributeName]).toBe(Date.UTC(2026, 11, 26) / 1000);
    expect(await read("run#a")).not.toHaveProperty(ttl.AttributeName);
    expect(await read("head#a")).not.toHaveProperty(ttl.AttributeName);
  });
});

/** The one item of a partition. */
async function item(client: DynamoDBClient, table: string, pk: string): Promise<Record<string, unknown>> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: marshall({ ":pk": pk }),
    }),
  );
  const [only, ...others] = Items;
  if (only === undefined || others.length > 0) throw new Error(`there are ${Items.length} items ${pk}`);
  return unmarshall(only);
}
