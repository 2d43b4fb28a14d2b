import type { ImageReference } from "../pipeline/image-reference.ts";
import { ACCEPTED_MEDIA_TYPES } from "../pipeline/media-types.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";
import { CannotRead, type ImageReader } from "./image-reader.ts";
import { request, textOf } from "./registry.ts";

/**
 * An image in this Region's ECR, through its API.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
 * @param registryId the account; this one when left out
 * @param listed digests that are asked for in the same call, whether they are there
 */
export function ecrReader(
  aws: Aws,
  { repository }: ImageReference,
  registryId?: string,
  listed: readonly string[] = [],
): ImageReader {
  const where = { repositoryName: repository, ...(registryId === undefined ? {} : { registryId }) };
  return {
    manifest: async (reference) => {
      const isDigest = reference.startsWith("sha256:");
      const imageId = isDigest ? { imageDigest: reference } : { imageTag: reference };
      try {
        const { images = [], failures = [] } = await aws.ecr.batchGetImage({
          ...where,
          imageIds: [imageId, ...listed.map((imageDigest) => ({ imageDigest }))],
          acceptedMediaTypes: [...ACCEPTED_MEDIA_TYPES],
        });
        const found =
          listed.length === 0 ? images[0] : images.find((one) => one.imageId?.imageDigest === reference);
        const missing = failures.flatMap((failure) => failure.imageId?.imageDigest ?? []);
        return found?.imageManifest === undefined ? undefined : { text: found.imageManifest, missing };
      } catch (error) {
        if (isError(error, "RepositoryNotFoundException")) return undefined;
        throw refused(error);
      }
    },
    config: async (layerDigest) => {
      try {
        const { downloadUrl } = await aws.ecr.getDownloadUrlForLayer({ ...where, layerDigest });
        const response = downloadUrl === undefined ? undefined : await request(downloadUrl);
        return response?.ok ? await textOf(response) : undefined;
      } catch (error) {
        if (isError(error, "LayersNotFoundException", "LayerInaccessibleException")) return undefined;
        throw refused(error);
      }
    },
  };
}

/** A refusal stays one; anything else may work another time. */
function refused(error: unknown): unknown {
  return isError(error, "AccessDeniedException", "InvalidParameterException")
    ? new CannotRead(error.message)
    : error;
}
