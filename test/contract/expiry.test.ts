import { type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { expect, test } from "@jest/globals";
import { head, openStores } from "./stores.ts";

const { properties, table } = openStores();

test("deliveries, what stands at numbers, and streams that are kept for a while expire after 35 days, by the table's TTL attribute in seconds; other streams and heads never do", async () => {
  const { name, client, store } = await table();
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
  await store.streams.append("slack#a", 0, ["e"], undefined, at);
  await store.heads.put(head("a"));
  await store.intake.put("hello", 1, { type: "run", run: {} }, at);
  const ttl = properties.TimeToLiveSpecification;
  const read = (pk: string) => item(client, name, pk);
  expect(ttl.Enabled).toBe(true);
  expect((await read("commit#c"))[ttl.AttributeName]).toBe(Date.UTC(2026, 11, 26) / 1000);
  expect((await read("intake#hello"))[ttl.AttributeName]).toBe(Date.UTC(2026, 11, 26) / 1000);
  expect((await read("slack#a"))[ttl.AttributeName]).toBe(Date.UTC(2026, 11, 26) / 1000);
  expect(await read("run#a")).not.toHaveProperty(ttl.AttributeName);
  expect(await read("head#a")).not.toHaveProperty(ttl.AttributeName);
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
