import { type Input, optionalList, optionalNumber, optionalText } from "../input.ts";
import { AwsError } from "../service.ts";
import { filterPattern } from "./filter-pattern.ts";
import { firstAt, type LogEvent, type LogStream } from "./store.ts";

const MAX_EVENTS = 10_000;

/** So many events are looked at before a call returns with a token, found or not. */
const MAX_SCANNED = 50_000;

/** So many events of a stream are read at a time. */
const CHUNK = 500;

/** Reads the events of the streams that are asked for in the order of time, in bounded steps. */
class Cursor {
  readonly stream: LogStream;
  #index: number;
  #chunk: readonly LogEvent[] = [];
  #at = 0;

  constructor(stream: LogStream, index: number) {
    this.stream = stream;
    this.#index = index;
  }

  /** The position of the next event in its stream. */
  get index(): number {
    return this.#index;
  }

  peek(): LogEvent | undefined {
    if (this.#at === this.#chunk.length) {
      this.#chunk = this.stream.read(this.#index, CHUNK);
      this.#at = 0;
    }
    return this.#chunk[this.#at];
  }

  advance(): void {
    this.#at += 1;
    this.#index += 1;
  }
}

/**
 * The events of all (or the named) streams of a group, merged by time. The token holds each stream's position.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 */
export function filterEvents(streams: ReadonlyMap<string, LogStream>, input: Input): unknown {
  const names = optionalList(input, "logStreamNames");
  const prefix = optionalText(input, "logStreamNamePrefix");
  const start = optionalNumber(input, "startTime") ?? 0;
  const end = optionalNumber(input, "endTime") ?? Number.POSITIVE_INFINITY;
  const limit = Math.min(optionalNumber(input, "limit") ?? MAX_EVENTS, MAX_EVENTS);
  const matches = filterPattern(optionalText(input, "filterPattern") ?? "");
  const positions = readToken(optionalText(input, "nextToken"));
  const cursors = [...streams.values()]
    .filter(({ name }) => (names.length === 0 || names.includes(name)) && name.startsWith(prefix ?? ""))
    .map((stream) => new Cursor(stream, positions.get(stream.name) ?? firstAt(stream, start)));

  const events: unknown[] = [];
  let next = earliest(cursors, end);
  for (let scanned = 0; next !== undefined && scanned < MAX_SCANNED && events.length < limit; scanned += 1) {
    const { cursor, event } = next;
    if (matches(event.message))
      events.push({
        logStreamName: cursor.stream.name,
        ...event,
        eventId: `${cursor.stream.name}/${cursor.index}`,
      });
    cursor.advance();
    next = earliest(cursors, end);
  }
  return { events, searchedLogStreams: [], nextToken: next === undefined ? undefined : writeToken(cursors) };
}

function earliest(
  cursors: readonly Cursor[],
  end: number,
): { readonly cursor: Cursor; readonly event: LogEvent } | undefined {
  let found: { readonly cursor: Cursor; readonly event: LogEvent } | undefined;
  for (const cursor of cursors) {
    const event = cursor.peek();
    if (event === undefined || event.timestamp >= end) continue;
    if (found === undefined || event.timestamp < found.event.timestamp) found = { cursor, event };
  }
  return found;
}

const writeToken = (cursors: readonly Cursor[]): string =>
  Buffer.from(JSON.stringify(cursors.map(({ stream, index }) => [stream.name, index]))).toString("base64");

function readToken(token: string | undefined): ReadonlyMap<string, number> {
  if (token === undefined) return new Map();
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, "base64").toString());
    if (!Array.isArray(parsed)) throw new TypeError("not a list");
    return new Map(parsed.map(([name, index]: [unknown, unknown]) => [String(name), Number(index)]));
  } catch {
    throw new AwsError("InvalidParameterException", "The specified nextToken is invalid.");
  }
}
