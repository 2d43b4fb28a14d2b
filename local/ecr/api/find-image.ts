import { AwsError } from "../../service.ts";
import { isDigest } from "../digest.ts";
import { isTag } from "../names.ts";
import type { Repository, StoredImage } from "../repository.ts";
import type { ImageIdentifier } from "./input.ts";

/** One of the failure codes that batch operations give per image. */
export interface ImageFailure {
  readonly failureCode:
    | "MissingDigestAndTag"
    | "InvalidImageDigest"
    | "InvalidImageTag"
    | "ImageTagDoesNotMatchDigest"
    | "ImageNotFound";
  readonly failureReason: string;
}

/**
 * The image an identifier means, or why there is none.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html
 */
export function findImage(repository: Repository, id: ImageIdentifier): StoredImage | ImageFailure {
  const { imageDigest, imageTag } = id;
  if (imageDigest === undefined && imageTag === undefined) {
    return failure("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null");
  }
  if (imageDigest !== undefined && !isDigest(imageDigest)) {
    return failure(
      "InvalidImageDigest",
      "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    );
  }
  if (imageTag !== undefined && !isTag(imageTag)) {
    return failure("InvalidImageTag", "Invalid request parameters: the image tag is not a valid tag");
  }
  const tagged = imageTag === undefined ? undefined : repository.tags.get(imageTag);
  if (imageTag !== undefined && tagged === undefined)
    return failure("ImageNotFound", "Requested image not found");
  if (imageDigest !== undefined && tagged !== undefined && tagged !== imageDigest) {
    return failure("ImageTagDoesNotMatchDigest", "Requested tag does not refer to the requested digest");
  }
  return (
    repository.images.get(imageDigest ?? tagged ?? "") ??
    failure("ImageNotFound", "Requested image not found")
  );
}

/** Whether {@link findImage} found nothing. */
export function isFailure(found: StoredImage | ImageFailure): found is ImageFailure {
  return "failureCode" in found;
}

/**
 * The image an identifier means.
 *
 * @throws AwsError ImageNotFoundException, as the operations on single images say it
 */
export function existingImage(repository: Repository, id: ImageIdentifier, accountId: string): StoredImage {
  const found = findImage(repository, id);
  if (!isFailure(found)) return found;
  if (found.failureCode !== "ImageNotFound" && found.failureCode !== "ImageTagDoesNotMatchDigest") {
    throw new AwsError("InvalidParameterException", found.failureReason);
  }
  throw new AwsError(
    "ImageNotFoundException",
    `The image with imageId {imageDigest:'${id.imageDigest ?? "null"}', imageTag:'${id.imageTag ?? "null"}'} ` +
      `does not exist within the repository with name '${repository.name}' in the registry with id '${accountId}'`,
  );
}

function failure(failureCode: ImageFailure["failureCode"], failureReason: string): ImageFailure {
  return { failureCode, failureReason };
}
