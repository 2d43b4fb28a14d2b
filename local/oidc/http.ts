import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyTooLarge, readBody, reply } from "../aws/http.ts";

const MAX_BODY_BYTES = 16 * 1024;

/** What an address of the issuer answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Tokens and codes are nothing for a cache: RFC 6749, section 5.1. */
const UNCACHED = { "cache-control": "no-store", pragma: "no-cache" };

/** Pages of this machine under another of its names ask, too; nothing here rests on a cookie that they would bring. */
const CORS = { "access-control-allow-origin": "*" };

export const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json", ...UNCACHED, ...CORS },
  body: JSON.stringify(value),
});

/** An error of the token endpoint: RFC 6749, section 5.2. */
export const tokenError = (status: 400 | 401 | 405, error: string, description: string): Answer =>
  json(status, { error, error_description: description });

/** 303: the browser goes there with GET, whatever it came with. */
export const goTo = (location: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 303,
  headers: { location, ...UNCACHED, ...headers },
  body: "",
});

export const empty = (status: number): Answer => ({ status, headers: CORS, body: "" });

/** The form that was sent; undefined when the body is none, or too large. */
export async function formOf(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") return undefined;
  try {
    return new URLSearchParams((await readBody(request, MAX_BODY_BYTES)).toString());
  } catch (error) {
    if (error instanceof BodyTooLarge) return undefined;
    throw error;
  }
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  reply(response, status, body, headers);
}
