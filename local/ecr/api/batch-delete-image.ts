import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Removed } from "../delete-image.ts";
import { deleteImage, deleteTag } from "../delete-image.ts";
import type { Registry } from "../registry.ts";
import { findImage, isFailure } from "./find-image.ts";
import type { ImageIdentifier } from "./input.ts";
import { imageIds, inRepository, parseInput } from "./input.ts";

const input = z.object({ ...inRepository, imageIds });

/**
 * By digest an image goes with all its tags; by tag the tag goes, and the image with its last one.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
 */
export function batchDeleteImage(registry: Registry): Operation {
  return async (raw) => {
    const request = parseInput(input, raw);
    registry.repositories.find(request.repositoryName, request.registryId);
    const removed: Removed[] = [];
    const failures: unknown[] = [];
    for (const imageId of request.imageIds) {
      try {
        removed.push(...(await remove(registry, request.repositoryName, imageId)));
      } catch (error) {
        if (!(error instanceof AwsError) || error.code === "RepositoryNotFoundException") throw error;
        failures.push({ imageId, failureCode: error.code, failureReason: error.message });
      }
    }
    return { imageIds: removed, failures };
  };
}

async function remove(registry: Registry, name: string, id: ImageIdentifier): Promise<readonly Removed[]> {
  const found = findImage(registry.repositories.find(name), id);
  if (isFailure(found)) throw new AwsError(found.failureCode, found.failureReason);
  if (id.imageTag !== undefined) return [await deleteTag(registry, name, id.imageTag, false)];
  return deleteImage(registry, name, found.digest);
}
