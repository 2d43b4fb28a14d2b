import type { IncomingMessage, ServerResponse } from "node:http";
import { isRepositoryName } from "../names.ts";
import type { Registry } from "../registry.ts";
import { deleteBlob, getBlob } from "./blobs.ts";
import type { Handler } from "./exchange.ts";
import { sendBytes } from "./exchange.ts";
import { catalog, listReferrers, listTags } from "./lists.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { asOciError, OciError } from "./oci-error.ts";
import { beginUpload, cancelUpload, continueUpload, finishUpload, uploadStatus } from "./uploads.ts";

interface Route {
  /** Groups: the repository's name, then the reference. */
  readonly path: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

const ping: Handler = async (exchange) =>
  sendBytes(exchange, 200, "{}", { "Content-Type": "application/json" });

/**
 * The end points of the specification. A name may hold any of the fixed words, so the last one in the path counts.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints
 */
const routes: readonly Route[] = [
  { path: /^\/v2\/?$/, methods: { GET: ping, HEAD: ping } },
  { path: /^\/v2\/_catalog$/, methods: { GET: catalog } },
  { path: /^\/v2\/(.+)\/tags\/list$/, methods: { GET: listTags } },
  { path: /^\/v2\/(.+)\/blobs\/uploads\/?$/, methods: { POST: beginUpload } },
  {
    path: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: { GET: uploadStatus, PATCH: continueUpload, PUT: finishUpload, DELETE: cancelUpload },
  },
  { path: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob } },
  {
    path: /^\/v2\/(.+)\/manifests\/([^/]+)$/,
    methods: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  },
  { path: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: { GET: listReferrers } },
];

/**
 * Serves the OCI distribution API, version 1.1, as ECR does: repositories are not created by a push. Any credentials are
 * accepted, and none are asked for: the endpoint listens on the loopback only.
 */
export async function serveRegistry(
  registry: Registry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
  try {
    await dispatch(registry, request, response);
  } catch (error) {
    const known = asOciError(error);
    if (!known && clientLeft(request, response)) return;
    const { status, code, message, headers } =
      known ?? new OciError(500, "UNKNOWN", error instanceof Error ? error.message : String(error));
    if (!known) registry.context.say(`registry: ${request.method} ${request.url}: ${message}`);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // Lets the client read this answer although it may still be sending.
    request.resume();
    const body = JSON.stringify({ errors: [{ code, message }] });
    sendBytes({ request, response }, status, body, { ...headers, "Content-Type": "application/json" });
  }
}

async function dispatch(
  registry: Registry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", "http://registry.invalid");
  const path = decode(url.pathname);
  for (const route of routes) {
    const match = route.path.exec(path);
    if (!match) continue;
    const [, name = "", reference = ""] = match;
    if (match[1] !== undefined && !isRepositoryName(name)) {
      throw new OciError(400, "NAME_INVALID", `'${name}' cannot be the name of a repository`);
    }
    const handler = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
    if (!handler) {
      const allow = Object.keys(route.methods).join(", ");
      throw new OciError(405, "UNSUPPORTED", `${method} ${path} is not supported`, { Allow: allow });
    }
    return handler({ registry, request, response, method, query: url.searchParams, name, reference });
  }
  throw new OciError(404, "UNSUPPORTED", `The registry serves no ${path}`);
}

/** The other side hung up: nobody reads an answer, and it is nobody's fault here. */
function clientLeft(request: IncomingMessage, response: ServerResponse): boolean {
  return (request.destroyed && !request.complete) || response.destroyed;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
