import { createHash, randomBytes } from "node:crypto";

/** A working day. */
const SESSION_MS = 12 * 3_600_000;

const COOKIE = "tandem-oidc";

/** Who has given the password in a browser. */
export interface Session {
  readonly username: string;
  readonly authenticatedAt: number;
}

/** The browsers that are signed in at the issuer; a restart of the endpoint signs them out. */
export class Sessions {
  readonly #now: () => number;
  readonly #byKey = new Map<string, Session>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns the `Set-Cookie` that carries it */
  begin(username: string): { readonly session: Session; readonly cookie: string } {
    const id = randomBytes(32).toString("base64url");
    const session = { username, authenticatedAt: this.#now() };
    this.#byKey.set(keyOf(id), session);
    return { session, cookie: cookie(id, SESSION_MS / 1000) };
  }

  /** @param header the request's `Cookie` */
  find(header: string | undefined): Session | undefined {
    const session = this.#byKey.get(keyOf(idIn(header)));
    return session === undefined || this.#now() >= session.authenticatedAt + SESSION_MS ? undefined : session;
  }

  /** @returns the `Set-Cookie` that takes it away */
  end(header: string | undefined): string {
    this.#byKey.delete(keyOf(idIn(header)));
    return cookie("", 0);
  }
}

/** No page's script reads it, and no other site's form sends it. */
const cookie = (value: string, seconds: number): string =>
  `${COOKIE}=${value}; Path=/oidc; HttpOnly; SameSite=Lax; Max-Age=${seconds}`;

function idIn(header: string | undefined): string {
  const pairs = (header ?? "").split(/; */).map((pair) => pair.split("="));
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? "";
}

const keyOf = (id: string): string => createHash("sha256").update(id).digest("base64url");
