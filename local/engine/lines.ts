import type { Readable } from "node:stream";

/** Hands a stream's lines on, the last one also without its end. */
export function onLines(stream: Readable, line: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const parts = (rest + text).split(/\r?\n/);
    rest = parts.pop() ?? "";
    for (const part of parts) line(part);
  });
  stream.on("end", () => {
    if (rest !== "") line(rest);
    rest = "";
  });
}
