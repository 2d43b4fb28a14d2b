import type { IncomingMessage } from "node:http";
import { ApiError, notFound } from "./api-error.ts";
import { type GithubApp, type InstallationToken, installationId } from "./app.ts";
import { APP_LOGIN, DEFAULT_LOGIN, isLogin } from "./names.ts";
import type { GithubRepository } from "./repositories.ts";

/** Who makes a request. */
export type Actor =
  | { readonly kind: "anonymous" }
  | { readonly kind: "user"; readonly login: string }
  | { readonly kind: "installation"; readonly token: InstallationToken }
  | { readonly kind: "app" };

/** The plain token of octocat; followed by `-LOGIN` that of somebody else. */
const USER_TOKEN = "local-github-token";

/**
 * Who sends a request to the REST API: `Authorization: Bearer TOKEN`, `token TOKEN`, or Basic with the token as password.
 * @throws ApiError 401 when the credentials are unknown or have expired
 */
export function actorOf(request: IncomingMessage, app: GithubApp): Actor {
  const header = request.headers.authorization;
  if (header === undefined) return { kind: "anonymous" };
  const token = /^(?:bearer|token) +(\S+)$/i.exec(header)?.[1] ?? basicOf(header)?.password;
  const actor = token === undefined ? undefined : actorOfToken(token, app);
  if (actor !== undefined) return actor;
  throw new ApiError(401, "Bad credentials");
}

function actorOfToken(token: string, app: GithubApp): Actor | undefined {
  if (token === USER_TOKEN) return { kind: "user", login: DEFAULT_LOGIN };
  if (token.startsWith(`${USER_TOKEN}-`)) {
    const login = token.slice(USER_TOKEN.length + 1);
    return isLogin(login) ? { kind: "user", login } : undefined;
  }
  if (token.split(".").length === 3) {
    app.verifyJwt(token);
    return { kind: "app" };
  }
  const granted = app.tokenOf(token);
  return granted === undefined ? undefined : { kind: "installation", token: granted };
}

/** The login that what an actor does is shown with. */
export function loginOf(actor: Actor): string {
  return actor.kind === "user" ? actor.login : APP_LOGIN;
}

/**
 * Who talks git: a token as password (or as user name), else the user name by itself; passwords are not checked, this
 * is a laptop. Undefined when git has sent nothing: it does so only when it is asked to.
 */
export function gitActor(request: IncomingMessage, app: GithubApp): Actor | undefined {
  const given = basicOf(request.headers.authorization ?? "");
  if (given === undefined) return undefined;
  try {
    const byToken = actorOfToken(given.password, app) ?? actorOfToken(given.user, app);
    if (byToken !== undefined) return byToken;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  return isLogin(given.user) ? { kind: "user", login: given.user } : undefined;
}

function basicOf(header: string): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^basic +([\w+/=-]+)$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const [user = "", ...password] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return { user, password: password.join(":") };
}

/** Whether somebody may know that a repository is there. */
export function canRead(actor: Actor | undefined, repository: GithubRepository): boolean {
  if (!repository.private) return true;
  switch (actor?.kind) {
    case "user":
      return isMember(actor.login, repository);
    case "installation":
      return covers(actor.token, repository);
    default:
      return false;
  }
}

/** octocat may do everything here; everybody else what is theirs. */
const isMember = (login: string, { owner }: GithubRepository): boolean =>
  login === DEFAULT_LOGIN || login.toLowerCase() === owner.toLowerCase();

function covers(token: InstallationToken, { owner, fullName }: GithubRepository): boolean {
  if (installationId(token.owner) !== installationId(owner)) return false;
  return token.repositories === undefined || token.repositories.includes(fullName.toLowerCase());
}

/** What a request asks of a repository: a permission of GitHub Apps; `app` when only an App may do it. */
export interface Need {
  readonly permission: string;
  readonly level: "read" | "write";
  readonly who?: "app";
}

/**
 * Refuses who may not do something, as GitHub does: what one may not see is not there.
 * @throws ApiError 401, 403 or 404
 */
export function requireAccess(actor: Actor, repository: GithubRepository, need: Need): void {
  if (!canRead(actor, repository)) throw notFound();
  const publicRead = need.level === "read" && isPublic(need.permission);
  switch (actor.kind) {
    case "anonymous":
      if (!publicRead) throw new ApiError(401, "Requires authentication");
      return;
    case "app":
      throw new ApiError(
        401,
        "A JSON web token is for the endpoints of the App; use an installation access token",
      );
    case "user":
      if (need.who === "app") throw new ApiError(403, "You must authenticate via a GitHub App.");
      if (!publicRead && !isMember(actor.login, repository)) throw notFound();
      return;
    case "installation": {
      if (publicRead && !repository.private) return;
      const granted = actor.token.permissions[need.permission];
      const enough = granted === "write" || granted === need.level;
      if (!covers(actor.token, repository) || !enough)
        throw new ApiError(403, "Resource not accessible by integration");
    }
  }
}

/** Of a public repository everybody reads what its page shows. */
const isPublic = (permission: string): boolean =>
  ["checks", "contents", "deployments", "metadata", "pull_requests", "statuses"].includes(permission);
