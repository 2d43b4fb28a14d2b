import type { Actor } from "../actors.ts";

const WINDOW_MS = 60 * 60 * 1000;

interface Window {
  readonly resetAt: number;
  used: number;
}

/**
 * Counts requests as GitHub does, and tells so in the headers. On a laptop nobody is refused for it.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export class RateLimits {
  readonly #windows = new Map<string, Window>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Where somebody stands. */
  of(actor: Actor): {
    readonly limit: number;
    readonly remaining: number;
    readonly reset: number;
    readonly used: number;
  } {
    const { used, resetAt } = this.#window(actor);
    const limit = actor.kind === "anonymous" ? 60 : 5_000;
    return { limit, used, remaining: Math.max(0, limit - used), reset: Math.ceil(resetAt / 1000) };
  }

  count(actor: Actor): void {
    this.#window(actor).used += 1;
  }

  headers(actor: Actor): Readonly<Record<string, string>> {
    const { limit, remaining, reset, used } = this.of(actor);
    return {
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(remaining),
      "x-ratelimit-reset": String(reset),
      "x-ratelimit-resource": "core",
      "x-ratelimit-used": String(used),
    };
  }

  #window(actor: Actor): Window {
    const key = keyOf(actor);
    const known = this.#windows.get(key);
    if (known !== undefined && known.resetAt > this.#now()) return known;
    const fresh = { resetAt: this.#now() + WINDOW_MS, used: 0 };
    this.#windows.set(key, fresh);
    return fresh;
  }
}

function keyOf(actor: Actor): string {
  switch (actor.kind) {
    case "user":
      return `user ${actor.login.toLowerCase()}`;
    case "installation":
      return `installation ${actor.token.owner.toLowerCase()}`;
    default:
      return actor.kind;
  }
}
