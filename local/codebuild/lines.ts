import { StringDecoder } from "node:string_decoder";

export interface LineSplitter {
  write(chunk: Buffer): void;
  /** Hands over a last line that has no line break. */
  end(): void;
}

/** Longer lines are broken, as CloudWatch Logs takes events of up to 256 KB. */
const MAXIMUM_LINE_LENGTH = 100_000;

/** What of a long line is kept back, so that a break never falls into the last words of a line. */
const KEPT_LENGTH = 200;

/** Splits a stream of bytes into lines, handed over together as far as they arrived together. */
export function createLineSplitter(take: (lines: readonly string[]) => void): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return {
    write: (chunk) => {
      const parts = (rest + decoder.write(chunk)).split("\n");
      rest = parts.pop() ?? "";
      const lines = parts.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
      if (rest.length > MAXIMUM_LINE_LENGTH) {
        lines.push(rest.slice(0, -KEPT_LENGTH));
        rest = rest.slice(-KEPT_LENGTH);
      }
      if (lines.length > 0) take(lines);
    },
    end: () => {
      const last = rest + decoder.end();
      rest = "";
      if (last !== "") take([last]);
    },
  };
}
