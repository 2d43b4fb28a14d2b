import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyTooLarge, readBody, reply } from "../../aws/http.ts";
import { reasonOf } from "../../errors.ts";
import { type Actor, actorOf } from "../actors.ts";
import { ApiError } from "../api-error.ts";
import type { Github } from "../core.ts";
import type { Call, Reply, Route } from "./call.ts";
import { ok } from "./call.ts";
import { RateLimits } from "./rate-limits.ts";

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const PREFIX = "/github/api";
const DOCUMENTATION = "https://docs.github.com/rest";

/** Answers `/github/api/…` as https://api.github.com does. */
export function createRestApi(github: Github, routes: readonly Route[]) {
  const limits = new RateLimits(github.now);
  const rateLimit: Route = {
    method: "GET",
    path: "/rate_limit",
    run: async ({ actor }) => ok({ resources: { core: limits.of(actor) }, rate: limits.of(actor) }),
  };
  const table = [...routes, rateLimit].map((route) => ({ ...route, pattern: patternOf(route.path) }));

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let actor: Actor = { kind: "anonymous" };
    let answer: Reply;
    try {
      actor = actorOf(request, github.app);
      answer = await route(github, table, request, actor);
    } catch (error) {
      answer = failure(error, github.say, request);
    }
    const { etag, unchanged } = compare(request, answer);
    if (!unchanged) limits.count(actor);
    const headers = {
      "x-github-media-type": "github.v3; format=json",
      "x-github-api-version-selected": "2022-11-28",
      "x-github-request-id": randomUUID(),
      ...(etag === undefined ? {} : { etag }),
      ...limits.headers(actor),
      ...answer.headers,
    };
    if (unchanged) reply(response, 304, "", headers);
    else if (answer.content !== undefined) {
      reply(response, answer.status, answer.content.bytes, {
        ...headers,
        "content-type": answer.content.type,
      });
    } else if (answer.json === undefined) reply(response, answer.status, "", headers);
    else {
      const type = { "content-type": "application/json; charset=utf-8" };
      reply(response, answer.status, JSON.stringify(answer.json), { ...headers, ...type });
    }
  };
}

type Compiled = Route & { readonly pattern: RegExp };

async function route(
  github: Github,
  table: readonly Compiled[],
  request: IncomingMessage,
  actor: Actor,
): Promise<Reply> {
  const url = new URL(`${github.urls.api}${(request.url ?? "/").slice(PREFIX.length)}`);
  const path = url.pathname.slice(new URL(github.urls.api).pathname.length).replace(/(.)\/$/, "$1");
  const found = table.filter(({ pattern }) => pattern.test(path));
  const chosen = found.find(({ method }) => method === request.method);
  if (chosen === undefined) {
    const known = found.map(({ method }) => method).join(", ");
    throw new ApiError(
      found.length === 0 ? 404 : 405,
      `The local GitHub does not emulate ${request.method} ${path}${known === "" ? "" : `, but ${known}`}`,
    );
  }
  const params = Object.fromEntries(
    Object.entries(chosen.pattern.exec(path)?.groups ?? {}).map(([name, value]) => [name, decode(value)]),
  );
  const body = parseBody(await readBody(request, MAX_BODY_BYTES));
  const call: Call = { github, url, params, body, actor, accept: request.headers.accept ?? "" };
  return chosen.run(call);
}

/** `/repos/{owner}/contents/{path+}` as a regular expression with named groups. */
function patternOf(path: string): RegExp {
  const source = path
    .split(/(\{\w+\+?\})/)
    .map((part) => {
      const [, name, several] = /^\{(\w+)(\+?)\}$/.exec(part) ?? [];
      if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return several === "+" ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`;
    })
    .join("");
  return new RegExp(`^${source}$`);
}

function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new ApiError(400, "Problems parsing JSON");
  }
}

function failure(error: unknown, say: (line: string) => void, request: IncomingMessage): Reply {
  if (error instanceof ApiError) {
    const { status, message, errors } = error;
    const faults = errors.length === 0 ? {} : { errors };
    return { status, json: { message, ...faults, documentation_url: DOCUMENTATION, status: String(status) } };
  }
  if (error instanceof BodyTooLarge) {
    return {
      status: 413,
      json: { message: "Payload Too Large", documentation_url: DOCUMENTATION, status: "413" },
    };
  }
  say(`github: ${request.method} ${request.url} failed: ${reasonOf(error)}`);
  return { status: 500, json: { message: "Server Error", documentation_url: DOCUMENTATION, status: "500" } };
}

/** Conditional requests: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api */
function compare(
  request: IncomingMessage,
  answer: Reply,
): { readonly etag?: string; readonly unchanged: boolean } {
  if (request.method !== "GET" || answer.status !== 200) return { unchanged: false };
  const content = answer.content?.bytes ?? JSON.stringify(answer.json ?? null);
  const etag = `W/"${createHash("sha256").update(content).digest("hex")}"`;
  const known = (request.headers["if-none-match"] ?? "").split(/, */);
  return { etag, unchanged: known.includes(etag) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
