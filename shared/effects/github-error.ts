import { redact } from "../pipeline/redact.ts";

/** A request to GitHub, as errors name it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  /** `OWNER/NAME` on whose behalf it was asked. */
  readonly repository: string;
}

/**
 * What GitHub answered instead of what was asked for; or that it did not answer, then the status is 0. Never holds a
 * token or a key.
 */
export class GitHubError extends Error {
  readonly status: number;
  /** Of a rate limit: milliseconds since the epoch at which GitHub answers again. */
  readonly until?: number;

  constructor(
    asked: Asked,
    status: number,
    reason: string,
    {
      until,
      remedy,
      cause,
    }: { readonly until?: number; readonly remedy?: string; readonly cause?: unknown } = {},
  ) {
    const what = `${asked.method} ${asked.path} for ${asked.repository}`;
    const said = status === 0 ? `GitHub gave no answer to ${what}` : `GitHub answered ${status} to ${what}`;
    const then = remedy === undefined ? "" : `; ${remedy}`;
    super(`${said}: ${redact(reason).slice(0, 300)}${then}`, cause === undefined ? undefined : { cause });
    this.name = "GitHubError";
    this.status = status;
    if (until !== undefined) this.until = until;
  }

  /** Whether asking again as it is will be answered alike; time-outs, faults of GitHub and rate limits may pass. */
  get isFinal(): boolean {
    return this.until === undefined && this.status >= 300 && this.status < 500 && this.status !== 408;
  }
}

/**
 * The error that an answer is.
 * @param now milliseconds since the epoch
 */
export function errorOf(
  asked: Asked,
  status: number,
  headers: Headers,
  data: unknown,
  now: number,
): GitHubError {
  const reason = messageOf(data);
  const until = limitedUntil(status, headers, reason, now);
  if (until !== undefined) {
    const remedy = `the rate limit is used up: GitHub answers again at ${new Date(until).toISOString()}`;
    return new GitHubError(asked, status, reason, { until, remedy });
  }
  const remedy = remedyOf(status, headers.get("x-accepted-github-permissions"), asked.repository);
  return new GitHubError(asked, status, reason, remedy === undefined ? {} : { remedy });
}

/** GitHub's own words, with the fields that a 422 finds fault with. */
function messageOf(data: unknown): string {
  if (typeof data !== "object" || data === null || !("message" in data)) return "without a reason";
  const details = "errors" in data && Array.isArray(data.errors) ? data.errors.flatMap(detailOf) : [];
  return [String(data.message), ...details].join(", ");
}

function detailOf(error: unknown): readonly string[] {
  if (typeof error === "string") return [error];
  if (typeof error !== "object" || error === null) return [];
  if ("message" in error) return [String(error.message)];
  return "field" in error && "code" in error ? [`${String(error.field)} is ${String(error.code)}`] : [];
}

/**
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: wait for `retry-after`, else until the
 * reset of a limit that is used up, else a minute.
 */
function limitedUntil(status: number, headers: Headers, reason: string, now: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(after)) return now + after * 1000;
  const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
  if (headers.get("x-ratelimit-remaining") === "0" && Number.isFinite(reset)) return reset * 1000;
  return status === 429 || /rate limit/i.test(reason) ? now + 60_000 : undefined;
}

function remedyOf(status: number, permissions: string | null, repository: string): string | undefined {
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return `${repository} has been renamed or moved: write its name of today into the pipeline`;
    case 401:
      return "put a valid token, or the App's id and its private key, into the GitHub secret";
    case 403:
      return permissions === null || permissions === ""
        ? `give the GitHub App or the token more rights on ${repository}`
        : `give the GitHub App or the token these rights on ${repository}: ${permissions}`;
    case 404:
      return `look whether ${repository} has it, and whether the GitHub App or the token may see ${repository}`;
    default:
      return undefined;
  }
}
