import type { Stored } from "../pipeline/image-index.ts";
import { ACCEPTED_MEDIA_TYPES } from "../pipeline/media-types.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";
import { type Repository, request, type Sha256, stored, textOf } from "./registry.ts";

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html: 1 to 100 images. */
const PER_CALL = 100;

/** A repository of ECR, through its API: one BatchGetImage for a hundred manifests, one PutImage for a tag. */
export function ecrRepository(ecr: Aws["ecr"], repositoryName: string, sha256: Sha256): Repository {
  return {
    manifests: async (digests) => {
      const found = new Map<string, Stored>();
      for (let at = 0; at < digests.length; at += PER_CALL) {
        const { images = [] } = await ecr.batchGetImage({
          repositoryName,
          imageIds: digests.slice(at, at + PER_CALL).map((imageDigest) => ({ imageDigest })),
          acceptedMediaTypes: [...ACCEPTED_MEDIA_TYPES],
        });
        for (const { imageId, imageManifest } of images) {
          if (imageId?.imageDigest === undefined || imageManifest === undefined) continue;
          found.set(imageId.imageDigest, stored(sha256, imageManifest));
        }
      }
      return found;
    },
    config: (digest) => config(ecr, repositoryName, digest, sha256),
    tagged: async (imageTag) => {
      const { images = [] } = await ecr.batchGetImage({
        repositoryName,
        imageIds: [{ imageTag }],
        acceptedMediaTypes: [...ACCEPTED_MEDIA_TYPES],
      });
      return images[0]?.imageId?.imageDigest;
    },
    put: async ({ text, mediaType, digest }, imageTag) => {
      try {
        await ecr.putImage({
          repositoryName,
          imageManifest: text,
          imageManifestMediaType: mediaType,
          imageDigest: digest,
          ...(imageTag === undefined ? {} : { imageTag }),
        });
      } catch (error) {
        if (isError(error, "ImageTagAlreadyExistsException")) return "immutable";
        if (!isError(error, "ImageAlreadyExistsException")) throw error;
      }
      return "stored";
    },
  };
}

/**
 * A configuration is a blob like a layer; whether ECR hands it out by GetDownloadUrlForLayer is not documented, so that not
 * getting it is no error here.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
 */
async function config(
  ecr: Aws["ecr"],
  repositoryName: string,
  layerDigest: string,
  sha256: Sha256,
): Promise<string | undefined> {
  try {
    const { downloadUrl } = await ecr.getDownloadUrlForLayer({ repositoryName, layerDigest });
    if (downloadUrl === undefined) return undefined;
    const response = await request(downloadUrl);
    if (!response.ok) {
      throw new Error(`the configuration ${layerDigest} of ${repositoryName} answered ${response.status}`);
    }
    const text = await textOf(response);
    return `sha256:${sha256(text)}` === layerDigest ? text : undefined;
  } catch (error) {
    if (isError(error, "LayersNotFoundException", "LayerInaccessibleException")) return undefined;
    throw error;
  }
}
