import { createHash } from "node:crypto";

/** An application that people may sign in to: public, without a secret. */
export interface OidcClient {
  readonly id: string;
  readonly redirectUris: readonly string[];
  readonly logoutUris: readonly string[];
  readonly scopes: readonly string[];
  /** Seconds. */
  readonly tokenSeconds: number;
  readonly refreshSeconds: number;
}

/** The clients of the user pools that templates declare. */
export class Clients {
  readonly #byId = new Map<string, OidcClient>();

  put(client: OidcClient): void {
    this.#byId.set(client.id, client);
  }

  find(id: string | undefined): OidcClient | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }
}

/** An id in the shape of Cognito's, the same for the same name. */
export function clientIdOf(name: string): string {
  const hash = createHash("sha256").update(`client ${name}`).digest("hex");
  return BigInt(`0x${hash}`).toString(36).padStart(26, "0").slice(0, 26);
}

/** Both names of this machine's loopback, and its IPv6 address. */
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Whether an address is one of those registered. They are compared as they are, except that a loopback address may name any
 * port, and any name of the loopback: RFC 8252, section 7.3.
 */
export function isRegistered(given: string, registered: readonly string[]): boolean {
  if (registered.includes(given)) return true;
  const url = loopbackUrl(given);
  if (url === undefined) return false;
  return registered.some((one) => {
    const known = loopbackUrl(one);
    return known !== undefined && known.pathname === url.pathname && known.search === url.search;
  });
}

function loopbackUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== "http:" || !LOOPBACK.includes(url.hostname)) return undefined;
  return url.username === "" && url.password === "" && url.hash === "" ? url : undefined;
}
