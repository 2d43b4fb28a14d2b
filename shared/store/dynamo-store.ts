import { createHash } from "node:crypto";
import * as z from "zod/mini";
import type { RunHead } from "../pipeline/head.ts";
import { dynamoIntake } from "./dynamo-intake.ts";
import type { DynamoTable, Item } from "./dynamo-table.ts";
import { expiry } from "./expiry.ts";
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
 * The store in one DynamoDB table: `pk`, `sk`; global indexes `runs` (`listPk`, `listSk`) over all heads by age and
 * `pipelines` (`pipeline`, `listSk`) over those of each pipeline, and a sparse one `active` (`activePk`, `pk`) over those that can
 * still change. `expiresAt` is the table's TTL attribute.
 */
export function dynamoStore(table: DynamoTable): Store {
  return {
    streams: streams(table),
    intake: dynamoIntake(table),
    heads: heads(table),
    deliveries: deliveries(table),
  };
}

/** Two turns of the sweep, which looks at the clock between pages. */
const ACTIVE_PAGE = 16;
const NEW = "attribute_not_exists(pk)";

const item = z.object({ sk: z.number(), events: z.string(), state: z.optional(z.string()) });
const events = z.array(z.unknown());

function streams(table: DynamoTable): StreamStore {
  return {
    async load(stream): Promise<Stream> {
      const all: unknown[] = [];
      let version = 0;
      let from: Item | undefined;
      do {
        const page = await table.query({
          attribute: "pk",
          value: stream,
          ...(from === undefined ? {} : { from }),
        });
        for (const raw of page.items) {
          const { sk, events: text } = item.parse(raw);
          version = sk;
          all.push(...events.parse(JSON.parse(text)));
        }
        from = page.last;
      } while (from !== undefined);
      return { version, events: all };
    },

    async last(stream): Promise<Snapshot> {
      const { items } = await table.query({ attribute: "pk", value: stream, newestFirst: true, limit: 1 });
      if (items[0] === undefined) return { version: 0, state: undefined };
      const { sk, state } = item.parse(items[0]);
      return { version: sk, state: state === undefined ? undefined : JSON.parse(state) };
    },

    append(stream, expectedVersion, facts, state, at) {
      return table.putIf(
        {
          pk: stream,
          sk: expectedVersion + 1,
          events: JSON.stringify(facts),
          ...(state === undefined ? {} : { state: JSON.stringify(state) }),
          ...(at === undefined ? {} : { expiresAt: expiry(at) }),
        },
        NEW,
      );
    },
  };
}

const head = z.object({
  runId: z.string(),
  pipeline: z.string(),
  sequence: z.number(),
  version: z.number(),
  status: z.string(),
  stage: z.optional(z.string()),
  commit: z.string(),
  ref: z.string(),
  startedAt: z.number(),
  updatedAt: z.number(),
  active: z.boolean(),
});

function heads(table: DynamoTable): RunHeads {
  return {
    async put(value) {
      await table.putIf(
        {
          ...value,
          pk: `head#${value.runId}`,
          sk: 0,
          listPk: "runs",
          listSk: `${String(value.startedAt).padStart(15, "0")}#${value.runId}`,
          ...(value.active ? { activePk: "active" } : {}),
        },
        "attribute_not_exists(pk) OR version < :version",
        { ":version": value.version },
      );
    },

    async list({ limit, cursor, pipeline }) {
      const of = pipeline === undefined ? ALL_RUNS : { index: "pipelines" as const, value: pipeline };
      const page = await queryIndex(table, of, { limit, cursor, newestFirst: true });
      return { ...page, items: page.items.map((raw): RunHead => compact(head.parse(raw))) };
    },

    async active({ cursor }) {
      const page = await queryIndex(table, ACTIVE, { limit: ACTIVE_PAGE, cursor, newestFirst: false });
      return { ...page, items: page.items.map((raw) => head.parse(raw).runId) };
    },
  };
}

function compact({ stage, ...rest }: z.infer<typeof head>): RunHead {
  return stage === undefined ? rest : { ...rest, stage };
}

/** The global indexes, each with its hash key, and with what a key in it consists of. */
const INDEXES = {
  runs: {
    attribute: "listPk",
    key: z.strictObject({ pk: z.string(), sk: z.literal(0), listPk: z.literal("runs"), listSk: z.string() }),
  },
  pipelines: {
    attribute: "pipeline",
    key: z.strictObject({ pk: z.string(), sk: z.literal(0), pipeline: z.string(), listSk: z.string() }),
  },
  active: {
    attribute: "activePk",
    key: z.strictObject({ pk: z.string(), sk: z.literal(0), activePk: z.literal("active") }),
  },
} as const;

/** An index, and the value of its hash key. */
interface Part {
  readonly index: keyof typeof INDEXES;
  readonly value: string;
}

const ALL_RUNS: Part = { index: "runs", value: "runs" };
const ACTIVE: Part = { index: "active", value: "active" };

/** One page of a global index; the cursor is the key it ended at. */
async function queryIndex(
  table: DynamoTable,
  { index, value }: Part,
  options: { readonly limit: number; readonly cursor: string | undefined; readonly newestFirst: boolean },
): Promise<Page<Item>> {
  const { cursor, limit, newestFirst } = options;
  const { attribute } = INDEXES[index];
  const from = cursor === undefined ? {} : { from: decodeCursor({ index, value }, cursor) };
  const page = await table.query({ index, attribute, value, limit, newestFirst, ...from });
  return {
    items: page.items,
    ...(page.last === undefined
      ? {}
      : { cursor: Buffer.from(JSON.stringify(page.last)).toString("base64url") }),
  };
}

function decodeCursor({ index, value }: Part, cursor: string): Item {
  const { key, attribute } = INDEXES[index];
  let from: Item;
  try {
    from = key.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch (cause) {
    throw new BadCursorError(cause);
  }
  // DynamoDB refuses a key of another pipeline's list, in words for programmers.
  if (from[attribute] !== value) throw new BadCursorError();
  return from;
}

const record = z.object({
  id: z.string(),
  repository: z.string(),
  commit: z.string(),
  ref: z.string(),
  trigger: z.string(),
  pipeline: z.string(),
  at: z.number(),
  outcome: z.union([z.object({ runId: z.string() }), z.object({ ignored: z.string() })]),
});

type DeliveryKey = Pick<DeliveryRecord, "repository" | "commit" | "pipeline" | "id">;

/** A commit's deliveries stand together; which is which is a number, as `sk` is one in this table: 52 bits of a hash. */
function deliveryKey({ repository, commit, pipeline, id }: DeliveryKey): {
  readonly pk: string;
  readonly sk: number;
} {
  const hash = createHash("sha256")
    .update(JSON.stringify([repository, pipeline, id]))
    .digest("hex");
  return { pk: `commit#${commit}`, sk: Number.parseInt(hash.slice(0, 13), 16) };
}

function deliveries(table: DynamoTable): Deliveries {
  const find: Deliveries["find"] = async (of) => {
    const found = await table.get(deliveryKey(of));
    return found === undefined ? undefined : record.parse(found);
  };
  return {
    find,

    async record(delivery) {
      const item = { ...delivery, ...deliveryKey(delivery), expiresAt: expiry(delivery.at) };
      const isFirst = await table.putIf(item, NEW);
      return isFirst ? delivery : ((await find(delivery)) ?? delivery);
    },

    async ofCommit(commit) {
      const all: DeliveryRecord[] = [];
      let from: Item | undefined;
      do {
        const page = await table.query({
          attribute: "pk",
          value: `commit#${commit}`,
          ...(from === undefined ? {} : { from }),
        });
        all.push(...page.items.map((raw) => record.parse(raw)));
        from = page.last;
      } while (from !== undefined);
      return all.sort((a, b) => a.at - b.at);
    },
  };
}
