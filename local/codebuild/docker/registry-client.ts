import { request } from "node:http";
import { request as requestTls } from "node:https";
import type { Readable } from "node:stream";
import { z } from "zod";
import type { ImageStore } from "../../builder/image-store.ts";
import { UsageError } from "./flags.ts";
import { childrenOf, type Descriptor, digestOf } from "./image.ts";

const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** What `aws ecr get-login-password` gives a build; the local registry takes anything. */
const AUTHORIZATION = `Basic ${Buffer.from("AWS:tandem-local-registry").toString("base64")}`;

const errorBody = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().optional() })),
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

interface Question {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
}

export interface Manifest {
  readonly descriptor: Descriptor;
  readonly content: Buffer;
}

/** One repository of an OCI registry, https://github.com/opencontainers/distribution-spec/blob/main/spec.md. */
export interface RemoteRepository {
  /** @throws UsageError when there is none */
  manifest(reference: string): Promise<Manifest>;
  blob(digest: string): Promise<Buffer>;
  hasBlob(digest: string): Promise<boolean>;
  /** Pushes an image: the blobs that are missing, then its manifest under every reference (tags, or its digest). */
  push(store: ImageStore, manifest: Descriptor, references: readonly string[]): Promise<void>;
}

/** Opens a repository. Loopback hosts are spoken to without TLS, as docker does. */
export function remoteRepository(host: string, repository: string, signal: AbortSignal): RemoteRepository {
  const base = `${isLoopback(host) ? "http" : "https"}://${host}/v2/${repository}`;
  const ask = (question: Question) => send(question, signal);
  const refuse = (what: string, answer: Answer) => new UsageError(`${what}: ${explain(answer)}`);

  const pushBlob = async (store: ImageStore, { digest, size }: Descriptor) => {
    const head = await ask({ method: "HEAD", url: new URL(`${base}/blobs/${digest}`) });
    if (head.status === 200) return;
    const started = await ask({
      method: "POST",
      url: new URL(`${base}/blobs/uploads/`),
      headers: { "content-length": "0" },
    });
    const location = started.headers.location;
    if (started.status !== 202 || typeof location !== "string") {
      throw refuse(`failed to push ${host}/${repository}`, started);
    }
    const url = new URL(location, base);
    url.searchParams.set("digest", digest);
    const put = await ask({
      method: "PUT",
      url,
      headers: { "content-type": "application/octet-stream", "content-length": String(size) },
      body: store.read(digest),
    });
    if (put.status !== 201) throw refuse(`failed to push ${host}/${repository}`, put);
  };

  return {
    manifest: async (reference) => {
      const answer = await ask({
        method: "GET",
        url: new URL(`${base}/manifests/${reference}`),
        headers: { accept: MANIFEST_TYPES.join(", ") },
      });
      const separator = reference.startsWith("sha256:") ? "@" : ":";
      const name = `${host}/${repository}${separator}${reference}`;
      if (answer.status !== 200) throw refuse(name, answer);
      const mediaType = String(answer.headers["content-type"] ?? "").split(";")[0] ?? "";
      const digest = digestOf(answer.body);
      if (separator === "@" && digest !== reference)
        throw new UsageError(`${name}: the registry sent ${digest}`);
      return { descriptor: { mediaType, digest, size: answer.body.length }, content: answer.body };
    },
    blob: async (digest) => {
      const answer = await follow(ask, new URL(`${base}/blobs/${digest}`));
      if (answer.status !== 200) throw refuse(`${host}/${repository}@${digest}`, answer);
      return answer.body;
    },
    hasBlob: async (digest) =>
      (await ask({ method: "HEAD", url: new URL(`${base}/blobs/${digest}`) })).status === 200,
    push: async (store, manifest, references) => {
      const { config, layers } = await childrenOf(store, manifest.digest);
      const blobs = new Map([...layers, config].map((blob) => [blob.digest, blob]));
      await Promise.all([...blobs.values()].map((blob) => pushBlob(store, blob)));
      const content = await store.bytes(manifest.digest);
      for (const reference of references) {
        const answer = await ask({
          method: "PUT",
          url: new URL(`${base}/manifests/${reference}`),
          headers: { "content-type": manifest.mediaType, "content-length": String(content.length) },
          body: content,
        });
        if (answer.status !== 201) throw refuse(`failed to push ${host}/${repository}`, answer);
      }
    },
  };
}

/** The registry may hand out a presigned address, which must not be sent the password of the first. */
async function follow(ask: (question: Question) => Promise<Answer>, url: URL): Promise<Answer> {
  const answer = await ask({ method: "GET", url });
  const location = answer.headers.location;
  if (answer.status < 300 || answer.status >= 400 || typeof location !== "string") return answer;
  return ask({ method: "GET", url: new URL(location, url), headers: { authorization: "" } });
}

function send(question: Question, signal: AbortSignal): Promise<Answer> {
  const { method, url, body } = question;
  const headers: Record<string, string> = { authorization: AUTHORIZATION, ...question.headers };
  if (headers.authorization === "") delete headers.authorization;
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new UsageError(`${url.host} cannot be reached: ${error.message}`));
    const outgoing = (url.protocol === "https:" ? requestTls : request)(url, { method, headers, signal });
    outgoing.once("error", fail);
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", fail);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    if (body === undefined) outgoing.end();
    else if (Buffer.isBuffer(body)) outgoing.end(body);
    else {
      body.once("error", (error) => outgoing.destroy(error));
      body.pipe(outgoing);
    }
  });
}

function explain(answer: Answer): string {
  const parsed = errorBody.safeParse(json(answer.body));
  const first = parsed.success ? parsed.data.errors[0] : undefined;
  return first === undefined ? `HTTP status ${answer.status}` : `${first.code}: ${first.message ?? ""}`;
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

export function isLoopback(host: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/.test(host);
}
