import { z } from "zod";
import type { Operation } from "../../service.ts";
import { asDocker, asOci } from "../media-types.ts";
import type { Registry } from "../registry.ts";
import { findImage, isFailure } from "./find-image.ts";
import { imageIds, inRepository, parseInput } from "./input.ts";

const input = z.object({ ...inRepository, imageIds, acceptedMediaTypes: z.array(z.string()).optional() });

/**
 * Manifests as they are stored. Only when asked for by tag alone, and only when the caller accepts just the other
 * family's media type, the manifest is converted (and its digest is then not the stored one).
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
 */
export function batchGetImage({ context, repositories, blobs }: Registry): Operation {
  return async (raw) => {
    const request = parseInput(input, raw);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const images: unknown[] = [];
    const failures: unknown[] = [];
    for (const imageId of request.imageIds) {
      const found = findImage(repository, imageId);
      if (isFailure(found)) {
        failures.push({ imageId, ...found });
        continue;
      }
      const stored = { text: (await blobs.bytes(found.digest)).toString("utf8"), mediaType: found.mediaType };
      const byTag = imageId.imageDigest === undefined;
      const given = byTag ? inAcceptedType(stored, request.acceptedMediaTypes ?? []) : stored;
      images.push({
        registryId: context.accountId,
        repositoryName: repository.name,
        imageId: { imageDigest: found.digest, imageTag: imageId.imageTag },
        imageManifest: given.text,
        imageManifestMediaType: given.mediaType,
      });
    }
    return { images, failures };
  };
}

interface Text {
  readonly text: string;
  readonly mediaType: string;
}

function inAcceptedType(stored: Text, accepted: readonly string[]): Text {
  if (accepted.length === 0 || accepted.includes(stored.mediaType)) return stored;
  for (const rename of [asOci, asDocker]) {
    const mediaType = rename(stored.mediaType);
    if (!accepted.includes(mediaType)) continue;
    const text = JSON.stringify(JSON.parse(stored.text), (key, value: unknown) =>
      key === "mediaType" && typeof value === "string" ? rename(value) : value,
    );
    return { text, mediaType };
  }
  return stored;
}
