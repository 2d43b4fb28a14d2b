import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import { isDigest } from "../digest.ts";
import type { Registry } from "../registry.ts";
import { inRepository, parseInput } from "./input.ts";

const digests = z.array(z.string()).min(1).max(100);

const availabilityInput = z.object({ ...inRepository, layerDigests: digests });

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html */
export function batchCheckLayerAvailability({ repositories, blobs }: Registry): Operation {
  return async (input) => {
    const request = parseInput(availabilityInput, input);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const layers: unknown[] = [];
    const failures: unknown[] = [];
    for (const layerDigest of request.layerDigests) {
      if (!isDigest(layerDigest)) {
        const failureReason = "Invalid layer digest: it must be sha256: and 64 hexadecimal digits";
        failures.push({ layerDigest, failureCode: "InvalidLayerDigest", failureReason });
        continue;
      }
      const layerSize = repository.layers.has(layerDigest) ? await blobs.size(layerDigest) : undefined;
      const layerAvailability = layerSize === undefined ? "UNAVAILABLE" : "AVAILABLE";
      layers.push({ layerDigest, layerAvailability, layerSize });
    }
    return { layers, failures };
  };
}

const downloadInput = z.object({ ...inRepository, layerDigest: z.string() });

/**
 * The address of a layer or config: the distribution API's, which asks for no credentials here.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
 */
export function getDownloadUrlForLayer({ context, repositories }: Registry): Operation {
  return async (input) => {
    const { layerDigest, ...request } = parseInput(downloadInput, input);
    const repository = repositories.find(request.repositoryName, request.registryId);
    if (!repository.layers.has(layerDigest)) {
      throw new AwsError(
        "LayersNotFoundException",
        `The layer with digest '${layerDigest}' does not exist in the repository with name '${repository.name}'`,
      );
    }
    return { downloadUrl: `${context.url}/v2/${repository.name}/blobs/${layerDigest}`, layerDigest };
  };
}
