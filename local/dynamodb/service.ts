import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ApplyResource,
  AwsError,
  type LocalContext,
  type LocalService,
  type Operation,
} from "../service.ts";
import { OPERATIONS, openTables, type Tables } from "./tables.ts";
import { openTimeToLive } from "./time-to-live.ts";

/** How often a new table is looked at until it is ACTIVE; dynalite needs one turn of the event loop. */
const MAX_LOOKS = 1_000;

/** DynamoDB: dynalite's tables, kept in the state folder. */
export async function createDynamoDb(context: LocalContext): Promise<LocalService> {
  const folder = join(context.stateDir, "dynamodb");
  await mkdir(folder, { recursive: true });
  const tables = await openTables(join(folder, "tables"));
  const timeToLive = await openTimeToLive(join(folder, "time-to-live.json"), tables);
  const operations: Record<string, Operation> = { ...timeToLive.operations };
  for (const name of OPERATIONS) operations[name] = (input) => tables.run(name, input);
  return {
    targetPrefix: "DynamoDB_20120810",
    jsonVersion: "1.0",
    operations,
    resources: { "AWS::DynamoDB::Table": applyTable(context, tables, timeToLive.set) },
    close: () => tables.close(),
  };
}

const describe = async (
  tables: Tables,
  name: string,
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  try {
    const { Table } = await tables.run("DescribeTable", { TableName: name });
    return typeof Table === "object" && Table !== null
      ? Object.fromEntries(Object.entries(Table))
      : undefined;
  } catch (error) {
    if (error instanceof AwsError && error.code.endsWith("ResourceNotFoundException")) return undefined;
    throw error;
  }
};

/** The members of a table's template that CreateTable knows by the same names. */
const CREATE_MEMBERS = [
  "AttributeDefinitions",
  "KeySchema",
  "BillingMode",
  "ProvisionedThroughput",
  "GlobalSecondaryIndexes",
  "LocalSecondaryIndexes",
];

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html */
function applyTable(
  context: LocalContext,
  tables: Tables,
  setTimeToLive: (table: string, specification: unknown) => Promise<void>,
): ApplyResource {
  return async ({ logicalId, properties }) => {
    const name = String(properties.TableName ?? logicalId);
    const wanted = Object.fromEntries(
      CREATE_MEMBERS.filter((member) => properties[member] !== undefined).map((member) => [
        member,
        numbered(properties[member]),
      ]),
    );
    const existing = await describe(tables, name);
    if (existing === undefined) {
      await tables.run("CreateTable", { TableName: name, ...wanted });
      await untilActive(tables, name);
    } else refuseOtherKeys(name, existing, wanted);
    if (properties.TimeToLiveSpecification !== undefined)
      await setTimeToLive(name, properties.TimeToLiveSpecification);
    return {
      ref: name,
      attributes: { Arn: `arn:aws:dynamodb:${context.region}:${context.accountId}:table/${name}` },
    };
  };
}

async function untilActive(tables: Tables, name: string): Promise<void> {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const table = await describe(tables, name);
    if (table?.TableStatus === "ACTIVE") return;
    await nextTurn();
  }
  throw new Error(`the DynamoDB table ${name} did not become ACTIVE`);
}

/** A template's numbers may be text; CreateTable takes numbers. */
function numbered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(numbered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name.endsWith("CapacityUnits") ? Number(member) : numbered(member),
    ]),
  );
}

/** CloudFormation would replace the table; here that would throw the user's data away. */
function refuseOtherKeys(
  name: string,
  existing: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): void {
  const keys = (schema: unknown): string =>
    (Array.isArray(schema) ? schema : [])
      .map((key: unknown) => JSON.stringify(key, ["AttributeName", "KeyType"]))
      .sort()
      .join();
  const indexes = (value: unknown): string =>
    (Array.isArray(value) ? value : [])
      .map(
        (index: { IndexName?: unknown; KeySchema?: unknown }) =>
          `${index.IndexName}:${keys(index.KeySchema)}`,
      )
      .sort()
      .join();
  const same =
    keys(existing.KeySchema) === keys(wanted.KeySchema) &&
    indexes(existing.GlobalSecondaryIndexes) === indexes(wanted.GlobalSecondaryIndexes);
  if (!same)
    throw new Error(
      `the DynamoDB table ${name} is kept with other keys or indexes than the template names: use another --state, or delete the table`,
    );
}
