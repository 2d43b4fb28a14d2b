import type { RunHead } from "../pipeline/head.ts";
import {
  BadCursorError,
  type Deliveries,
  type DeliveryRecord,
  type Intake,
  type Page,
  type RunHeads,
  type Slot,
  type Snapshot,
  type Store,
  type Stream,
  type StreamStore,
} from "./stream-store.ts";

const PAGE = 16;

/** The store in memory, for tests and the simulation; what comes out is a copy of what went in. */
export function memoryStore(): Store {
  return { streams: streams(), intake: intake(), heads: heads(), deliveries: deliveries() };
}

interface Item {
  readonly events: readonly unknown[];
  readonly state: unknown;
}

/** What JSON keeps of a value, as a store does; frozen, so that one copy serves every reader. */
function kept<T>(value: T): T {
  return frozen(JSON.parse(JSON.stringify(value)));
}

function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

function streams(): StreamStore {
  const byName = new Map<string, Item[]>();
  return {
    async load(stream): Promise<Stream> {
      const items = byName.get(stream) ?? [];
      return { version: items.length, events: items.flatMap(({ events }) => events) };
    },
    async last(stream): Promise<Snapshot> {
      const items = byName.get(stream) ?? [];
      return { version: items.length, state: items.at(-1)?.state };
    },
    async append(stream, expectedVersion, events, state) {
      const items = byName.get(stream) ?? [];
      if (items.length !== expectedVersion) return false;
      items.push({ events: kept(events), state: state === undefined ? undefined : kept(state) });
      byName.set(stream, items);
      return true;
    },
  };
}

function intake(): Intake {
  const drawn = new Map<string, number>();
  const byPipeline = new Map<string, Map<number, Slot>>();
  const slots = (pipeline: string) => byPipeline.get(pipeline) ?? new Map<number, Slot>();
  return {
    async draw(pipeline) {
      const next = (drawn.get(pipeline) ?? 0) + 1;
      drawn.set(pipeline, next);
      return next;
    },
    async put(pipeline, sequence, slot) {
      const known = slots(pipeline);
      if (known.has(sequence)) return false;
      byPipeline.set(pipeline, known.set(sequence, kept(slot)));
      return true;
    },
    async find(pipeline, sequence) {
      return slots(pipeline).get(sequence);
    },
    async after(pipeline, after, limit) {
      return [...slots(pipeline)]
        .flatMap(([sequence, slot]) => (sequence > after ? [{ sequence, slot }] : []))
        .sort((a, b) => a.sequence - b.sequence)
        .slice(0, limit);
    },
  };
}

function heads(): RunHeads {
  const byRun = new Map<string, RunHead>();
  return {
    async put(head) {
      const known = byRun.get(head.runId);
      if (known === undefined || known.version < head.version) byRun.set(head.runId, { ...head });
    },
    async list({ limit, cursor, pipeline }) {
      const key = ({ startedAt, runId }: RunHead) => `${String(startedAt).padStart(15, "0")}#${runId}`;
      const heads = [...byRun.values()].filter(
        (head) => pipeline === undefined || head.pipeline === pipeline,
      );
      return page(heads, key, { limit, cursor, newestFirst: true });
    },
    async active({ cursor }) {
      const runs = [...byRun.values()].flatMap(({ active, runId }) => (active ? [runId] : []));
      return page(runs, (runId) => runId, { limit: PAGE, cursor, newestFirst: false });
    },
  };
}

const CURSOR = "after:";

/** What comes after the cursor's key, so that what is added meanwhile neither shifts nor doubles anything. */
function page<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  options: { readonly limit: number; readonly cursor: string | undefined; readonly newestFirst: boolean },
): Page<T> {
  const { limit, cursor, newestFirst } = options;
  if (cursor !== undefined && !cursor.startsWith(CURSOR)) throw new BadCursorError();
  const after = cursor?.slice(CURSOR.length);
  const comes = (a: string, b: string) => (newestFirst ? a > b : a < b);
  const rest = items
    .filter((item) => after === undefined || comes(after, keyOf(item)))
    .sort((a, b) => (comes(keyOf(a), keyOf(b)) ? -1 : 1));
  const taken = rest.slice(0, limit);
  const last = taken.at(-1);
  return {
    items: taken,
    ...(last === undefined || taken.length === rest.length ? {} : { cursor: CURSOR + keyOf(last) }),
  };
}

function deliveries(): Deliveries {
  const byKey = new Map<string, DeliveryRecord>();
  const key = (of: Pick<DeliveryRecord, "repository" | "commit" | "pipeline" | "id">) =>
    JSON.stringify([of.repository, of.commit, of.pipeline, of.id]);
  return {
    async find(of) {
      return byKey.get(key(of));
    },
    async record(delivery) {
      const first = byKey.get(key(delivery)) ?? { ...delivery };
      byKey.set(key(delivery), first);
      return first;
    },
    async ofCommit(commit) {
      return [...byKey.values()].filter((one) => one.commit === commit).sort((a, b) => a.at - b.at);
    },
  };
}
