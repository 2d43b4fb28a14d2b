import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Expired } from "../lifecycle/evaluate.ts";
import { evaluatePolicy } from "../lifecycle/evaluate.ts";
import type { Previews } from "../lifecycle/previews.ts";
import type { Registry } from "../registry.ts";
import { imageIds, inRepository, parseInput } from "./input.ts";
import { checkPolicy, policyOf } from "./lifecycle.ts";
import { pageInput, pageOf } from "./paging.ts";

const startInput = z.object({
  ...inRepository,
  lifecyclePolicyText: z.string().min(100).max(30_720).optional(),
});

/**
 * Evaluates the given policy, or the repository's own, without expiring anything. It is done at once here; the caller asks
 * for the results as on AWS.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartLifecyclePolicyPreview.html
 */
export function startLifecyclePolicyPreview(
  { context, repositories }: Registry,
  previews: Previews,
): Operation {
  return async (input) => {
    const request = parseInput(startInput, input);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const policyText = request.lifecyclePolicyText ?? policyOf(repository);
    const results = evaluatePolicy(checkPolicy(policyText), repository, context.now());
    previews.set(repository.name, { policyText, results });
    return {
      registryId: context.accountId,
      repositoryName: repository.name,
      lifecyclePolicyText: policyText,
      status: "IN_PROGRESS",
    };
  };
}

const getInput = z.object({
  ...inRepository,
  ...pageInput,
  maxResults: z.int().min(1).max(100).optional(),
  imageIds: imageIds.optional(),
  filter: z.object({ tagStatus: z.enum(["TAGGED", "UNTAGGED", "ANY"]).optional() }).optional(),
});

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicyPreview.html */
export function getLifecyclePolicyPreview(
  { context, repositories }: Registry,
  previews: Previews,
): Operation {
  return async (input) => {
    const request = parseInput(getInput, input);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const preview = previews.get(repository.name);
    if (preview === undefined) {
      throw new AwsError(
        "LifecyclePolicyPreviewNotFoundException",
        `Lifecycle policy preview does not exist for the repository with name '${repository.name}': start one first`,
      );
    }
    const wanted = preview.results
      .filter((result) => isWanted(result, request))
      .sort((a, b) => (a.image.digest < b.image.digest ? -1 : 1));
    const page = pageOf(wanted, ({ image }) => image.digest, request.imageIds === undefined ? request : {});
    return {
      registryId: context.accountId,
      repositoryName: repository.name,
      lifecyclePolicyText: preview.policyText,
      status: "COMPLETE",
      nextToken: page.nextToken,
      previewResults: page.items.map(describe),
      summary: { expiringImageTotalCount: preview.results.length },
    };
  };
}

function isWanted({ image, tags }: Expired, { imageIds: ids, filter }: z.infer<typeof getInput>): boolean {
  const byId =
    ids === undefined ||
    ids.some(({ imageDigest, imageTag }) =>
      imageTag === undefined ? imageDigest === image.digest : tags.includes(imageTag),
    );
  const status = filter?.tagStatus ?? "ANY";
  return byId && (status === "ANY" || (status === "TAGGED") === tags.length > 0);
}

function describe({ image, tags, rulePriority }: Expired): unknown {
  return {
    imageTags: tags.length === 0 ? undefined : tags,
    imageDigest: image.digest,
    imagePushedAt: image.pushedAt / 1000,
    action: { type: "EXPIRE" },
    appliedRulePriority: rulePriority,
    storageClass: "STANDARD",
  };
}
