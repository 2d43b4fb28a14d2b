import { BatchWriteItemCommand, type WriteRequest } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { headOf } from "../../shared/pipeline/view.ts";
import { dynamoStore } from "../../shared/store/dynamo-store.ts";
import { type DynamoTable, type Item, sdkTable } from "../../shared/store/dynamo-table.ts";
import type { Page, Store } from "../../shared/store/stream-store.ts";
import { definition, runAfter, started, T0 } from "../pipeline/given.ts";
import { type Database, deployedTable, startDatabase } from "./table.ts";

/** The figure's own number; `TANDEM_TEST_RUNS=1000` is for the impatient. */
const RUNS = Number(process.env.TANDEM_TEST_RUNS ?? 10_000);
const PIPELINES = ["hello", "web", "api", "worker"];
const LIMIT = 50;

let database: Database;
let store: Store;
/** Capacity units of each query, in order. */
const units: number[] = [];

/** The item that the store keeps of a head. */
async function itemOf(n: number): Promise<Item> {
  const kept: Item[] = [];
  const unexpected = async () => {
    throw new Error("only putIf is expected here");
  };
  const table: DynamoTable = {
    get: unexpected,
    increment: unexpected,
    query: unexpected,
    putIf: async (item) => {
      kept.push(item);
      return true;
    },
  };
  const name = PIPELINES[n % PIPELINES.length] ?? "hello";
  const run = started({ runId: `${name}-${n}`, sequence: n, at: T0 + n, definition: definition({ name }) });
  await dynamoStore(table).heads.put(headOf(runAfter(run), 1));
  const [item] = kept;
  if (item === undefined) throw new Error("the store kept nothing");
  return item;
}

beforeAll(async () => {
  database = await startDatabase(deployedTable());
  await database.createTable("runs");
  const writes: WriteRequest[] = [];
  const first = await itemOf(0);
  for (let n = 0; n < RUNS; n += 1) {
    const name = PIPELINES[n % PIPELINES.length] ?? "hello";
    const id = `${name}-${n}`;
    const listSk = `${String(T0 + n).padStart(15, "0")}#${id}`;
    const item = {
      ...first,
      pk: `head#${id}`,
      runId: id,
      pipeline: name,
      sequence: n,
      startedAt: T0 + n,
      listSk,
    };
    writes.push({ PutRequest: { Item: marshall(item, { removeUndefinedValues: true }) } });
  }
  expect(await itemOf(3)).toMatchObject({
    pk: "head#worker-3",
    pipeline: "worker",
    listSk: expect.stringMatching(/#worker-3$/),
  });
  for (let at = 0; at < RUNS; at += 25)
    await database.client.send(
      new BatchWriteItemCommand({ RequestItems: { runs: writes.slice(at, at + 25) } }),
    );
  const table = sdkTable(database.client, "runs");
  database.client.middlewareStack.add(
    (next) => async (args) => next({ ...args, input: { ...args.input, ReturnConsumedCapacity: "TOTAL" } }),
    { step: "initialize", name: "count" },
  );
  database.client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { output } = result;
      if ("ConsumedCapacity" in output && isCapacity(output.ConsumedCapacity))
        units.push(output.ConsumedCapacity.CapacityUnits);
      return result;
    },
    { step: "initialize", name: "read" },
  );
  store = dynamoStore(table);
}, 240_000);
afterAll(() => database.close());

const isCapacity = (value: unknown): value is { readonly CapacityUnits: number } =>
  typeof value === "object" &&
  value !== null &&
  "CapacityUnits" in value &&
  typeof value.CapacityUnits === "number";

test.each([
  ["all runs", {}, RUNS],
  ["those of one pipeline", { pipeline: "web" }, RUNS / PIPELINES.length],
])(
  "a page of runs costs the same wherever it is: %s",
  async (_what, of, expected) => {
    units.length = 0;
    let seen = 0;
    let cursor: string | undefined;
    do {
      const page: Page<unknown> = await store.heads.list({
        limit: LIMIT,
        ...of,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen += page.items.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toBe(expected);
    const full = units.slice(0, expected / LIMIT);
    expect(full).toHaveLength(expected / LIMIT);
    // Half a unit for each 4 KB, as an index is read: 50 heads are some 17 KB.
    expect(new Set(full).size).toBe(1);
    expect(full[0]).toBeLessThanOrEqual(3);
  },
  120_000,
);
