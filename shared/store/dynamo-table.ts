import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { increase, keyCondition, numberOf } from "./dynamo-expressions.ts";

/** A plain item: DynamoDB's attribute types are the adapters' affair. */
export type Item = Readonly<Record<string, unknown>>;

/** The index's hash key and its value; the table's own hash key is `pk`. */
export interface TableQuery {
  readonly index?: string;
  readonly attribute: string;
  readonly value: string;
  /** Only what has a greater `sk`. */
  readonly after?: number;
  readonly newestFirst?: boolean;
  readonly limit?: number;
  readonly from?: Item;
}

/** What the store asks of its table; reads of the table itself are strongly consistent. */
export interface DynamoTable {
  get(key: Item): Promise<Item | undefined>;
  /** Writes an item under a condition; false when the condition did not hold. */
  putIf(item: Item, condition: string, values?: Item): Promise<boolean>;
  /** Adds one to a number of an item, which begins at 0; the item is made when there is none. Returns the sum. */
  increment(key: Item, attribute: string): Promise<number>;
  query(query: TableQuery): Promise<{ readonly items: readonly Item[]; readonly last?: Item }>;
}

/** The table through the AWS SDK. */
export function sdkTable(client: DynamoDBClient, table: string): DynamoTable {
  return {
    async get(key) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: marshall(key), ConsistentRead: true }),
      );
      return Item === undefined ? undefined : unmarshall(Item);
    },

    async putIf(item, condition, values) {
      try {
        await client.send(
          new PutItemCommand({
            TableName: table,
            Item: marshall(item, { removeUndefinedValues: true }),
            ConditionExpression: condition,
            ...(values === undefined ? {} : { ExpressionAttributeValues: marshall(values) }),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },

    async increment(key, attribute) {
      const { Attributes = {} } = await client.send(
        new UpdateItemCommand({ TableName: table, Key: marshall(key), ...increase(attribute) }),
      );
      return numberOf(unmarshall(Attributes)[attribute]);
    },

    async query({ index, attribute, value, after, newestFirst = false, limit, from }) {
      const { Items, LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: table,
          ...keyCondition(attribute, after),
          ExpressionAttributeValues: marshall({
            ":value": value,
            ...(after === undefined ? {} : { ":after": after }),
          }),
          ScanIndexForward: !newestFirst,
          ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
          ...(limit === undefined ? {} : { Limit: limit }),
          ...(from === undefined ? {} : { ExclusiveStartKey: marshall(from) }),
        }),
      );
      return {
        items: (Items ?? []).map((item) => unmarshall(item)),
        ...(LastEvaluatedKey === undefined ? {} : { last: unmarshall(LastEvaluatedKey) }),
      };
    },
  };
}
