import { isDigest } from "../digest.ts";
import { withLayer } from "../repository.ts";
import type { Upload } from "../uploads.ts";
import type { Exchange } from "./exchange.ts";
import { sendEmpty } from "./exchange.ts";
import { OciError } from "./oci-error.ts";

/**
 * POST: begins an upload; with `?digest=` the body is the whole blob; with `?mount=&from=` the blob
 * is taken over from another repository if that has it.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-blobs
 */
export async function beginUpload(exchange: Exchange): Promise<void> {
  const { registry, request, response, query, name } = exchange;
  registry.repositories.find(name);
  const mount = query.get("mount");
  if (mount !== null && (await mounted(exchange, mount, query.get("from"))))
    return sendStored(exchange, mount);
  const digest = query.get("digest");
  if (digest !== null) checkDigest(digest);
  const upload = await registry.uploads.begin(name);
  if (digest === null) return sendEmpty(response, 202, progress(upload));
  try {
    await upload.append(request);
  } catch (cause) {
    await registry.uploads.cancel(upload);
    throw cause;
  }
  await complete(exchange, upload, digest);
}

/** PATCH: the next chunk. */
export async function continueUpload(exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const upload = find(exchange);
  await upload.alone(async () => {
    checkPosition(request.headers["content-range"], upload);
    await upload.append(request);
  });
  sendEmpty(response, 202, progress(upload));
}

/** PUT: the last chunk, if there is one in the body, and the digest of it all. */
export async function finishUpload(exchange: Exchange): Promise<void> {
  const { request, query } = exchange;
  const upload = find(exchange);
  const digest = query.get("digest") ?? "";
  checkDigest(digest);
  await upload.alone(async () => {
    checkPosition(request.headers["content-range"], upload);
    await upload.append(request);
    await complete(exchange, upload, digest);
  });
}

/** GET: how far the upload has come, to resume it. Waits for a chunk that is still being received or has just broken off. */
export async function uploadStatus(exchange: Exchange): Promise<void> {
  const upload = find(exchange);
  await upload.alone(async () => sendEmpty(exchange.response, 204, progress(upload)));
}

/** DELETE: cancels the upload. */
export async function cancelUpload(exchange: Exchange): Promise<void> {
  const upload = find(exchange);
  await upload.alone(() => exchange.registry.uploads.cancel(upload));
  sendEmpty(exchange.response, 204, {});
}

function find({ registry, name, reference }: Exchange): Upload {
  registry.repositories.find(name);
  const upload = registry.uploads.find(name, reference);
  if (upload) return upload;
  throw new OciError(404, "BLOB_UPLOAD_UNKNOWN", `There is no upload ${reference} into ${name}: begin again`);
}

async function mounted({ registry, name }: Exchange, digest: string, from: string | null): Promise<boolean> {
  if (from === null || !registry.repositories.get(from)?.layers.has(digest)) return false;
  if ((await registry.blobs.size(digest)) === undefined) return false;
  await registry.repositories.update(name, (repository) => withLayer(repository, digest));
  return true;
}

async function complete(exchange: Exchange, upload: Upload, digest: string): Promise<void> {
  const { registry, name } = exchange;
  const outcome = await registry.uploads.complete(upload, digest);
  if (outcome !== "stored") {
    throw new OciError(
      400,
      "DIGEST_INVALID",
      `The content's digest is ${outcome.actual}, not ${digest} as the request says`,
    );
  }
  await registry.repositories.update(name, (repository) => withLayer(repository, digest));
  sendStored(exchange, digest);
}

function sendStored({ response, name }: Exchange, digest: string): void {
  sendEmpty(response, 201, { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest });
}

function progress(upload: Upload): Record<string, string> {
  return {
    Location: `/v2/${upload.repositoryName}/blobs/uploads/${upload.id}`,
    "Docker-Upload-UUID": upload.id,
    Range: `0-${Math.max(0, upload.size - 1)}`,
  };
}

/** A chunk that says where it belongs must belong at the end of what is there. */
function checkPosition(contentRange: string | undefined, upload: Upload): void {
  if (contentRange === undefined) return;
  const match = /^(?:bytes )?(\d+)-(\d+)(?:\/.*)?$/.exec(contentRange);
  if (match && Number(match[1]) === upload.size) return;
  throw new OciError(
    416,
    "BLOB_UPLOAD_INVALID",
    `The chunk ${contentRange} does not follow the ${upload.size} bytes received`,
    progress(upload),
  );
}

function checkDigest(digest: string): void {
  if (isDigest(digest)) return;
  throw new OciError(
    400,
    "DIGEST_INVALID",
    `'${digest}' is not a sha256 digest: give it as ?digest=sha256:HEX`,
  );
}
