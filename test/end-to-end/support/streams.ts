import type { AwsClients } from "./clients.ts";

/** Every item of Tandem's table, as DynamoDB has it, sorted: what is stored about everything. */
export async function tableItems({
  dynamoDb,
}: AwsClients): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { TableNames = [] } = await dynamoDb.listTables({});
  const [TableName] = TableNames;
  if (TableName === undefined || TableNames.length > 1) throw new Error(`tables: ${TableNames.join(", ")}`);
  const { Items = [], LastEvaluatedKey } = await dynamoDb.scan({ TableName, ConsistentRead: true });
  if (LastEvaluatedKey !== undefined) throw new Error("more than a page of items");
  const plain = Items.map((item) =>
    Object.fromEntries(Object.entries(item).map(([name, value]) => [name, Object.values(value)[0]])),
  );
  const key = (item: Readonly<Record<string, unknown>>) => `${item.pk} ${String(item.sk).padStart(6, "0")}`;
  return plain.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The versions of every stream: `run#hello-1` → 12. */
export function versionsOf(
  items: readonly Readonly<Record<string, unknown>>[],
): Readonly<Record<string, number>> {
  const versions: Record<string, number> = {};
  for (const { pk, sk, events } of items) {
    if (events !== undefined) versions[String(pk)] = Math.max(versions[String(pk)] ?? 0, Number(sk));
  }
  return versions;
}
