import { generateKeyPairSync } from "node:crypto";
import { afterEach } from "@jest/globals";
import {
  type GitHubApi,
  type GitHubApiOptions,
  type GitHubSecret,
  githubApi,
} from "../../shared/effects/github-api.ts";
import { GitHubError } from "../../shared/effects/github-error.ts";
import { T0 } from "../pipeline/given.ts";
import { type GitHubServer, githubServer, type Handler } from "./github-server.ts";

/** GitHub's API against a server of our own, one for each test. */

export const REPOSITORY = "acme/web";
export const MINUTE = 60_000;
export const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const privateKey = keys.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
export const APP: GitHubSecret = { appId: 7, privateKey };

let server: GitHubServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** The API against a server that answers so; `clock.now` is its time. */
export async function given(
  handler: Handler,
  secret: GitHubSecret | (() => Promise<GitHubSecret>) = {},
  options: Partial<GitHubApiOptions> = {},
) {
  server = await githubServer(handler);
  const clock = { now: T0 };
  const api = githubApi({
    url: server.url,
    now: () => clock.now,
    secret: typeof secret === "function" ? secret : async () => secret,
    ...options,
  });
  return { api, clock, server };
}

export const failure = async (api: GitHubApi, method: "GET" | "POST" = "GET"): Promise<GitHubError> => {
  const error = await api.request(REPOSITORY, method, "/x").then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GitHubError) return error;
  throw new Error(`expected a GitHubError, not ${String(error)}`);
};

/** An App's endpoints, with tokens that are numbered and valid for an hour. */
export function appServer(now: () => number, other: Handler = () => ({})): Handler {
  let tokens = 0;
  return (seen) => {
    if (seen.path.endsWith("/installation")) return { json: { id: seen.path.includes("acme") ? 11 : 22 } };
    if (!seen.path.endsWith("/access_tokens")) return other(seen);
    tokens += 1;
    const expires = new Date(now() + 60 * MINUTE).toISOString();
    return { status: 201, json: { token: `ghs_${tokens}`, expires_at: expires } };
  };
}

export const bearers = (of: GitHubServer) =>
  of.seen.filter(({ path }) => path === "/x").map(({ headers }) => headers.authorization);
