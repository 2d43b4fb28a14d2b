import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Registry } from "../registry.ts";
import { existingImage } from "./find-image.ts";
import { imageIdentifier, inRepository, parseInput } from "./input.ts";

const input = z.object({ ...inRepository, imageId: imageIdentifier });

/**
 * Nothing is scanned on a laptop, so there are never findings: what ECR answers for an image that has not been scanned.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
 */
export function describeImageScanFindings({ context, repositories }: Registry): Operation {
  return async (raw) => {
    const request = parseInput(input, raw);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const { digest } = existingImage(repository, request.imageId, context.accountId);
    throw new AwsError(
      "ScanNotFoundException",
      `Image scan does not exist for the image with '{imageDigest:'${digest}'}' in the repository with name ` +
        `'${repository.name}' in the registry with id '${context.accountId}'`,
    );
  };
}
