import { z } from "zod";
import type { Operation } from "../../service.ts";
import { putImage } from "../put-image.ts";
import type { Registry } from "../registry.ts";
import { inRepository, parseInput } from "./input.ts";

const input = z.object({
  ...inRepository,
  imageManifest: z.string().min(1),
  imageManifestMediaType: z.string().optional(),
  imageTag: z.string().optional(),
  imageDigest: z.string().optional(),
});

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html */
export function putImageOperation(registry: Registry): Operation {
  return async (raw) => {
    const request = parseInput(input, raw);
    const { repositoryName, imageManifest, imageTag } = request;
    const image = await putImage(registry, {
      repositoryName,
      registryId: request.registryId,
      bytes: Buffer.from(imageManifest, "utf8"),
      mediaType: request.imageManifestMediaType,
      tag: imageTag,
      digest: request.imageDigest,
    });
    return {
      image: {
        registryId: registry.context.accountId,
        repositoryName,
        imageId: { imageDigest: image.digest, imageTag },
        imageManifest,
        imageManifestMediaType: image.mediaType,
      },
    };
  };
}
