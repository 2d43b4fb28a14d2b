import type { Clients } from "./clients.ts";
import type { Grants } from "./grants.ts";
import type { SigningKeys } from "./keys.ts";
import type { Sessions } from "./sessions.ts";

/** What the issuer's addresses stand on. */
export interface Issuer {
  /** `http://127.0.0.1:4566/oidc`, without a slash at its end. */
  readonly url: string;
  readonly clients: Clients;
  readonly keys: SigningKeys;
  readonly grants: Grants;
  readonly sessions: Sessions;
  readonly now: () => number;
}
