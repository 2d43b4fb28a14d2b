import { pipeline } from "node:stream/promises";
import { isDigest } from "../digest.ts";
import type { Exchange } from "./exchange.ts";
import { sendEmpty } from "./exchange.ts";
import { OciError } from "./oci-error.ts";

/**
 * GET and HEAD of a blob, whole or a range of it.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-blobs
 */
export async function getBlob({ registry, request, response, name, reference }: Exchange): Promise<void> {
  const repository = registry.repositories.find(name);
  if (!isDigest(reference)) throw new OciError(400, "DIGEST_INVALID", `${reference} is not a sha256 digest`);
  const size = repository.layers.has(reference) ? await registry.blobs.size(reference) : undefined;
  if (size === undefined) {
    throw new OciError(404, "BLOB_UNKNOWN", `The repository ${name} has no blob ${reference}`);
  }
  const headers = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": reference,
    "Accept-Ranges": "bytes",
    ETag: `"${reference}"`,
  };
  const range = parseRange(request.headers.range, size);
  const length = range ? range.end - range.start + 1 : size;
  response.writeHead(range ? 206 : 200, {
    ...headers,
    "Content-Length": length,
    ...(range ? { "Content-Range": `bytes ${range.start}-${range.end}/${size}` } : {}),
  });
  if (request.method === "HEAD" || length === 0) response.end();
  else await pipeline(registry.blobs.read(reference, range), response);
}

/** DELETE of a blob: ECR has no such operation, layers go with the images that use them. */
export async function deleteBlob({ response }: Exchange): Promise<void> {
  sendEmpty(response, 405, { Allow: "GET, HEAD" });
}

/**
 * One range of bytes; anything else in the header is ignored, as HTTP allows.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range
 */
function parseRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [, from = "", to = ""] = match;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (start >= size) {
    throw new OciError(416, "RANGE_INVALID", `The blob has ${size} bytes`, {
      "Content-Range": `bytes */${size}`,
    });
  }
  return end < start ? undefined : { start, end };
}
