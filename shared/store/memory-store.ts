import type { RunHead } from "../pipeline/head.ts";
import type {
  Deliveries,
  DeliveryRecord,
  Page,
  RunHeads,
  Snapshot,
  Store,
  Stream,
  StreamStore,
} from "./stream-store.ts";

const PAGE = 100;

/** The store in memory, for tests and the simulation; what comes out is a copy of what went in. */
export function memoryStore(): Store {
  return { streams: streams(), heads: heads(), deliveries: deliveries() };
}

interface Item {
  readonly events: string;
  readonly state: string | undefined;
}

function streams(): StreamStore {
  const byName = new Map<string, Item[]>();
  return {
    async load(stream): Promise<Stream> {
      const items = byName.get(stream) ?? [];
      const events = items.flatMap((item): unknown[] => JSON.parse(item.events));
      return { version: items.length, events };
    },
    async last(stream): Promise<Snapshot> {
      const items = byName.get(stream) ?? [];
      const state = items.at(-1)?.state;
      return { version: items.length, state: state === undefined ? undefined : JSON.parse(state) };
    },
    async append(stream, expectedVersion, events, state) {
      const items = byName.get(stream) ?? [];
      if (items.length !== expectedVersion) return false;
      items.push({
        events: JSON.stringify(events),
        state: state === undefined ? undefined : JSON.stringify(state),
      });
      byName.set(stream, items);
      return true;
    },
  };
}

function heads(): RunHeads {
  const byRun = new Map<string, RunHead>();
  const newestFirst = () =>
    [...byRun.values()].sort((a, b) => b.startedAt - a.startedAt || (a.runId < b.runId ? 1 : -1));
  return {
    async put(head) {
      const known = byRun.get(head.runId);
      if (known === undefined || known.version < head.version) byRun.set(head.runId, { ...head });
    },
    async list({ limit, cursor }) {
      return page(newestFirst(), limit, cursor);
    },
    async active({ cursor }) {
      const ids = newestFirst().flatMap(({ active, runId }) => (active ? [runId] : []));
      return page(ids.sort(), PAGE, cursor);
    },
  };
}

function page<T>(items: readonly T[], limit: number, cursor: string | undefined): Page<T> {
  const from = cursor === undefined ? 0 : Number(cursor);
  const to = from + limit;
  return { items: items.slice(from, to), ...(to < items.length ? { cursor: String(to) } : {}) };
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
  };
}
