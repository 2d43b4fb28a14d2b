import { AwsError } from "../../service.ts";
import { deleteImage, deleteTag } from "../delete-image.ts";
import { digestOf, isDigest } from "../digest.ts";
import { isTag } from "../names.ts";
import { manifestLimitBytes, putImage } from "../put-image.ts";
import type { StoredImage } from "../repository.ts";
import type { Exchange } from "./exchange.ts";
import { readBody, sendBytes, sendEmpty } from "./exchange.ts";
import { OciError } from "./oci-error.ts";

/**
 * GET and HEAD of a manifest by tag or digest: the bytes and the media type it was stored with,
 * whatever the client says it accepts.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
 */
export async function getManifest(exchange: Exchange): Promise<void> {
  const { registry } = exchange;
  const image = find(exchange);
  sendBytes(exchange, 200, await registry.blobs.bytes(image.digest), {
    "Content-Type": image.mediaType,
    "Docker-Content-Digest": image.digest,
    ETag: `"${image.digest}"`,
  });
}

/** PUT of a manifest under a tag or its digest. */
export async function putManifest(exchange: Exchange): Promise<void> {
  const { registry, request, response, name, reference } = exchange;
  const bytes = await readBody(request, manifestLimitBytes);
  registry.repositories.find(name);
  if (bytes === undefined) {
    throw new OciError(413, "MANIFEST_INVALID", `The manifest is larger than ${manifestLimitBytes} bytes`);
  }
  const target = referenceOf(reference);
  const mediaType = request.headers["content-type"]?.split(";")[0]?.trim();
  const subject = await store(exchange, { repositoryName: name, bytes, mediaType, ...target });
  const digest = digestOf(bytes);
  sendEmpty(response, 201, {
    Location: `/v2/${name}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    // Says that the referrers API knows of it, so that the client need not keep a list of its own.
    ...(subject === undefined ? {} : { "OCI-Subject": subject }),
  });
}

/** DELETE of a tag, or of an image with all its tags. */
export async function deleteManifest(exchange: Exchange): Promise<void> {
  const { registry, response, name, reference } = exchange;
  registry.repositories.find(name);
  if (isDigest(reference)) await deleteImage(registry, name, reference);
  else await deleteTag(registry, name, reference, true);
  sendEmpty(response, 202, {});
}

async function store(
  { registry, name }: Exchange,
  request: Parameters<typeof putImage>[1],
): Promise<string | undefined> {
  try {
    return (await putImage(registry, request)).subject;
  } catch (error) {
    // Pushing what is there already is no error for a registry's client.
    if (!(error instanceof AwsError) || error.code !== "ImageAlreadyExistsException") throw error;
    return registry.repositories.find(name).images.get(digestOf(request.bytes))?.subject;
  }
}

function referenceOf(reference: string): { readonly tag: string } | { readonly digest: string } {
  if (isTag(reference)) return { tag: reference };
  if (isDigest(reference)) return { digest: reference };
  throw new OciError(400, "MANIFEST_INVALID", `'${reference}' is neither a tag nor a sha256 digest`);
}

function find({ registry, name, reference }: Exchange): StoredImage {
  const repository = registry.repositories.find(name);
  const digest = isDigest(reference) ? reference : repository.tags.get(reference);
  const image = digest === undefined ? undefined : repository.images.get(digest);
  if (image) return image;
  throw new OciError(404, "MANIFEST_UNKNOWN", `The repository ${name} has no image ${reference}`);
}
