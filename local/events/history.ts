import type { AwsEvent } from "../service.ts";
import type { Fault } from "./faults.ts";

/** How many events are remembered. */
const LIMIT = 1000;

/** A recent event, and what became of it. */
export interface HistoryEntry {
  /** Counts from 1; later events have higher ones. */
  readonly sequence: number;
  readonly event: AwsEvent;
  /** The names of the rules that matched. */
  readonly rules: readonly string[];
  /** How often it was handed to the rules' targets: 0 when a fault lost it, more after a replay. */
  readonly deliveries: number;
  /** The fault that was injected, when there was one. */
  readonly fault?: Fault["mode"];
}

/** The most recent events of the bus, for people and tests who ask what happened. */
export interface History {
  add(event: AwsEvent, fault: Fault["mode"] | undefined): void;
  /** Notes that an event was delivered to the rules that matched it. */
  delivered(id: string, rules: readonly string[]): void;
  find(id: string): HistoryEntry | undefined;
  /** Those after a sequence number, oldest first. */
  since(sequence: number): readonly HistoryEntry[];
}

export function createHistory(): History {
  /** By event id, in order of arrival. */
  const entries = new Map<string, HistoryEntry>();
  let count = 0;
  return {
    add(event, fault) {
      count++;
      const entry = {
        sequence: count,
        event,
        rules: [],
        deliveries: 0,
        ...(fault === undefined ? {} : { fault }),
      };
      entries.set(event.id, entry);
      const [oldest] = entries.keys();
      if (entries.size > LIMIT && oldest !== undefined) entries.delete(oldest);
    },
    delivered(id, rules) {
      const entry = entries.get(id);
      if (entry !== undefined) entries.set(id, { ...entry, rules, deliveries: entry.deliveries + 1 });
    },
    find: (id) => entries.get(id),
    since: (sequence) => [...entries.values()].filter((entry) => entry.sequence > sequence),
  };
}
