import { AwsError } from "../service.ts";
import { digestOf, isDigest } from "./digest.ts";
import { imageEvent } from "./image-event.ts";
import type { Manifest } from "./manifest.ts";
import { ManifestFault, parseManifest } from "./manifest.ts";
import { isTag } from "./names.ts";
import type { Registry } from "./registry.ts";
import type { Repository, StoredImage } from "./repository.ts";
import { withImage } from "./repository.ts";
import { isImmutable } from "./tag-mutability.ts";

/** ECR's limit for a manifest. */
export const manifestLimitBytes = 4 * 1024 * 1024;

export interface PutImageRequest {
  readonly repositoryName: string;
  readonly registryId?: string | undefined;
  readonly bytes: Uint8Array;
  readonly mediaType?: string | undefined;
  readonly tag?: string | undefined;
  /** What the sender says the digest is. */
  readonly digest?: string | undefined;
}

/**
 * Stores a manifest: the one way in, for PutImage and for `PUT /v2/NAME/manifests/REFERENCE`.
 *
 * @throws AwsError as documented for PutImage
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
 */
export async function putImage(registry: Registry, request: PutImageRequest): Promise<StoredImage> {
  const { repositories, blobs, context } = registry;
  const { repositoryName, bytes, tag } = request;
  repositories.find(repositoryName, request.registryId);
  if (bytes.length > manifestLimitBytes) {
    throw new AwsError(
      "InvalidParameterException",
      `The manifest is larger than ${manifestLimitBytes} bytes`,
    );
  }
  if (tag !== undefined && !isTag(tag)) {
    throw new AwsError("InvalidParameterException", `The image tag '${tag}' is not a valid tag`);
  }
  const digest = digestOf(bytes);
  if (request.digest !== undefined) checkDigest(request.digest, digest);
  const manifest = parse(bytes, request.mediaType);
  let image = describe(manifest, digest, bytes.length, context.now());
  await repositories.update(repositoryName, async (repository) => {
    checkReferences(repository, manifest);
    checkNews(repository, digest, tag);
    await blobs.put(bytes);
    image = repository.images.get(digest) ?? { ...image, imageSize: sizeOf(repository, manifest) };
    return withImage(repository, image, tag);
  });
  context.emit(imageEvent("PUSH", repositoryName, image, tag));
  return image;
}

function parse(bytes: Uint8Array, mediaType: string | undefined): Manifest {
  try {
    return parseManifest(bytes, mediaType);
  } catch (cause) {
    if (!(cause instanceof ManifestFault)) throw cause;
    throw new AwsError("InvalidParameterException", `Invalid image manifest: ${cause.message}`);
  }
}

function checkDigest(given: string, actual: string): void {
  if (!isDigest(given)) {
    throw new AwsError("InvalidParameterException", `The image digest '${given}' is not a sha256 digest`);
  }
  if (given !== actual) {
    throw new AwsError(
      "ImageDigestDoesNotMatchException",
      `The manifest's digest is ${actual}, not ${given} as the request says`,
    );
  }
}

function checkReferences(repository: Repository, manifest: Manifest): void {
  const layers = manifest.blobs.filter((digest) => !repository.layers.has(digest));
  if (layers.length > 0) {
    throw new AwsError(
      "LayersNotFoundException",
      `Layers with digests '[${[...new Set(layers)].join(", ")}]' required for pushing the image ` +
        `into the repository with name '${repository.name}' do not exist: push them first`,
    );
  }
  const children = manifest.children.filter((digest) => !repository.images.has(digest));
  if (children.length > 0) {
    throw new AwsError(
      "ReferencedImagesNotFoundException",
      `Images with digests '[${[...new Set(children)].join(", ")}]' required for pushing the image ` +
        `into the repository with name '${repository.name}' do not exist: push them first`,
    );
  }
}

function checkNews(repository: Repository, digest: string, tag: string | undefined): void {
  const tagged = tag === undefined ? undefined : repository.tags.get(tag);
  const known = repository.images.has(digest);
  if (known && (tag === undefined || tagged === digest)) {
    throw new AwsError(
      "ImageAlreadyExistsException",
      `Image with digest '${digest}'${tag === undefined ? "" : ` and tag '${tag}'`} ` +
        `already exists in the repository with name '${repository.name}'`,
    );
  }
  if (tag !== undefined && tagged !== undefined && isImmutable(repository.tagMutability, tag)) {
    throw new AwsError(
      "ImageTagAlreadyExistsException",
      `The image tag '${tag}' already exists in the '${repository.name}' repository ` +
        "and cannot be overwritten because the tag is immutable.",
    );
  }
}

function describe(manifest: Manifest, digest: string, size: number, pushedAt: number): StoredImage {
  const { mediaType, artifactType, subject, annotations, children, contentSize } = manifest;
  return {
    digest,
    mediaType,
    size,
    pushedAt,
    imageSize: contentSize,
    artifactType,
    subject,
    annotations,
    children,
  };
}

/** Of an index ECR reports the size of its largest image. */
function sizeOf(repository: Repository, manifest: Manifest): number {
  if (manifest.kind === "image") return manifest.contentSize;
  return Math.max(0, ...manifest.children.map((digest) => repository.images.get(digest)?.imageSize ?? 0));
}
