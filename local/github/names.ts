import { createHash } from "node:crypto";

/** Who acts when nobody says who: GitHub's own example user. */
export const DEFAULT_LOGIN = "octocat";

/** The user that the local App acts as. */
export const APP_LOGIN = "tandem-local[bot]";

/** A GitHub login: letters, digits and single hyphens inside, 39 at most; `[bot]` ends that of an App. */
export function isLogin(text: string): boolean {
  return /^[a-z\d](?:[a-z\d]|-(?=[a-z\d])){0,38}$/i.test(text) || text === APP_LOGIN;
}

/** A repository's name: 1 to 100 of letters, digits, `.`, `_` and `-`. */
export function isRepositoryName(text: string): boolean {
  return /^[\w.-]{1,100}$/.test(text) && !/^\.{1,2}$/.test(text) && !/\.git$/i.test(text);
}

/** Takes `OWNER/REPO` apart; undefined when it is none. `api` is no owner here: the REST API has that place. */
export function parseFullName(text: string): { readonly owner: string; readonly name: string } | undefined {
  const [owner = "", name = "", ...rest] = text.split("/");
  if (rest.length > 0 || owner.endsWith("[bot]") || owner.toLowerCase() === "api") return undefined;
  return isLogin(owner) && isRepositoryName(name) ? { owner, name } : undefined;
}

/** The numeric id of something that has a name: the same after a restart, and with another state. */
export function idOf(kind: string, name: string): number {
  const hash = createHash("sha256").update(`${kind} ${name.toLowerCase()}`).digest();
  return (hash.readUInt32BE(0) & 0x7fffffff) + 1;
}

/** GitHub's opaque id of the GraphQL API. */
export function nodeId(kind: string, id: number | string): string {
  return `${kind}_${Buffer.from(String(id)).toString("base64url")}`;
}

/** A moment as the REST API writes it: UTC, whole seconds. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
