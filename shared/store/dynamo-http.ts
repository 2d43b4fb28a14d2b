import { increase, keyCondition, numberOf } from "./dynamo-expressions.ts";
import type { DynamoTable, Item } from "./dynamo-table.ts";

/** A signed POST request to AWS; rejects when there is no answer. */
export type SignedPost = (request: {
  /** As the endpoint and the signature name it: `dynamodb`. */
  readonly service: string;
  /** `/` when left out. */
  readonly path?: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds. */
  readonly timeout: number;
}) => Promise<SignedAnswer>;

export interface SignedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** An answer of DynamoDB that is an error; `name` is its documented name. */
export class DynamoError extends Error {
  constructor(name: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = name;
  }
}

/** What is worth another try; a lost connection counts as an internal error. */
const RETRIED = [
  "ThrottlingException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "InternalServerError",
];
const ATTEMPTS = 4;

/** Milliseconds for one attempt. */
const LIMIT = 2_000;

/**
 * The table over signed HTTP, without the AWS SDK: for functions that must load in a few milliseconds. Four operations of
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/; strings, numbers, booleans and maps of them.
 */
export function httpTable(TableName: string, post: SignedPost): DynamoTable {
  const call = caller(post);
  return {
    async get(key) {
      const { Item } = await call("GetItem", { TableName, Key: marshall(key), ConsistentRead: true });
      return Item === undefined ? undefined : unmarshall(Item);
    },

    async putIf(item, condition, values) {
      try {
        await call("PutItem", {
          TableName,
          Item: marshall(item),
          ConditionExpression: condition,
          ...(values === undefined ? {} : { ExpressionAttributeValues: marshall(values) }),
        });
        return true;
      } catch (error) {
        if (error instanceof DynamoError && error.name === "ConditionalCheckFailedException") return false;
        throw error;
      }
    },

    async increment(key, attribute) {
      const { Attributes } = await call("UpdateItem", {
        TableName,
        Key: marshall(key),
        ...increase(attribute),
      });
      return numberOf(unmarshall(Attributes)[attribute]);
    },

    async query({ index, attribute, value, after, newestFirst = false, limit, from }) {
      const { Items, LastEvaluatedKey } = await call("Query", {
        TableName,
        ...keyCondition(attribute, after),
        ExpressionAttributeValues: marshall({ ":value": value, ":after": after }),
        ScanIndexForward: !newestFirst,
        ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(from === undefined ? {} : { ExclusiveStartKey: marshall(from) }),
      });
      const items = Array.isArray(Items) ? Items.map(unmarshall) : [];
      return { items, ...(LastEvaluatedKey === undefined ? {} : { last: unmarshall(LastEvaluatedKey) }) };
    },
  };
}

type Call = (operation: string, input: Item) => Promise<Item>;

/** Sends, and tries again what is worth it, after 50, 100 and 200 ms. */
function caller(post: SignedPost): Call {
  return async (operation, input) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(post, operation, input);
      if (!(answer instanceof DynamoError)) return answer;
      if (attempt === ATTEMPTS || !RETRIED.includes(answer.name)) throw answer;
      await new Promise((resolve) => setTimeout(resolve, 25 * 2 ** attempt));
    }
  };
}

async function send(post: SignedPost, operation: string, input: Item): Promise<Item | DynamoError> {
  let status: number;
  let answer: unknown;
  try {
    const response = await post({
      service: "dynamodb",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `DynamoDB_20120810.${operation}`,
      },
      body: JSON.stringify(input),
      timeout: LIMIT,
    });
    status = response.status;
    answer = JSON.parse(response.body);
  } catch (cause) {
    return new DynamoError("InternalServerError", `${operation}: no answer of DynamoDB`, cause);
  }
  const fields = isRecord(answer) ? answer : {};
  if (status === 200) return fields;
  const type = typeof fields.__type === "string" ? fields.__type : "InternalServerError";
  const said = fields.message ?? fields.Message;
  const message = typeof said === "string" ? said : `DynamoDB answered ${status}`;
  return new DynamoError(type.split("#").at(-1) ?? type, `${operation}: ${message}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function marshall(item: Item): Item {
  return Object.fromEntries(
    Object.entries(item).flatMap(([name, value]) => (value === undefined ? [] : [[name, attribute(value)]])),
  );
}

function attribute(value: unknown): unknown {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (isRecord(value)) return { M: marshall(value) };
  throw new TypeError(`the table keeps strings, numbers, booleans and maps, not ${typeof value}`);
}

function unmarshall(item: unknown): Item {
  if (!isRecord(item)) return {};
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (!isRecord(value)) return undefined;
  if ("S" in value) return value.S;
  if ("N" in value) return Number(value.N);
  if ("BOOL" in value) return value.BOOL;
  return "M" in value ? unmarshall(value.M) : undefined;
}
