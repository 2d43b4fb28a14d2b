import { createHmac } from "node:crypto";
import { reasonOf } from "../../errors.ts";

/** GitHub waits this long for an answer: https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks */
const TIMEOUT_MS = 10_000;

/** So much of an answer is kept. */
const KEPT_ANSWER_CHARACTERS = 64 * 1024;

/** What one delivery is made of. */
export interface Message {
  readonly guid: string;
  readonly event: string;
  readonly hookId: number;
  readonly repositoryId: number;
  /** The payload as JSON. */
  readonly payload: string;
  readonly contentType: "json" | "form";
  readonly secret: string | undefined;
}

/** The headers and the body of a delivery: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers */
export function webhookRequest(message: Message): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const { guid, event, hookId, payload, secret } = message;
  const form = message.contentType === "form";
  const body = form ? `payload=${encodeURIComponent(payload)}` : payload;
  const signed = (algorithm: string): string =>
    `${algorithm}=${createHmac(algorithm, secret ?? "")
      .update(body)
      .digest("hex")}`;
  return {
    body,
    headers: {
      Accept: "*/*",
      "Content-Type": form ? "application/x-www-form-urlencoded" : "application/json",
      "User-Agent": "GitHub-Hookshot/7a1de04",
      "X-GitHub-Delivery": guid,
      "X-GitHub-Event": event,
      "X-GitHub-Hook-ID": String(hookId),
      "X-GitHub-Hook-Installation-Target-ID": String(message.repositoryId),
      "X-GitHub-Hook-Installation-Target-Type": "repository",
      ...(secret !== undefined && {
        "X-Hub-Signature": signed("sha1"),
        "X-Hub-Signature-256": signed("sha256"),
      }),
    },
  };
}

/** What came back. */
export interface Answer {
  readonly status: string;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The receiver did not answer in time. */
export const TIMED_OUT: Answer = { status: "timed out", statusCode: 504, headers: {}, body: "" };

/** Sends a delivery. Never throws: what goes wrong is its answer. */
export async function post(
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  signal: AbortSignal,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: request.headers,
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout]),
    });
    const body = (await response.text()).slice(0, KEPT_ANSWER_CHARACTERS);
    const status = response.ok ? "OK" : `Invalid HTTP Response: ${response.status}`;
    return { status, statusCode: response.status, headers: Object.fromEntries(response.headers), body };
  } catch (error) {
    if (timeout.aborted) return TIMED_OUT;
    return { status: "failed to connect to host", statusCode: 502, headers: {}, body: reasonOf(error) };
  }
}
