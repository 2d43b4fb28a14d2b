import { createSign } from "node:crypto";
import { GitHubError } from "./github-error.ts";
import type { GitHubAnswer, GitHubRequest } from "./github-http.ts";

/** Milliseconds before its expiry at which a token is no longer used. */
const SPARE = 5 * 60_000;

export interface GitHubAppKey {
  readonly appId: number;
  /** PEM, as GitHub hands it out. */
  readonly privateKey: string;
}

/**
 * What an App shows to get its tokens: valid from a minute ago, for clocks that differ, and for nine minutes more.
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 * @param now milliseconds since the epoch
 * @throws Error when the key is none; it says which field, and nothing of its value
 */
export function appJwt({ appId, privateKey }: GitHubAppKey, now: number): string {
  const issuedAt = Math.floor(now / 1000) - 60;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iat: issuedAt, exp: issuedAt + 600, iss: String(appId) };
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  try {
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
  } catch {
    throw new Error(
      "`privateKey` of the GitHub secret is no RSA private key: put the App's .pem file there as it is",
    );
  }
}

export interface InstallationTokens {
  /** A token for the repository, at least 5 minutes valid. */
  of(repository: string): Promise<string>;
  /** Forgets what GitHub no longer accepts. */
  forget(repository: string): void;
}

interface Token {
  readonly token: string;
  readonly expiresAt: number;
}

/**
 * The tokens of an App, one for each of its installations; whoever asks at once shares one request.
 * https://docs.github.com/en/rest/apps/apps
 */
export function installationTokens(
  key: GitHubAppKey,
  now: () => number,
  ask: (request: GitHubRequest) => Promise<GitHubAnswer>,
): InstallationTokens {
  const installations = new Map<string, Promise<number>>();
  const tokens = new Map<number, Promise<Token>>();
  const request = (repository: string, method: "GET" | "POST", path: string) =>
    ask({ repository, method, path, authorization: `Bearer ${appJwt(key, now())}` });

  const findInstallation = async (repository: string): Promise<number> => {
    const path = `/repos/${repository}/installation`;
    try {
      return installationOf(await request(repository, "GET", path), repository);
    } catch (error) {
      if (!(error instanceof GitHubError) || error.status !== 404) throw error;
      // Not 404: nobody is to take it for a branch or a commit that is not there.
      throw new GitHubError({ repository, method: "GET", path }, 403, "the App may not see the repository", {
        remedy: `install the GitHub App ${key.appId} on ${repository}, or take it out of the GitHub secret`,
        cause: error,
      });
    }
  };
  const createToken = async (repository: string, installation: number): Promise<Token> =>
    tokenOf(
      await request(repository, "POST", `/app/installations/${installation}/access_tokens`),
      repository,
    );

  return {
    async of(repository) {
      const installation = await shared(installations, repository, () => findInstallation(repository));
      const create = () => createToken(repository, installation);
      const made = shared(tokens, installation, create);
      const known = await made;
      if (known.expiresAt - now() >= SPARE) return known.token;
      // Of those who find it too old at once, the first takes it away; all wait for the one that follows.
      if (tokens.get(installation) === made) tokens.delete(installation);
      return (await shared(tokens, installation, create)).token;
    },
    forget(repository) {
      const installation = installations.get(repository);
      installations.delete(repository);
      void installation?.then(
        (id) => tokens.delete(id),
        () => undefined,
      );
    },
  };
}

/** What is there or on its way; a failure is not kept. */
function shared<Key, Value>(
  known: Map<Key, Promise<Value>>,
  key: Key,
  make: () => Promise<Value>,
): Promise<Value> {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  made.catch(() => {
    if (known.get(key) === made) known.delete(key);
  });
  return made;
}

function installationOf({ data }: GitHubAnswer, repository: string): number {
  if (typeof data === "object" && data !== null && "id" in data && typeof data.id === "number")
    return data.id;
  throw new Error(`GitHub's answer about the App's installation on ${repository} has no id`);
}

function tokenOf({ data }: GitHubAnswer, repository: string): Token {
  if (typeof data === "object" && data !== null && "token" in data && "expires_at" in data) {
    const expiresAt = Date.parse(String(data.expires_at));
    if (typeof data.token === "string" && Number.isFinite(expiresAt)) return { token: data.token, expiresAt };
  }
  throw new Error(`GitHub's answer to the request for a token for ${repository} has no token that expires`);
}
