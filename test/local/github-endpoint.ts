import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createAppAuth } from "@octokit/auth-app";
import { request } from "@octokit/request";
import { CallLog } from "../../local/aws/call-log.ts";
import { AwsEndpoint } from "../../local/aws/endpoint.ts";
import { FaultSwitch } from "../../local/aws/faults.ts";
import { readBody } from "../../local/aws/http.ts";
import { createGithub, type GithubService } from "../../local/github/service.ts";
import { LocalServer } from "../../local/server.ts";
import type { LocalService } from "../../local/service.ts";
import { type Detail, isDetail } from "./codebuild-endpoint.ts";

/** One webhook as a receiver sees it. */
export interface Received {
  readonly event: string;
  readonly guid: string;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  readonly payload: Detail;
  /** When it came, on a clock that only goes forward. */
  readonly at: number;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** What it answers with; 202 until told. */
  answer: number;
  /** Resolves with the first that fits, those of the past included. */
  first(matches: (one: Received) => boolean): Promise<Received>;
  /** Resolves once this many fit. */
  count(number: number, matches: (one: Received) => boolean): Promise<readonly Received[]>;
  close(): Promise<void>;
}

/** A web server that remembers what is posted to it. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (incoming, response) => {
    const raw = await readBody(incoming, 64 * 1024 * 1024);
    const { headers } = incoming;
    const type = headers["content-type"] ?? "";
    const text = raw.toString("utf8");
    const parsed: unknown = JSON.parse(
      type.includes("form") ? (new URLSearchParams(text).get("payload") ?? "") : text,
    );
    received.push({
      event: String(headers["x-github-event"]),
      guid: String(headers["x-github-delivery"]),
      payload: isDetail(parsed) ? parsed : {},
      at: performance.now(),
      ...{ headers, raw },
    });
    response.writeHead(receiver.answer, { "content-type": "text/plain" }).end("thank you");
    for (const watcher of watchers) watcher();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const count: Receiver["count"] = (number, matches) =>
    new Promise((resolve) => {
      const look = () => {
        const found = received.filter(matches);
        if (found.length < number) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answer: 202,
    count,
    first: async (matches) => {
      const [found] = await count(1, matches);
      if (found === undefined) throw new Error("nothing was received");
      return found;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

/** Whether a webhook was signed with a secret, as GitHub's documentation says to check it. */
export function isSigned({ headers, raw }: Received, secret: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(raw).digest("hex")}`);
  const given = Buffer.from(String(headers["x-hub-signature-256"]));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export interface GithubEndpoint {
  readonly url: string;
  readonly github: GithubService;
  readonly said: readonly string[];
  readonly receiver: Receiver;
  /** Octokit, with a plain token unless told; `null` for nobody's. */
  octokit(token?: string | null): typeof request;
  /** Octokit as the App's installation of an owner does it. */
  appOctokit(owner: string, repo: string, options?: Detail): Promise<typeof request>;
  /** Octokit with the App's own JSON Web Token. */
  appRequest(): typeof request;
  local(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: Detail }>;
  stop(): Promise<void>;
}

export interface GithubEndpointOptions {
  readonly stateDir: string;
  readonly webhookSecret?: string;
  readonly now?: () => number;
}

const USER_TOKEN = "local-github-token";

/** The stand-in for GitHub behind a real HTTP server on a free port, and somebody who receives its webhooks. */
export async function startGithub(options: GithubEndpointOptions): Promise<GithubEndpoint> {
  const server = await LocalServer.listen(0);
  const receiver = await startReceiver();
  const url = `http://127.0.0.1:${server.port}`;
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const now = options.now ?? Date.now;
  const end = async (): Promise<void> => {
    await server.close();
    await receiver.close();
  };
  const github = await createGithub(
    { url, stateDir: options.stateDir, now, say },
    {
      webhookTarget: receiver.url,
      ...(options.webhookSecret === undefined ? {} : { webhookSecret: options.webhookSecret }),
    },
  ).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const services = new Map<string, LocalService>([["github", github]]);
  const answer404: Parameters<LocalServer["serve"]>[0]["control"] = async (_, response) => {
    response.writeHead(404).end();
  };
  server.serve({
    endpoint: new AwsEndpoint({
      ...{ services, faults: new FaultSwitch(), calls: new CallLog(), now, say },
      accountId: "000000000000",
    }),
    services: services.values(),
    gateway: { handle: answer404 },
    control: answer404,
    say,
  });
  const base = request.defaults({ baseUrl: github.urls.api });
  const credentials = (): { readonly appId: number; readonly privateKey: string } =>
    JSON.parse(github.secret());
  return {
    ...{ url, github, said, receiver },
    octokit: (token = USER_TOKEN) =>
      token === null ? base : base.defaults({ headers: { authorization: `token ${token}` } }),
    appRequest: () => {
      const auth = createAppAuth({ ...credentials(), request: base });
      return base.defaults({ request: { hook: auth.hook } });
    },
    appOctokit: async (owner, repo, more = {}) => {
      const auth = createAppAuth({ ...credentials(), request: base });
      const asApp = base.defaults({ request: { hook: auth.hook } });
      const { data } = await asApp("GET /repos/{owner}/{repo}/installation", { owner, repo });
      const { token } = await auth({ type: "installation", installationId: data.id, ...more });
      return base.defaults({ headers: { authorization: `Bearer ${token}` } });
    },
    local: async (method, path, body) => {
      const response = await fetch(`${url}/_local/github/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const json: unknown = await response.json();
      return { status: response.status, body: isDetail(json) ? json : {} };
    },
    stop: async () => {
      await github.close();
      await end();
    },
  };
}
