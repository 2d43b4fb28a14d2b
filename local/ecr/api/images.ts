import { z } from "zod";
import type { Operation } from "../../service.ts";
import type { Registry } from "../registry.ts";
import type { Repository, StoredImage } from "../repository.ts";
import { tagsOf } from "../repository.ts";
import { existingImage } from "./find-image.ts";
import type { ImageIdentifier } from "./input.ts";
import { imageIds, inRepository, parseInput } from "./input.ts";
import { pageInput, pageOf } from "./paging.ts";

const filter = z
  .object({ tagStatus: z.enum(["TAGGED", "UNTAGGED", "ANY"]).optional(), imageStatus: z.string().optional() })
  .optional();

const listInput = z.object({ ...inRepository, ...pageInput, filter });

/**
 * Every tag with its digest, and the digest of every untagged image.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html
 */
export function listImages({ repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(listInput, input);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const ids = images(repository, request.filter?.tagStatus).flatMap((image): ImageIdentifier[] => {
      const tags = tagsOf(repository, image.digest);
      if (tags.length === 0) return [{ imageDigest: image.digest }];
      return tags.map((imageTag) => ({ imageDigest: image.digest, imageTag }));
    });
    const page = pageOf(ids, (id) => `${id.imageDigest} ${id.imageTag ?? ""}`, request);
    return { imageIds: page.items, nextToken: page.nextToken };
  };
}

const describeInput = z.object({ ...inRepository, ...pageInput, filter, imageIds: imageIds.optional() });

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html */
export function describeImages({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(describeInput, input);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const wanted = request.imageIds?.map((id) => existingImage(repository, id, context.accountId));
    const all = wanted ? [...new Set(wanted)] : images(repository, request.filter?.tagStatus);
    const page = pageOf(all, (image) => image.digest, wanted ? {} : request);
    return {
      imageDetails: page.items.map((image) => describe(repository, image, context.accountId)),
      nextToken: page.nextToken,
    };
  };
}

function images(repository: Repository, tagStatus = "ANY"): readonly StoredImage[] {
  return [...repository.images.values()]
    .filter(({ digest }) => {
      if (tagStatus === "ANY") return true;
      return tagsOf(repository, digest).length > 0 === (tagStatus === "TAGGED");
    })
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function describe(repository: Repository, image: StoredImage, accountId: string): unknown {
  const tags = tagsOf(repository, image.digest);
  return {
    registryId: accountId,
    repositoryName: repository.name,
    imageDigest: image.digest,
    imageTags: tags.length === 0 ? undefined : tags,
    imageSizeInBytes: image.imageSize,
    imagePushedAt: image.pushedAt / 1000,
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.artifactType,
    subjectManifestDigest: image.subject,
    imageStatus: "ACTIVE",
  };
}
