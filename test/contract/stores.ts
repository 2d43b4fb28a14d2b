import { afterAll, beforeAll } from "@jest/globals";
import { awsRequest } from "../../functions/aws-request.ts";
import type { RunHead } from "../../shared/pipeline/head.ts";
import { httpTable } from "../../shared/store/dynamo-http.ts";
import { dynamoStore } from "../../shared/store/dynamo-store.ts";
import { sdkTable } from "../../shared/store/dynamo-table.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { type Database, deployedTable, startDatabase } from "./table.ts";

/**
 * The three stores that keep one contract: in memory, in DynamoDB by the SDK, and as the webhook's function reaches it. To be
 * called once in a file: the database runs as long as its tests.
 */
export function openStores() {
  const properties = deployedTable();
  let database: Database;
  let tables = 0;
  beforeAll(async () => {
    database = await startDatabase(properties);
  });
  afterAll(() => database.close());

  const created = async (): Promise<string> => {
    tables += 1;
    const name = `tandem-${tables}`;
    await database.createTable(name);
    return name;
  };
  const dynamo = async (): Promise<Store> => dynamoStore(sdkTable(database.client, await created()));
  const signed = async (): Promise<Store> => {
    const credentials = () => ({ accessKeyId: "test", secretAccessKey: "test" });
    const post = awsRequest({ region: "us-east-1", endpoint: database.url, credentials, now: Date.now });
    return dynamoStore(httpTable(await created(), post));
  };
  const each: readonly (readonly [string, () => Promise<Store>])[] = [
    ["in memory", async () => memoryStore()],
    ["in DynamoDB", dynamo],
    ["in DynamoDB without the SDK", signed],
  ];
  return {
    each,
    properties,
    /** A table with a store over it. */
    table: async () => {
      const name = await created();
      return { name, client: database.client, store: dynamoStore(sdkTable(database.client, name)) };
    },
  };
}

/** A run's head, as lists show it. */
export function head(runId: string, change: Partial<RunHead> = {}): RunHead {
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
