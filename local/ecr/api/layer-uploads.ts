import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Registry } from "../registry.ts";
import { withLayer } from "../repository.ts";
import type { Upload } from "../uploads.ts";
import { inRepository, parseInput } from "./input.ts";

/** The part size ECR proposes, and the least it accepts for all parts but the last. */
const proposedPartBytes = 10 * 1024 * 1024;
const leastPartBytes = 5 * 1024 * 1024;

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_InitiateLayerUpload.html */
export function initiateLayerUpload({ repositories, uploads }: Registry): Operation {
  return async (input) => {
    const request = parseInput(z.object(inRepository), input);
    repositories.find(request.repositoryName, request.registryId);
    const upload = await uploads.begin(request.repositoryName);
    return { uploadId: upload.id, partSize: proposedPartBytes };
  };
}

const partInput = z.object({
  ...inRepository,
  uploadId: z.string(),
  partFirstByte: z.int().min(0),
  partLastByte: z.int().min(0),
  layerPartBlob: z.base64(),
});

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UploadLayerPart.html */
export function uploadLayerPart(registry: Registry): Operation {
  return async (input) => {
    const request = parseInput(partInput, input);
    const upload = find(registry, request);
    const part = Buffer.from(request.layerPartBlob, "base64");
    await upload.alone(async () => {
      const last = request.partFirstByte + part.length - 1;
      if (request.partFirstByte !== upload.size || request.partLastByte !== last) {
        throw new AwsError(
          "InvalidLayerPartException",
          `The part ${request.partFirstByte} to ${request.partLastByte} of ${part.length} bytes does not follow ` +
            `the ${upload.size} bytes received: send the part that begins at byte ${upload.size}`,
        );
      }
      await upload.append(oneChunk(part));
    });
    return {
      registryId: registry.context.accountId,
      repositoryName: request.repositoryName,
      uploadId: upload.id,
      lastByteReceived: upload.size - 1,
    };
  };
}

const completeInput = z.object({
  ...inRepository,
  uploadId: z.string(),
  layerDigests: z.array(z.string()).min(1).max(100),
});

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html */
export function completeLayerUpload(registry: Registry): Operation {
  return async (input) => {
    const request = parseInput(completeInput, input);
    const { repositoryName } = request;
    const upload = find(registry, request);
    const layerDigest = request.layerDigests.find((digest) => digest.startsWith("sha256:")) ?? "";
    await upload.alone(async () => {
      checkParts(upload);
      const outcome = await registry.uploads.complete(upload, layerDigest);
      if (outcome !== "stored") {
        throw new AwsError(
          "InvalidLayerException",
          `The layer's digest is ${outcome.actual}, not ${request.layerDigests.join(", ")}`,
        );
      }
    });
    await registry.repositories.update(repositoryName, (repository) => {
      if (!repository.layers.has(layerDigest)) return withLayer(repository, layerDigest);
      throw new AwsError(
        "LayerAlreadyExistsException",
        `Layer with digest '${layerDigest}' already exists in the repository with name '${repositoryName}'`,
      );
    });
    return { registryId: registry.context.accountId, repositoryName, uploadId: upload.id, layerDigest };
  };
}

function find(
  { repositories, uploads }: Registry,
  request: {
    readonly repositoryName: string;
    readonly registryId?: string | undefined;
    readonly uploadId: string;
  },
): Upload {
  repositories.find(request.repositoryName, request.registryId);
  const upload = uploads.find(request.repositoryName, request.uploadId);
  if (upload) return upload;
  throw new AwsError(
    "UploadNotFoundException",
    `There is no upload '${request.uploadId}' into the repository with name '${request.repositoryName}'`,
  );
}

function checkParts(upload: Upload): void {
  if (upload.size === 0) {
    throw new AwsError("EmptyUploadException", `The upload '${upload.id}' does not contain any layer parts`);
  }
  if (upload.partSizes.slice(0, -1).some((size) => size < leastPartBytes)) {
    throw new AwsError(
      "LayerPartTooSmallException",
      `Layer parts must be at least ${leastPartBytes} bytes, all but the last`,
    );
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
