import * as z from "zod/mini";
import { GitHubError } from "./github-error.ts";
import { askGitHub, type GitHubAnswer, type GitHubRequest } from "./github-http.ts";
import { type InstallationTokens, installationTokens } from "./github-tokens.ts";

/** What the secret of a GitHub source may hold; all of it is optional, a public repository needs nothing but to be found. */
export interface GitHubSecret {
  /** The webhook's secrets: two while one replaces the other. */
  readonly webhookSecrets?: readonly string[];
  /** A personal access token; not needed beside an App. */
  readonly token?: string;
  /** The GitHub App, and its private key in PEM. */
  readonly appId?: number;
  readonly privateKey?: string;
}

export interface GitHubApiOptions {
  /** `https://api.github.com`. */
  readonly url: string;
  readonly now: () => number;
  readonly secret: () => Promise<GitHubSecret>;
  /** Milliseconds after which a request is given up; 10 seconds when left out. */
  readonly timeout?: number;
}

/** A request to GitHub's REST API on behalf of one repository (`OWNER/NAME`): whose installation's token is used. */
export interface GitHubApi {
  /** @throws GitHubError for every answer that is no success */
  request(
    repository: string,
    method: "GET" | "POST" | "PATCH",
    path: string,
    body?: unknown,
  ): Promise<GitHubAnswer>;
  /** What it authenticates as: decides between check runs and commit statuses. */
  identity(): Promise<"app" | "token" | "anonymous">;
}

/** Milliseconds for which the secret is not read again. */
const SECRET_KEPT = 5 * 60_000;
const TIMEOUT = 10_000;

const word = z.string().check(z.minLength(1, "must not be empty"));

const secretSchema = z.strictObject({
  webhookSecrets: z.exactOptional(z.array(word).check(z.minLength(1, "must hold a secret"))),
  token: z.exactOptional(word.check(z.regex(/^[\w.-]+$/, "must be a token, without spaces"))),
  appId: z.exactOptional(z.int("must be a whole number").check(z.positive("must be positive"))),
  privateKey: z.exactOptional(
    word.check(z.regex(/^\s*-----BEGIN (?:RSA )?PRIVATE KEY-----/, "must be a private key in PEM")),
  ),
});

/**
 * Reads the secret's text.
 * @throws Error naming the fields at fault, never what they hold
 */
export function parseGitHubSecret(text: string): GitHubSecret {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    // JSON.parse quotes what it does not understand.
    throw new Error('the GitHub secret is not JSON: write it as an object, e.g. {"webhookSecrets": ["…"]}');
  }
  const parsed = secretSchema.safeParse(data);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message, ...issue }) => {
      if (issue.code === "unrecognized_keys") return `it has no field ${issue.keys.join(", ")}`;
      return `${path.length === 0 ? "it" : path.join(".")} ${issue.code === "invalid_type" ? `must be of type ${issue.expected}` : message}`;
    });
    throw new Error(`the GitHub secret is not usable: ${faults.join("; ")}`);
  }
  const { appId, privateKey, ...rest } = parsed.data;
  if (appId === undefined && privateKey === undefined) return rest;
  if (appId === undefined || privateKey === undefined) {
    const missing = appId === undefined ? "appId" : "privateKey";
    throw new Error(
      `the GitHub secret is not usable: ${missing} is missing; a GitHub App needs its id and its key`,
    );
  }
  // Whoever pastes a key into JSON by hand often escapes its lines twice.
  return { ...rest, appId, privateKey: privateKey.replaceAll("\\n", "\n") };
}

/** GitHub's REST API, as the App of the secret, with its token, or as nobody. */
export function githubApi({ url, now, secret, timeout = TIMEOUT }: GitHubApiOptions): GitHubApi {
  const ask = (request: GitHubRequest) => askGitHub({ url, now, timeout }, request);
  let kept: { readonly since: number; readonly access: Promise<Access> } | undefined;
  let last: Access | undefined;

  const read = async (): Promise<Access> => {
    const found = await secret();
    last = last !== undefined && isSame(last.secret, found) ? last : accessOf(found, now, ask);
    return last;
  };
  const access = (): Promise<Access> => {
    if (kept !== undefined && now() - kept.since < SECRET_KEPT) return kept.access;
    const reading = { since: now(), access: read() };
    kept = reading;
    reading.access.catch(() => {
      if (kept === reading) kept = undefined;
    });
    return reading.access;
  };

  return {
    async request(repository, method, path, body) {
      const attempt = async () => {
        const { tokens, token } = await access();
        const bearer = tokens === undefined ? token : await tokens.of(repository);
        return ask({
          repository,
          method,
          path,
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { body }),
        });
      };
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof GitHubError) || error.status !== 401) throw error;
        // The token has been revoked, or the secret replaced: nothing was done, and it is worth one more look.
        (await access()).tokens?.forget(repository);
        kept = undefined;
        return attempt();
      }
    },
    async identity() {
      const { tokens, token } = await access();
      if (tokens !== undefined) return "app";
      return token === undefined ? "anonymous" : "token";
    },
  };
}

/** What a secret gives access with; `tokens` when it is an App. */
interface Access {
  readonly secret: GitHubSecret;
  readonly tokens?: InstallationTokens;
  readonly token?: string;
}

function accessOf(
  secret: GitHubSecret,
  now: () => number,
  ask: (request: GitHubRequest) => Promise<GitHubAnswer>,
): Access {
  const { appId, privateKey, token } = secret;
  if (appId !== undefined && privateKey !== undefined) {
    return { secret, tokens: installationTokens({ appId, privateKey }, now, ask) };
  }
  return { secret, ...(token === undefined ? {} : { token }) };
}

/** Whether the tokens at hand are those of this secret, too. */
function isSame(a: GitHubSecret, b: GitHubSecret): boolean {
  return a.appId === b.appId && a.privateKey === b.privateKey && a.token === b.token;
}
