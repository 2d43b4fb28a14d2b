import { AwsError } from "../service.ts";
import { imageEvent } from "./image-event.ts";
import type { Registry } from "./registry.ts";
import type { Repository, StoredImage } from "./repository.ts";
import { indexesListing, tagsOf, withoutImage, withoutTag } from "./repository.ts";

/** What is gone: each tag with its digest, or the digest alone of an untagged image. */
export interface Removed {
  readonly imageDigest: string;
  readonly imageTag?: string;
}

/**
 * Removes an image and its tags.
 *
 * @throws AwsError ImageNotFound, or ImageReferencedByManifestList while an index lists it: the failure codes of BatchDeleteImage
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
 */
export async function deleteImage(
  registry: Registry,
  repositoryName: string,
  digest: string,
): Promise<Removed[]> {
  const removed: Removed[] = [];
  let gone: StoredImage | undefined;
  await registry.repositories.update(repositoryName, (repository) => {
    gone = imageOf(repository, digest);
    checkUnlisted(repository, digest);
    const tags = tagsOf(repository, digest);
    for (const imageTag of tags) removed.push({ imageDigest: digest, imageTag });
    if (tags.length === 0) removed.push({ imageDigest: digest });
    return withoutImage(repository, digest);
  });
  if (gone) announce(registry, repositoryName, gone, removed);
  return removed;
}

/**
 * Removes a tag. Removing the last one removes the image too, unless `keepImage` (as the OCI
 * distribution specification wants it).
 *
 * @throws AwsError as {@link deleteImage}
 */
export async function deleteTag(
  registry: Registry,
  repositoryName: string,
  tag: string,
  keepImage: boolean,
): Promise<Removed> {
  let gone: StoredImage | undefined;
  await registry.repositories.update(repositoryName, (repository) => {
    const digest = repository.tags.get(tag);
    if (digest === undefined) throw new AwsError("ImageNotFound", "Requested image not found");
    gone = imageOf(repository, digest);
    if (keepImage || tagsOf(repository, digest).length > 1) return withoutTag(repository, tag);
    checkUnlisted(repository, digest);
    return withoutImage(repository, digest);
  });
  if (!gone) throw new AwsError("ImageNotFound", "Requested image not found");
  const removed = { imageDigest: gone.digest, imageTag: tag };
  announce(registry, repositoryName, gone, [removed]);
  return removed;
}

function imageOf(repository: Repository, digest: string): StoredImage {
  const image = repository.images.get(digest);
  if (!image) throw new AwsError("ImageNotFound", "Requested image not found");
  return image;
}

function checkUnlisted(repository: Repository, digest: string): void {
  const indexes = indexesListing(repository, digest).map((index) => index.digest);
  if (indexes.length === 0) return;
  throw new AwsError(
    "ImageReferencedByManifestList",
    `Requested image referenced by manifest list: [${indexes.join(", ")}]; delete the list first`,
  );
}

function announce(
  registry: Registry,
  repositoryName: string,
  image: StoredImage,
  removed: readonly Removed[],
): void {
  for (const { imageTag } of removed) {
    registry.context.emit(imageEvent("DELETE", repositoryName, image, imageTag));
  }
}
