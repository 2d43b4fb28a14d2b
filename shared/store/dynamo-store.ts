import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { z } from "zod";
import type { RunHead } from "../pipeline/head.ts";
import {
  BadCursorError,
  type Deliveries,
  type DeliveryRecord,
  type Page,
  type RunHeads,
  type Snapshot,
  type Store,
  type Stream,
  type StreamStore,
} from "./stream-store.ts";

/**
 * The store in one DynamoDB table: `pk`, `sk`; a global index `runs` (`listPk`, `listSk`) over all heads by age, and a sparse one
 * `active` (`activePk`, `pk`) over those that can still change. `expiresAt` is the table's TTL attribute.
 */
export function dynamoStore(client: DynamoDBClient, table: string): Store {
  return {
    streams: streams(client, table),
    heads: heads(client, table),
    deliveries: deliveries(client, table),
  };
}

const ACTIVE_PAGE = 100;
const DELIVERY_DAYS = 35;

const item = z.object({ sk: z.number(), events: z.string(), state: z.string().optional() });

/** Writes an item under a condition; false when the condition did not hold. */
async function putIf(client: DynamoDBClient, input: PutItemCommandInput): Promise<boolean> {
  try {
    await client.send(new PutItemCommand(input));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function streams(client: DynamoDBClient, table: string): StreamStore {
  return {
    async load(stream): Promise<Stream> {
      const events: unknown[] = [];
      let version = 0;
      let start: Record<string, AttributeValue> | undefined;
      do {
        const page: QueryCommandOutput = await client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: "pk = :pk",
            ExpressionAttributeValues: marshall({ ":pk": stream }),
            ConsistentRead: true,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        for (const raw of page.Items ?? []) {
          const { sk, events: text } = item.parse(unmarshall(raw));
          version = sk;
          events.push(...z.array(z.unknown()).parse(JSON.parse(text)));
        }
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
      return { version, events };
    },

    async last(stream): Promise<Snapshot> {
      const { Items } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: marshall({ ":pk": stream }),
          ConsistentRead: true,
          ScanIndexForward: false,
          Limit: 1,
        }),
      );
      const raw = Items?.[0];
      if (raw === undefined) return { version: 0, state: undefined };
      const { sk, state } = item.parse(unmarshall(raw));
      return { version: sk, state: state === undefined ? undefined : JSON.parse(state) };
    },

    append(stream, expectedVersion, events, state) {
      return putIf(client, {
        TableName: table,
        Item: marshall(
          {
            pk: stream,
            sk: expectedVersion + 1,
            events: JSON.stringify(events),
            ...(state === undefined ? {} : { state: JSON.stringify(state) }),
          },
          { removeUndefinedValues: true },
        ),
        ConditionExpression: "attribute_not_exists(pk)",
      });
    },
  };
}

const head = z.object({
  runId: z.string(),
  pipeline: z.string(),
  sequence: z.number(),
  version: z.number(),
  status: z.string(),
  stage: z.string().optional(),
  commit: z.string(),
  ref: z.string(),
  startedAt: z.number(),
  updatedAt: z.number(),
  active: z.boolean(),
});

function heads(client: DynamoDBClient, table: string): RunHeads {
  return {
    async put(value) {
      await putIf(client, {
        TableName: table,
        Item: marshall(
          {
            ...value,
            pk: `head#${value.runId}`,
            sk: 0,
            listPk: "runs",
            listSk: `${String(value.startedAt).padStart(15, "0")}#${value.runId}`,
            ...(value.active ? { activePk: "active" } : {}),
          },
          { removeUndefinedValues: true },
        ),
        ConditionExpression: "attribute_not_exists(pk) OR version < :version",
        ExpressionAttributeValues: marshall({ ":version": value.version }),
      });
    },

    async list({ limit, cursor }) {
      const page = await query(client, table, "runs", { limit, cursor, newestFirst: true });
      return { ...page, items: page.items.map((raw): RunHead => compact(head.parse(raw))) };
    },

    async active({ cursor }) {
      const page = await query(client, table, "active", { limit: ACTIVE_PAGE, cursor, newestFirst: false });
      return { ...page, items: page.items.map((raw) => head.parse(raw).runId) };
    },
  };
}

function compact({ stage, ...rest }: z.infer<typeof head>): RunHead {
  return stage === undefined ? rest : { ...rest, stage };
}

/** The global indexes, each with the one value of its hash key, and with what a key in it consists of. */
const INDEXES = {
  runs: {
    attribute: "listPk",
    key: z.strictObject({ pk: z.string(), sk: z.literal(0), listPk: z.literal("runs"), listSk: z.string() }),
  },
  active: {
    attribute: "activePk",
    key: z.strictObject({ pk: z.string(), sk: z.literal(0), activePk: z.literal("active") }),
  },
} as const;

/** One page of a global index; the cursor is the key it ended at. */
async function query(
  client: DynamoDBClient,
  table: string,
  index: keyof typeof INDEXES,
  options: { readonly limit: number; readonly cursor: string | undefined; readonly newestFirst: boolean },
): Promise<Page<Record<string, unknown>>> {
  const { cursor } = options;
  const { Items, LastEvaluatedKey } = await client.send(
    new QueryCommand({
      TableName: table,
      IndexName: index,
      KeyConditionExpression: "#key = :value",
      ExpressionAttributeNames: { "#key": INDEXES[index].attribute },
      ExpressionAttributeValues: marshall({ ":value": index }),
      ScanIndexForward: !options.newestFirst,
      Limit: options.limit,
      ...(cursor === undefined ? {} : { ExclusiveStartKey: marshall(decodeCursor(index, cursor)) }),
    }),
  );
  return {
    items: (Items ?? []).map((raw) => unmarshall(raw)),
    ...(LastEvaluatedKey === undefined ? {} : { cursor: encodeCursor(unmarshall(LastEvaluatedKey)) }),
  };
}

function encodeCursor(key: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

function decodeCursor(index: keyof typeof INDEXES, cursor: string): Record<string, unknown> {
  try {
    return INDEXES[index].key.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch (cause) {
    throw new BadCursorError(cause);
  }
}

const record = z.object({
  id: z.string(),
  repository: z.string(),
  commit: z.string(),
  pipeline: z.string(),
  at: z.number(),
  outcome: z.union([z.object({ runId: z.string() }), z.object({ ignored: z.string() })]),
});

/** `sk` must be a number in this table, so a delivery's whole name is its `pk`. */
function deliveries(client: DynamoDBClient, table: string): Deliveries {
  const key = (of: Pick<DeliveryRecord, "repository" | "commit" | "pipeline" | "id">) =>
    `delivery#${of.repository}@${of.commit}#${of.pipeline}#${of.id}`;
  return {
    async find(of) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: marshall({ pk: key(of), sk: 0 }), ConsistentRead: true }),
      );
      return Item === undefined ? undefined : record.parse(unmarshall(Item));
    },
    async record(delivery) {
      await putIf(client, {
        TableName: table,
        Item: marshall({
          ...delivery,
          pk: key(delivery),
          sk: 0,
          expiresAt: Math.floor(delivery.at / 1000) + DELIVERY_DAYS * 86_400,
        }),
        ConditionExpression: "attribute_not_exists(pk)",
      });
    },
  };
}
