import { createHash, createHmac } from "node:crypto";
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { SignedAnswer, SignedPost } from "../shared/store/dynamo-http.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsRequestOptions {
  readonly region: string;
  /** `AWS_ENDPOINT_URL`; AWS itself when left out. */
  readonly endpoint?: string;
  readonly credentials: () => Credentials;
  readonly now: () => number;
}

/**
 * POST requests signed with Signature Version 4, over connections that are kept: for a function that loads in a few
 * milliseconds and makes several calls within one answer. `fetch` and the Web Cryptography API cost three times as much processor time.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function awsRequest(options: AwsRequestOptions): SignedPost {
  const { region, endpoint } = options;
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const connections = { keepAlive: true, scheduling: "lifo" } as const;
  const http = { request: httpRequest, agent: new HttpAgent(connections) };
  const https = { request: httpsRequest, agent: new HttpsAgent(connections) };
  const keys = signingKeys();
  return async ({ service, path = "/", headers, body, timeout }) => {
    const url = new URL(path, endpoint ?? `https://${service}.${region}.${domain}`);
    const { request, agent } = url.protocol === "http:" ? http : https;
    const send = () => {
      const signed = sign({ service, url, headers, body }, options, keys);
      return answerOf(request(url, { method: "POST", agent, headers: signed }), body, timeout);
    };
    try {
      return await send();
    } catch (error) {
      // A connection that was kept, and that the other side had closed when it was used again: nothing has been done.
      if (error instanceof StaleConnection) return send();
      throw error;
    }
  };
}

class StaleConnection extends Error {}

async function answerOf(sent: ClientRequest, body: string, timeout: number): Promise<SignedAnswer> {
  const late = Object.assign(new Error(`no answer within ${timeout} ms`), { name: "TimeoutError" });
  const timer = setTimeout(() => sent.destroy(late), timeout);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on("response", resolve);
      sent.on("error", (error) => {
        const isStale = sent.reusedSocket && "code" in error && error.code === "ECONNRESET";
        reject(isStale ? new StaleConnection("the connection had been closed", { cause: error }) : error);
      });
      sent.end(body);
    });
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
  } finally {
    clearTimeout(timer);
  }
}

interface Unsigned {
  readonly service: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type SigningKeys = (secret: string, day: string, region: string, service: string) => Buffer;

/** The headers with `authorization` among them. */
function sign(
  { service, url, headers, body }: Unsigned,
  { region, credentials, now }: AwsRequestOptions,
  keys: SigningKeys,
): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials();
  // 20261121T195906Z
  const date = new Date(now()).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = date.slice(0, 8);
  const all: Record<string, string> = {
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
    host: url.host,
    "x-amz-date": date,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = Object.keys(all).sort();
  const canonical = [
    "POST",
    url.pathname.split("/").map(encodeURIComponent).join("/"),
    "",
    ...names.map((name) => `${name}:${all[name]?.trim()}`),
    "",
    names.join(";"),
    sha256(body),
  ].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const signature = hmac(keys(secretAccessKey, day, region, service), toSign).toString("hex");
  const credential = `${accessKeyId}/${scope}`;
  return {
    ...all,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}

/** A key holds for a day and a service; the last of each service is kept. */
function signingKeys(): SigningKeys {
  const known = new Map<string, { readonly of: string; readonly key: Buffer }>();
  return (secret, day, region, service) => {
    const of = `${secret} ${day} ${region}`;
    const last = known.get(service);
    if (last?.of === of) return last.key;
    const key = [day, region, service, "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
    known.set(service, { of, key });
    return key;
  };
}

function sha256(data: string): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
