import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Registry } from "../registry.ts";
import type { Repository } from "../repository.ts";
import { inRepository, parseInput, registryId, repositoryName } from "./input.ts";
import { pageInput, pageOf } from "./paging.ts";

/** How a registry shows one of its repositories; the private and the public one differ in that alone. */
type Describe = (registry: Registry, repository: Repository) => unknown;

const describeInput = z.object({
  registryId,
  repositoryNames: z.array(repositoryName).min(1).max(100).optional(),
  ...pageInput,
});

/**
 * DescribeRepositories of either registry.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
 * @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DescribeRepositories.html
 */
export function describingRepositories(registry: Registry, describe: Describe): Operation {
  const { repositories } = registry;
  return async (input) => {
    const request = parseInput(describeInput, input);
    const wanted = request.repositoryNames?.map((name) => repositories.find(name, request.registryId));
    const page = pageOf(wanted ?? repositories.all(), ({ name }) => name, wanted ? {} : request);
    return {
      repositories: page.items.map((repository) => describe(registry, repository)),
      nextToken: page.nextToken,
    };
  };
}

const deleteInput = z.object({ ...inRepository, force: z.boolean().default(false) });

/**
 * DeleteRepository of either registry.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html
 * @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DeleteRepository.html
 */
export function deletingRepository(registry: Registry, describe: Describe): Operation {
  const { context, repositories } = registry;
  return async (input) => {
    const request = parseInput(deleteInput, input);
    repositories.find(request.repositoryName, request.registryId);
    const gone = await repositories.remove(request.repositoryName, (repository) => {
      if (repository.images.size === 0 || request.force) return;
      throw new AwsError(
        "RepositoryNotEmptyException",
        `The repository with name '${repository.name}' in registry with id '${context.accountId}' ` +
          "cannot be deleted because it still contains images: delete them first, or set force",
      );
    });
    return { repository: describe(registry, gone) };
  };
}
