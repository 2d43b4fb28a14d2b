import { isRecord, textAt } from "./json.ts";
import type { Session } from "./session.ts";

/** What the API has refused, with its own words. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** What has changed since the card was drawn. */
  readonly changed: readonly string[];

  constructor(status: number, code: string, message: string, changed: readonly string[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.changed = changed;
  }
}

interface Kept {
  readonly etag: string;
  readonly value: unknown;
}

/** Answers kept for their ETags; the oldest goes when there are more. */
const KEPT = 50;

/** What an answer that may be kept says: the value, and whether it is the one from before. */
export interface Answer<T> {
  readonly value: T;
  readonly unchanged: boolean;
}

/** Tells whether an answer is what was asked for; looks at what every page relies on, and no deeper. */
export type Guard<T> = (value: unknown) => value is T;

/** The HTTP API, as somebody who has signed in. */
export class Api {
  readonly #session: Session;
  readonly #kept = new Map<string, Kept>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** The last answer for an address, to be shown at once while a new one is asked for. */
  known<T>(path: string, guard: Guard<T>): T | undefined {
    const value = this.#kept.get(path)?.value;
    return guard(value) ? value : undefined;
  }

  /** Asks, and costs next to nothing when nothing has changed: `304 Not Modified` carries no body. */
  async get<T>(path: string, guard: Guard<T>, signal?: AbortSignal): Promise<Answer<T>> {
    const kept = this.#kept.get(path);
    const response = await this.#send(path, {
      headers: kept === undefined ? {} : { "if-none-match": kept.etag },
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status === 304 && kept !== undefined && guard(kept.value))
      return { value: kept.value, unchanged: true };
    const value: unknown = await readJson(response);
    if (!response.ok) throw problemOf(response.status, value);
    if (!guard(value)) throw new ApiError(response.status, "unexpected", `${path} answered something else`);
    this.#keep(path, response.headers.get("etag"), value);
    return { value, unchanged: false };
  }

  /**
   * Decides something.
   * @returns what the API says has been done
   */
  async post(path: string, body: unknown): Promise<string> {
    const response = await this.#send(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const value: unknown = await readJson(response);
    if (!response.ok) throw problemOf(response.status, value);
    return textAt(value, "message") ?? "";
  }

  async #send(
    path: string,
    init: RequestInit & { readonly headers: Record<string, string> },
  ): Promise<Response> {
    const bearer = await this.#session.bearer();
    if (bearer === undefined) throw new ApiError(401, "signed-out", "sign in again");
    const headers = { ...init.headers, accept: "application/json", authorization: `Bearer ${bearer}` };
    const response = await fetch(`/console/api${path}`, { ...init, headers, cache: "no-store" });
    if (response.status === 401) this.#session.refused();
    return response;
  }

  #keep(path: string, etag: string | null, value: unknown): void {
    this.#kept.delete(path);
    if (etag === null) return;
    this.#kept.set(path, { etag, value });
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > KEPT && oldest.done !== true) this.#kept.delete(oldest.value);
  }
}

/** The answer's JSON; a gateway in between may answer with something else. */
async function readJson(response: Response): Promise<unknown> {
  return response.json().catch(() => undefined);
}

function problemOf(status: number, answer: unknown): ApiError {
  const error = isRecord(answer) ? answer.error : undefined;
  const changed = [answer, error].flatMap((one) =>
    isRecord(one) && Array.isArray(one.changed) ? [one.changed] : [],
  )[0];
  return new ApiError(
    status,
    textAt(error, "code") ?? "unknown",
    textAt(error, "message") ?? textAt(answer, "message") ?? `the API answered ${status}`,
    (changed ?? []).filter((one) => typeof one === "string"),
  );
}
