import { createRequire } from "node:module";
import database, { type Store } from "dynalite/db/index.js";
import validations from "dynalite/validations/index.js";
import { reasonOf } from "../errors.ts";
import { AwsError } from "../service.ts";

/** dynalite's operations by their DynamoDB names; the files have the same names with a small first letter. */
export const OPERATIONS = [
  "BatchGetItem",
  "BatchWriteItem",
  "CreateTable",
  "DeleteItem",
  "DeleteTable",
  "DescribeTable",
  "GetItem",
  "ListTables",
  "ListTagsOfResource",
  "PutItem",
  "Query",
  "Scan",
  "TagResource",
  "UntagResource",
  "UpdateItem",
  "UpdateTable",
] as const;

export type TableOperation = (typeof OPERATIONS)[number];

/** Those after which a table may be another one. */
const CHANGES_TABLES: ReadonlySet<string> = new Set(["CreateTable", "DeleteTable", "UpdateTable"]);

/** Those of items, which look the table up first, and only read what it is. */
const OF_ITEMS: ReadonlySet<string> = new Set(["DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]);

/** DynamoDB's tables in a folder. */
export interface Tables {
  /** @throws AwsError as DynamoDB documents it */
  run(operation: TableOperation, input: unknown): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

type Action = (store: unknown, input: unknown, done: (error: unknown, output: unknown) => void) => void;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const isAction = (value: unknown): value is Action => typeof value === "function";

/**
 * Opens (or makes) the tables that are kept in `folder`.
 * @throws Error naming the folder when it cannot be opened
 */
export async function openTables(folder: string): Promise<Tables> {
  const store = database.create({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  try {
    await store.db.open();
  } catch (error) {
    const { cause } = isRecord(error) ? error : { cause: undefined };
    throw new Error(
      `the DynamoDB tables in ${folder} cannot be opened (${reasonOf(cause ?? error)}): move that folder away or use another --state`,
      { cause: error },
    );
  }
  const actions = new Map(OPERATIONS.map((name) => [name, loadOperation(name)]));
  const known = rememberingTables(store);
  return {
    run: async (operation, input) => {
      const { action, types, custom } = actions.get(operation) ?? loadOperation(operation);
      const used = OF_ITEMS.has(operation) ? known.store : store;
      try {
        // The validation edits what it is given, and the caller may still hold it.
        const checked = validations.checkTypes(structuredClone(input), types);
        validations.checkValidations(checked, types, custom, store);
        const forget = () => {
          if (CHANGES_TABLES.has(operation)) known.forget();
        };
        forget();
        return await new Promise((resolve, reject) => {
          action(used, checked, (error, output) => {
            forget();
            if (error) reject(error);
            else resolve(isRecord(output) ? output : {});
          });
        });
      } catch (error) {
        throw asAwsError(error);
      }
    },
    close: () => store.db.close(),
  };
}

/**
 * dynalite reads the table's description from the disk for each operation, which is as much work as reading the item: one that
 * is ACTIVE is read once, until a table is changed.
 */
function rememberingTables(store: Store): { readonly store: Store; forget(): void } {
  let active = new Map<string, Readonly<Record<string, unknown>>>();
  return {
    store: Object.assign(Object.create(store), {
      getTable: (name: string, done: (error: unknown, table?: unknown) => void) => {
        // What is still being read when a table changes goes into a map that is forgotten.
        const into = active;
        const found = into.get(name);
        if (found !== undefined) return done(null, found);
        store.getTable(name, true, (error, table) => {
          if (!error && isRecord(table) && table.TableStatus === "ACTIVE") into.set(name, table);
          done(error, table);
        });
      },
    }),
    forget: () => {
      active = new Map();
    },
  };
}

function loadOperation(name: TableOperation): { action: Action; types: unknown; custom: unknown } {
  const load = createRequire(import.meta.url);
  const file = name.charAt(0).toLowerCase() + name.slice(1);
  const action: unknown = load(`dynalite/actions/${file}`);
  const validation: unknown = load(`dynalite/validations/${file}`);
  if (!isAction(action) || !isRecord(validation)) throw new Error(`dynalite has no operation ${name}`);
  return { action, types: validation.types, custom: validation.custom };
}

/** dynalite's errors carry the HTTP status and the body that DynamoDB would send. */
function asAwsError(error: unknown): unknown {
  if (!isRecord(error) || typeof error.statusCode !== "number" || !isRecord(error.body)) return error;
  const { __type: code, message, Message } = error.body;
  return new AwsError(String(code), String(message ?? Message ?? ""), error.statusCode);
}
