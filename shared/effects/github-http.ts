import { type Asked, errorOf, GitHubError } from "./github-error.ts";

/** One request; who asks is decided elsewhere. */
export interface GitHubRequest extends Asked {
  readonly method: "GET" | "POST" | "PATCH";
  /** From `/`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** The header's value; absent, nobody in particular asks. */
  readonly authorization?: string;
}

export interface GitHubAnswer {
  readonly status: number;
  readonly data: unknown;
  /** The path of the next page. */
  readonly next?: string;
}

export interface GitHubHttpOptions {
  readonly url: string;
  readonly now: () => number;
  /** Milliseconds for a request and its answer. */
  readonly timeout: number;
}

/**
 * Asks GitHub once; what only reads is asked a second time when GitHub fails or is silent.
 * @throws GitHubError
 */
export async function askGitHub(options: GitHubHttpOptions, request: GitHubRequest): Promise<GitHubAnswer> {
  try {
    return await askOnce(options, request);
  } catch (error) {
    const passing = error instanceof GitHubError && (error.status === 0 || error.status >= 500);
    if (!passing || request.method !== "GET") throw error;
    return await askOnce(options, request);
  }
}

async function askOnce(
  { url, now, timeout }: GitHubHttpOptions,
  request: GitHubRequest,
): Promise<GitHubAnswer> {
  const { method, path, authorization, body } = request;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url.replace(/\/+$/, "")}${path}`, {
      method,
      // A POST that follows a redirection becomes a GET.
      redirect: method === "GET" ? "follow" : "manual",
      signal: AbortSignal.timeout(timeout),
      headers: {
        accept: "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": "tandem",
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    text = await response.text();
  } catch (cause) {
    throw new GitHubError(request, 0, silence(cause, timeout), { cause });
  }
  const data = parse(text);
  if (!response.ok) throw errorOf(request, response.status, response.headers, data, now());
  if (data === undefined && text !== "") throw new GitHubError(request, 502, "the answer is not JSON");
  const next = nextOf(response.headers.get("link"), url);
  return { status: response.status, data, ...(next === undefined ? {} : { next }) };
}

/** Of what `fetch` throws, the reason below it: its own words are "fetch failed". */
function silence(cause: unknown, timeout: number): string {
  if (typeof cause !== "object" || cause === null) return String(cause);
  if ("name" in cause && cause.name === "TimeoutError") return `nothing within ${timeout / 1000} s`;
  if ("cause" in cause && cause.cause !== undefined) return silence(cause.cause, timeout);
  return "message" in cause && cause.message !== "" ? String(cause.message) : String(cause);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The path of `rel="next"`, below the API's own address: a token never goes to another host because an answer says so.
 * https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
 */
function nextOf(link: string | null, url: string): string | undefined {
  const address = /<([^<>]+)>;[^,<]*\brel="next"/.exec(link ?? "")?.[1];
  if (address === undefined || !URL.canParse(address)) return undefined;
  const base = new URL(url).pathname.replace(/\/+$/, "");
  const { pathname, search } = new URL(address);
  return `${pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : pathname}${search}`;
}
