/**
 * CBOR (RFC 8949), as far as Smithy's RPC v2 CBOR protocol uses it: the AWS CLI speaks that to CodeBuild.
 * https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */

const MAX_DEPTH = 64;

/** The tag of a timestamp in seconds since the epoch. */
const EPOCH_TAG = 1;

/**
 * Encodes plain JSON-like data; `undefined` members are left out.
 * @param timestamps names of members whose numbers are seconds since the epoch, which CBOR has to say
 */
export function encodeCbor(value: unknown, timestamps: ReadonlySet<string> = new Set()): Buffer {
  const chunks: Buffer[] = [];
  write(value, { chunks, timestamps }, 0);
  return Buffer.concat(chunks);
}

interface Output {
  readonly chunks: Buffer[];
  readonly timestamps: ReadonlySet<string>;
}

function head(major: number, length: number): Buffer {
  const type = major << 5;
  if (length < 24) return Buffer.from([type | length]);
  if (length < 0x100) return Buffer.from([type | 24, length]);
  const buffer = Buffer.alloc(length < 0x10000 ? 3 : length <= 0xffffffff ? 5 : 9);
  if (buffer.length === 3) buffer.writeUInt16BE(length, 1);
  else if (buffer.length === 5) buffer.writeUInt32BE(length, 1);
  else buffer.writeBigUInt64BE(BigInt(length), 1);
  buffer[0] = type | (buffer.length === 3 ? 25 : buffer.length === 5 ? 26 : 27);
  return buffer;
}

function writeNumber(value: number, chunks: Buffer[]): void {
  if (Number.isSafeInteger(value)) {
    chunks.push(value >= 0 ? head(0, value) : head(1, -1 - value));
    return;
  }
  const buffer = Buffer.alloc(9);
  buffer[0] = 0xfb;
  buffer.writeDoubleBE(value, 1);
  chunks.push(buffer);
}

function write(value: unknown, output: Output, depth: number): void {
  const { chunks, timestamps } = output;
  if (depth > MAX_DEPTH) throw new RangeError(`CBOR data is nested more than ${MAX_DEPTH} deep`);
  if (value === null || value === undefined) chunks.push(Buffer.from([0xf6]));
  else if (typeof value === "boolean") chunks.push(Buffer.from([value ? 0xf5 : 0xf4]));
  else if (typeof value === "number") writeNumber(value, chunks);
  else if (typeof value === "string") {
    const bytes = Buffer.from(value);
    chunks.push(head(3, bytes.length), bytes);
  } else if (Array.isArray(value)) {
    chunks.push(head(4, value.length));
    for (const item of value) write(item, output, depth + 1);
  } else if (typeof value === "object") {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    chunks.push(head(5, members.length));
    for (const [name, member] of members) {
      write(name, output, depth + 1);
      if (typeof member === "number" && timestamps.has(name)) chunks.push(head(6, EPOCH_TAG));
      write(member, output, depth + 1);
    }
  } else throw new TypeError(`a ${typeof value} has no CBOR form here`);
}

/**
 * Decodes into what the AWS JSON protocol would have carried: timestamps become seconds since the epoch, blobs base64.
 * @throws RangeError or TypeError when the bytes are not one complete data item
 */
export function decodeCbor(bytes: Buffer): unknown {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (!reader.atEnd) throw new RangeError("there are bytes after the CBOR data item");
  return value;
}

const BREAK = Symbol("break");

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): unknown {
    const value = this.#read(depth);
    if (value === BREAK) throw new TypeError("a CBOR break stands outside an indefinite-length item");
    return value;
  }

  #take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new RangeError("the CBOR data ends too early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** The argument of an initial byte; undefined means indefinite length. */
  #argument(info: number): number | undefined {
    if (info < 24) return info;
    if (info === 24) return this.#take(1).readUInt8();
    if (info === 25) return this.#take(2).readUInt16BE();
    if (info === 26) return this.#take(4).readUInt32BE();
    if (info === 27) return Number(this.#take(8).readBigUInt64BE());
    if (info === 31) return undefined;
    throw new TypeError(`the CBOR additional information ${info} is reserved`);
  }

  #read(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new RangeError(`CBOR data is nested more than ${MAX_DEPTH} deep`);
    const initial = this.#take(1).readUInt8();
    const major = initial >> 5;
    const info = initial & 31;
    if (major === 7) return this.#simple(info);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return argument ?? 0;
      case 1:
        return -1 - (argument ?? 0);
      case 2:
        return this.#string(argument, depth).toString("base64");
      case 3:
        return this.#string(argument, depth).toString("utf8");
      case 4:
        return this.#list(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default:
        if (argument !== EPOCH_TAG)
          throw new TypeError(`the CBOR tag ${argument} is not used by AWS services`);
        return this.item(depth + 1);
    }
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#take(2).readUInt16BE());
      case 26:
        return this.#take(4).readFloatBE();
      case 27:
        return this.#take(8).readDoubleBE();
      case 31:
        return BREAK;
      default:
        throw new TypeError(`the CBOR simple value ${info} has no meaning here`);
    }
  }

  #string(length: number | undefined, depth: number): Buffer {
    if (length !== undefined) return this.#take(length);
    const parts: Buffer[] = [];
    for (;;) {
      const initial = this.#take(1).readUInt8();
      if (initial === 0xff) return Buffer.concat(parts);
      const argument = this.#argument(initial & 31);
      if (argument === undefined || depth > MAX_DEPTH)
        throw new TypeError("a chunk of a CBOR string has no length");
      parts.push(this.#take(argument));
    }
  }

  #list(length: number | undefined, depth: number): unknown[] {
    const items: unknown[] = [];
    while (length === undefined || items.length < length) {
      const item = this.#read(depth + 1);
      if (item === BREAK) {
        if (length === undefined) break;
        throw new TypeError("a CBOR list ends too early");
      }
      items.push(item);
    }
    return items;
  }

  #map(length: number | undefined, depth: number): Record<string, unknown> {
    const members: [string, unknown][] = [];
    while (length === undefined || members.length < length) {
      const name = this.#read(depth + 1);
      if (name === BREAK && length === undefined) break;
      if (typeof name !== "string") throw new TypeError("a CBOR map has a key that is no text");
      members.push([name, this.item(depth + 1)]);
    }
    return Object.fromEntries(members);
  }
}

/** RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (mantissa + 1024) * 2 ** (exponent - 25);
}
