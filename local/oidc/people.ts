import { createHash, timingSafeEqual } from "node:crypto";

/** Somebody who can sign in. */
export interface OidcPerson {
  readonly username: string;
  readonly email: string;
  readonly groups: readonly string[];
  /** The issuer's own id of the person; never changes. */
  readonly subject: string;
}

const GROUPS_OF: Readonly<Record<string, readonly string[]>> = {
  alice: ["release-managers"],
  bob: ["release-managers"],
  carol: ["developers"],
  mallory: [],
};

/** The demo's people, the same as those who sign requests (`aws/people.ts`). */
export const USERNAMES: readonly string[] = Object.keys(GROUPS_OF);

export const GROUPS: readonly string[] = [...new Set(Object.values(GROUPS_OF).flat())];

export const people = (): readonly OidcPerson[] =>
  USERNAMES.flatMap((username) => personNamed(username) ?? []);

export function personNamed(username: string): OidcPerson | undefined {
  const groups = Object.hasOwn(GROUPS_OF, username) ? GROUPS_OF[username] : undefined;
  if (groups === undefined) return undefined;
  return { username, email: `${username}@example.com`, groups, subject: subjectOf(username) };
}

/** The password is the name: whoever is at this machine may be anybody. */
export function signIn(username: string, password: string): OidcPerson | undefined {
  const person = personNamed(username);
  return person !== undefined && equal(password, username) ? person : undefined;
}

/** In the shape of a UUID, the same for the same name. */
function subjectOf(username: string): string {
  const hex = createHash("sha256").update(`tandem local ${username}`).digest("hex");
  return [8, 4, 4, 4, 12].map((length, at, all) => part(hex, all, at, length)).join("-");
}

function part(hex: string, lengths: readonly number[], at: number, length: number): string {
  const start = lengths.slice(0, at).reduce((sum, one) => sum + one, 0);
  return hex.slice(start, start + length);
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const equal = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
