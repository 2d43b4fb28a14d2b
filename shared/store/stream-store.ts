import type { RunHead } from "../pipeline/head.ts";

/**
 * Append-only streams of events, and the two small tables derived from them. One `append` is one conditional write of one
 * item: either all of its events are stored, or another invocation was first.
 */
export interface StreamStore {
  /** Every event of a stream in order, and the version to append after; version 0 is a stream that does not exist. */
  load(stream: string): Promise<Stream>;
  /** The state that the last append left; for streams that are never read as a whole. */
  last(stream: string): Promise<Snapshot>;
  /**
   * Appends events as item `expectedVersion + 1`.
   * @param state what `last` is to return from now on; for streams that are read that way
   * @param at milliseconds since the epoch, from which on the item is kept as long as deliveries are; left out: for ever
   * @returns false when that item exists: somebody else was first, and nothing was written
   */
  append(
    stream: string,
    expectedVersion: number,
    events: readonly unknown[],
    state?: unknown,
    at?: number,
  ): Promise<boolean>;
}

export interface Stream {
  readonly version: number;
  readonly events: readonly unknown[];
}

export interface Snapshot {
  readonly version: number;
  readonly state: unknown;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it in again for the next page; absent on the last. Opaque. */
  readonly cursor?: string;
}

/** A cursor that no page of this store has given. */
export class BadCursorError extends Error {
  constructor(cause?: unknown) {
    super("the cursor is not one that a page of runs gave", { cause });
    this.name = "BadCursorError";
  }
}

export interface RunHeads {
  put(head: RunHead): Promise<void>;
  /**
   * The newest runs first, at a cost that depends on the page alone.
   * @param options `pipeline`: of that one only; a cursor goes on with the list that it came from
   * @throws BadCursorError
   */
  list(options: {
    readonly limit: number;
    readonly cursor?: string;
    readonly pipeline?: string;
  }): Promise<Page<RunHead>>;
  /**
   * Runs that are not terminal.
   * @throws BadCursorError
   */
  active(options: { readonly cursor?: string }): Promise<Page<string>>;
}

/** What became of a delivery: a run, or a refusal with its reason. Kept 35 days, longer than any source redelivers. */
export interface DeliveryRecord {
  readonly id: string;
  readonly repository: string;
  readonly commit: string;
  readonly ref: string;
  /** `push`, `pull-request`, `head`, … */
  readonly trigger: string;
  /** The pipeline, or `-` when none wanted it. */
  readonly pipeline: string;
  readonly at: number;
  readonly outcome: { readonly runId: string } | { readonly ignored: string };
}

export interface Deliveries {
  find(key: {
    readonly repository: string;
    readonly commit: string;
    readonly pipeline: string;
    readonly id: string;
  }): Promise<DeliveryRecord | undefined>;
  /**
   * Keeps the first record of a delivery; a second one changes nothing.
   * @returns the record that is kept
   */
  record(delivery: DeliveryRecord): Promise<DeliveryRecord>;
  /** What became of a commit, pipeline by pipeline and delivery by delivery, the oldest first. */
  ofCommit(commit: string): Promise<readonly DeliveryRecord[]>;
}

/** What stands at a number of a pipeline: the run that was accepted under it, or that none ever will be. */
export type Slot = { readonly type: "run"; readonly run: unknown } | { readonly type: "none" };

export interface NumberedSlot {
  readonly sequence: number;
  readonly slot: Slot;
}

/**
 * The runs that pipelines have accepted, by their numbers. A number is drawn and then written to, each without waiting for
 * anybody else, so that many can be accepted at once; whoever reads them in order writes `none` where a number was drawn and
 * never used. Kept as long as deliveries.
 */
export interface Intake {
  /** The pipeline's next number, from 1 on. A number may never be used. */
  draw(pipeline: string): Promise<number>;
  /**
   * Writes to a number, once.
   * @returns false when something stands there already, and nothing was written
   */
  put(pipeline: string, sequence: number, slot: Slot, at: number): Promise<boolean>;
  find(pipeline: string, sequence: number): Promise<Slot | undefined>;
  /** What stands at the numbers above `sequence`, in order, at most `limit`; numbers at which nothing stands are left out. */
  after(pipeline: string, sequence: number, limit: number): Promise<readonly NumberedSlot[]>;
}

/** All that Tandem remembers. */
export interface Store {
  readonly streams: StreamStore;
  readonly intake: Intake;
  readonly heads: RunHeads;
  readonly deliveries: Deliveries;
}
