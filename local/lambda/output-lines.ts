import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export type OnLine = (line: string) => void;

/** One output stream of an environment, cut into invocations by the marker lines that the host writes. */
export interface OutputLines {
  /**
   * Hands every line to `onLine` until the marker has been read, and resolves then. What was printed between two
   * invocations belongs to the next one, as on AWS.
   */
  until(marker: string, onLine: OnLine): Promise<void>;
}

/** Starts a marker: a character that no text has, so that one is found also behind an unfinished line. */
export const MARKER_START = "\u0000";

/** Reads a stream by lines for as long as it is open. */
export function readOutput(stream: Readable): OutputLines {
  const early: string[] = [];
  let current: { readonly marker: string; readonly onLine: OnLine; readonly resolve: () => void } | undefined;

  const onLine = (line: string) => {
    if (current === undefined) early.push(line);
    else current.onLine(line);
  };
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
    const at = current === undefined ? -1 : line.indexOf(current.marker);
    if (at === -1) return onLine(line);
    if (at > 0) onLine(line.slice(0, at));
    current?.resolve();
    current = undefined;
  });

  return {
    until: (marker, listener) =>
      new Promise((resolve) => {
        for (const line of early.splice(0)) listener(line);
        current = { marker, onLine: listener, resolve };
      }),
  };
}
