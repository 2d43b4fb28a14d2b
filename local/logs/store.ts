import { closeSync, mkdirSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";

/** One line of a log stream, as CloudWatch Logs returns it. */
export interface LogEvent {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime: number;
}

/** The largest part of a file that one read takes into memory. */
const MAX_READ_BYTES = 1024 * 1024;

/** A longer message is cut, as CloudWatch Logs refuses events over 1 MB. */
const MAX_MESSAGE_LENGTH = 256 * 1024;

/**
 * A log stream: a file of JSON lines, and where each of them begins. Appending is synchronous, so that a line is on
 * disk when the process is ended.
 */
export class LogStream {
  readonly name: string;
  readonly #file: string;
  /** `#offsets[i]` is where event i begins; the last one is the file's length. */
  readonly #offsets: number[] = [0];
  #first: LogEvent | undefined;
  #last: LogEvent | undefined;

  constructor(name: string, file: string) {
    this.name = name;
    this.#file = file;
    closeSync(openSync(file, "a"));
    this.#scan();
  }

  get count(): number {
    return this.#offsets.length - 1;
  }

  get bytes(): number {
    return this.#offsets[this.#offsets.length - 1] ?? 0;
  }

  get first(): LogEvent | undefined {
    return this.#first;
  }

  get last(): LogEvent | undefined {
    return this.#last;
  }

  append(lines: readonly string[], now: number): void {
    const chunks = lines.map((line) => {
      const event = { timestamp: now, message: line.slice(0, MAX_MESSAGE_LENGTH), ingestionTime: now };
      this.#first ??= event;
      this.#last = event;
      const bytes = Buffer.from(`${JSON.stringify([event.timestamp, event.message])}\n`);
      this.#offsets.push(this.bytes + bytes.length);
      return bytes;
    });
    const file = openSync(this.#file, "a");
    try {
      writeSync(file, Buffer.concat(chunks));
    } finally {
      closeSync(file);
    }
  }

  /** The events from `from` (counted from 0), at most `limit` of them and about a megabyte. */
  read(from: number, limit: number): readonly LogEvent[] {
    let to = Math.min(this.count, from + limit);
    const start = this.#offsets[from] ?? this.bytes;
    while (to > from + 1 && (this.#offsets[to] ?? 0) - start > MAX_READ_BYTES)
      to -= Math.ceil((to - from) / 2);
    if (to <= from) return [];
    const bytes = this.#bytes(start, (this.#offsets[to] ?? start) - start);
    return bytes
      .toString()
      .split("\n")
      .flatMap((line) => this.#parse(line));
  }

  #parse(line: string): readonly LogEvent[] {
    if (line === "") return [];
    // A line that was half written when the machine stopped is shown as it stands.
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      parsed = [this.#last?.timestamp ?? 0, line];
    }
    const [timestamp, message] = Array.isArray(parsed) ? parsed : [0, line];
    return [{ timestamp: Number(timestamp), message: String(message), ingestionTime: Number(timestamp) }];
  }

  #bytes(start: number, length: number): Buffer {
    const buffer = Buffer.alloc(length);
    const file = openSync(this.#file, "r");
    try {
      return buffer.subarray(0, readSync(file, buffer, 0, length, start));
    } finally {
      closeSync(file);
    }
  }

  /** Finds the lines of a file that an earlier process has written. */
  #scan(): void {
    const file = openSync(this.#file, "r");
    const buffer = Buffer.alloc(64 * 1024);
    try {
      let position = 0;
      for (;;) {
        const length = readSync(file, buffer, 0, buffer.length, position);
        if (length === 0) break;
        for (let at = buffer.indexOf(10); at >= 0 && at < length; at = buffer.indexOf(10, at + 1))
          this.#offsets.push(position + at + 1);
        position += length;
      }
    } finally {
      closeSync(file);
    }
    if (this.count === 0) return;
    this.#first = this.read(0, 1)[0];
    this.#last = this.read(this.count - 1, 1)[0];
  }
}

/** The first index in the stream whose event is not before `timestamp`; timestamps never go back. */
export function firstAt(stream: LogStream, timestamp: number): number {
  let low = 0;
  let high = stream.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stream.read(middle, 1)[0]?.timestamp ?? 0) < timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Groups and streams as folders and files below `folder`; names are escaped, since they may hold slashes. */
export class LogStore {
  readonly #folder: string;
  readonly #groups = new Map<string, Map<string, LogStream>>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const group of readdirSync(folder)) {
      const streams = this.group(decodeURIComponent(group));
      for (const file of readdirSync(join(folder, group))) {
        const name = decodeURIComponent(file);
        streams.set(name, new LogStream(name, join(folder, group, file)));
      }
    }
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()].sort();
  }

  /** The streams of a group by name; undefined when there is no such group. */
  find(group: string): ReadonlyMap<string, LogStream> | undefined {
    return this.#groups.get(group);
  }

  /** Makes the group when it is new. */
  group(name: string): Map<string, LogStream> {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const streams = new Map<string, LogStream>();
    mkdirSync(join(this.#folder, fileName(name)), { recursive: true });
    this.#groups.set(name, streams);
    return streams;
  }

  /** Makes group and stream when they are new. */
  stream(group: string, name: string): LogStream {
    const streams = this.group(group);
    const known = streams.get(name);
    if (known !== undefined) return known;
    const stream = new LogStream(name, join(this.#folder, fileName(group), fileName(name)));
    streams.set(name, stream);
    return stream;
  }
}

/** Escapes what a file name cannot hold; `.` and `..` too. */
const fileName = (name: string): string =>
  encodeURIComponent(name).replace(/^\.+/, (dots) => "%2E".repeat(dots.length));
