import { createHmac } from "node:crypto";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { lightLog } from "../../functions/light-log.ts";
import { webhookHandler } from "../../functions/webhook.ts";
import type { Deps } from "../../shared/advance.ts";
import { cachedSecret } from "../../shared/effects/cached-secret.ts";
import type { GitHubSecret } from "../../shared/effects/github-api.ts";
import { githubLookups } from "../../shared/effects/github-lookups.ts";
import type { ChangedFiles } from "../../shared/intake/source.ts";
import type { GitHubSource, PipelineDefinition } from "../../shared/pipeline/definition.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { githubPipeline } from "../effects/sources.ts";
import { definition, T0 } from "../pipeline/given.ts";
import { sha } from "./payloads.ts";

/** The webhook's function with everything around it replaced by what a test says. */

export const SECRET = "local-webhook-secret";

export interface Sent {
  readonly event?: string;
  readonly id?: string;
  readonly secret?: string;
  /** More headers, or others. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the body as API Gateway does when the type is not one of text. */
  readonly base64?: boolean;
}

export const hmac = (algorithm: "sha1" | "sha256", secret: string, body: string) =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest("hex")}`;

/** A delivery as API Gateway hands it in (payload format 2.0), signed as GitHub signs. */
export function request(
  payload: unknown,
  { event = "push", id = "delivery-1", secret = SECRET, headers = {}, base64 = false }: Sent = {},
): APIGatewayProxyEventV2 {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  return {
    version: "2.0",
    routeKey: "POST /webhooks/github",
    rawPath: "/webhooks/github",
    rawQueryString: "",
    headers: {
      "content-type": "application/json",
      "x-github-event": event,
      "x-github-delivery": id,
      "x-hub-signature-256": hmac("sha256", secret, body),
      ...headers,
    },
    requestContext: {
      accountId: "000000000000",
      apiId: "api",
      domainName: "api.example.com",
      domainPrefix: "api",
      http: {
        method: "POST",
        path: "/webhooks/github",
        protocol: "HTTP/1.1",
        sourceIp: "192.0.2.1",
        userAgent: "GitHub-Hookshot/1",
      },
      requestId: "request-1",
      routeKey: "POST /webhooks/github",
      stage: "$default",
      time: "21/Nov/2026:09:00:00 +0000",
      timeEpoch: T0,
    },
    body: base64 ? Buffer.from(body).toString("base64") : body,
    isBase64Encoded: base64,
  };
}

/** A pipeline that follows acme/hello; `source` changes what it wants of it. */
export function atGitHub(source: Partial<GitHubSource> = {}, name = "hello"): PipelineDefinition {
  return githubPipeline({ name, stages: definition().stages }, { repository: "acme/hello", ...source });
}

interface Setting {
  readonly pipelines?: readonly PipelineDefinition[];
  readonly store?: Store;
  /** What Secrets Manager holds, at each reading. */
  readonly secret?: () => Promise<GitHubSecret>;
  readonly changedFiles?: (from: string, to: string) => Promise<ChangedFiles>;
  /** What `GET /repos/…` answers. */
  readonly api?: (path: string) => Promise<unknown>;
  readonly open?: (runId: string) => Promise<void>;
  readonly now?: () => number;
}

export function webhook({
  pipelines = [atGitHub()],
  store = memoryStore(),
  secret = async () => ({ webhookSecrets: [SECRET] }),
  changedFiles = () => Promise.reject(new Error("nobody asks what has changed")),
  api = () => Promise.reject(new Error("nobody asks GitHub")),
  open = async () => {},
  now = () => T0,
}: Setting = {}) {
  const lines: Record<string, unknown>[] = [];
  const opened: string[] = [];
  const log = lightLog("tandem", now, (line) => void lines.push(JSON.parse(line)));
  const deps: Deps = { store, now, perform: () => Promise.reject(new Error("the webhook performs nothing")) };
  const handler = webhookHandler(
    {
      deps,
      log,
      secret: cachedSecret(secret, now),
      lookups: () =>
        githubLookups(
          {
            request: async (_repository, _method, path) => ({ status: 200, data: await api(path) }),
            identity: async () => "anonymous",
          },
          { changedFiles: (_repository, from, to) => changedFiles(from, to) },
          50,
          (question, reason) => log.warn("GitHub did not tell", { question, reason }),
        ),
      open: async (pipeline, runId) => {
        opened.push(`${pipeline} ${runId}`);
        await open(runId);
      },
    },
    pipelines,
  );
  return {
    deps,
    store,
    lines,
    opened,
    /** The status, and the body read as JSON. */
    send: async (payload: unknown, sent: Sent = {}) => {
      const { statusCode, body = "" } = await handler(request(payload, sent));
      const read: unknown = JSON.parse(body);
      return { status: statusCode, body: read };
    },
  };
}

/** What is recorded of the commit of a letter. */
export const outcomes = async (store: Store, letter: string) =>
  (await store.deliveries.ofCommit(sha(letter))).map(({ id, pipeline, trigger, outcome }) => ({
    id,
    pipeline,
    trigger,
    outcome,
  }));

/** What has been accepted and not opened. */
export const waiting = async (store: Store, pipeline = "hello") =>
  (await store.intake.after(pipeline, 0, 10)).map(({ slot }) => (slot.type === "run" ? slot.run : slot.type));
