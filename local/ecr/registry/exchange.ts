import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registry } from "../registry.ts";

/** One request to the distribution API, as its handlers get it. */
export interface Exchange {
  readonly registry: Registry;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly query: URLSearchParams;
  /** The repository's name, and what else the path gives (a digest, a tag, an upload's id). */
  readonly name: string;
  readonly reference: string;
}

export type Handler = (exchange: Exchange) => Promise<void>;

/** Sends an answer without a body. */
export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | number>>,
): void {
  response.writeHead(status, { "Content-Length": 0, ...headers });
  response.end();
}

/** Sends bytes; for HEAD, only what would be sent with them. */
export function sendBytes(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  status: number,
  bytes: Uint8Array | string,
  headers: Readonly<Record<string, string | number>>,
): void {
  response.writeHead(status, { "Content-Length": Buffer.byteLength(bytes), ...headers });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

/** Reads a body of at most `limit` bytes; undefined when it is longer. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    // The rest is read and thrown away, so that the client gets to read the answer.
    if (size <= limit) chunks.push(chunk);
  }
  return size <= limit ? Buffer.concat(chunks) : undefined;
}
