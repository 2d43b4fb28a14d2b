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

const PAGE = 100;

/** The store in memory, for tests and the simulation; what comes out is a copy of what went in. */
export function memoryStore(): Store {
  return { streams: streams(), heads: heads(), deliveries: deliveries() };
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

function heads(): RunHeads {
  const byRun = new Map<string, RunHead>();
  return {
    async put(head) {
      const known = byRun.get(head.runId);
      if (known === undefined || known.version < head.version) byRun.set(head.runId, { ...head });
    },
    async list({ limit, cursor }) {
      const key = ({ startedAt, runId }: RunHead) => `${String(startedAt).padStart(15, "0")}#${runId}`;
      return page([...byRun.values()], key, { limit, cursor, newestFirst: true });
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
      if (!byKey.has(key(delivery))) byKey.set(key(delivery), { ...delivery });
    },
    async ofCommit(commit) {
      return [...byKey.values()].filter((one) => one.commit === commit).sort((a, b) => a.at - b.at);
    },
  };
}
