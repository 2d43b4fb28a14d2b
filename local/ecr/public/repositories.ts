import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import { parseInput, registryId, repositoryName } from "../api/input.ts";
import { pageInput, pageOf } from "../api/paging.ts";
import type { Registry } from "../registry.ts";
import type { Repository } from "../repository.ts";
import { newRepository } from "../repository.ts";
import { defaultAlias, publicPrefix, publicUri } from "./names.ts";

const createInput = z.object({ repositoryName, catalogData: z.unknown().optional() });

/** @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_CreateRepository.html */
export function createRepository({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(createInput, input);
    const repository = newRepository(request.repositoryName, context.now());
    await repositories.create(repository);
    return { repository: describe({ context }, repository), catalogData: {} };
  };
}

const describeInput = z.object({
  registryId,
  repositoryNames: z.array(repositoryName).min(1).max(100).optional(),
  ...pageInput,
});

/** @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DescribeRepositories.html */
export function describeRepositories({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(describeInput, input);
    const wanted = request.repositoryNames?.map((name) => repositories.find(name, request.registryId));
    const page = pageOf(wanted ?? repositories.all(), ({ name }) => name, wanted ? {} : request);
    return {
      repositories: page.items.map((repository) => describe({ context }, repository)),
      nextToken: page.nextToken,
    };
  };
}

const deleteInput = z.object({ registryId, repositoryName, force: z.boolean().default(false) });

/** @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DeleteRepository.html */
export function deleteRepository({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(deleteInput, input);
    repositories.find(request.repositoryName, request.registryId);
    const gone = await repositories.remove(request.repositoryName, (repository) => {
      if (repository.images.size === 0 || request.force) return;
      throw new AwsError(
        "RepositoryNotEmptyException",
        `The repository with name '${repository.name}' cannot be deleted because it still contains images: ` +
          "delete them first, or set force",
      );
    });
    return { repository: describe({ context }, gone) };
  };
}

/** @see https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_DescribeRegistries.html */
export function describeRegistries({ context }: Registry): Operation {
  return async () => ({
    registries: [
      {
        registryId: context.accountId,
        registryArn: `arn:aws:ecr-public::${context.accountId}:registry/${context.accountId}`,
        registryUri: `${context.registryHost}/${publicPrefix}/${defaultAlias}`,
        verified: false,
        aliases: [
          { name: defaultAlias, status: "ACTIVE", primaryRegistryAlias: true, defaultRegistryAlias: true },
        ],
      },
    ],
  });
}

function describe({ context }: Pick<Registry, "context">, { name, createdAt }: Repository): unknown {
  return {
    repositoryArn: `arn:aws:ecr-public::${context.accountId}:repository/${name}`,
    registryId: context.accountId,
    repositoryName: name,
    repositoryUri: publicUri(context, name),
    createdAt: createdAt / 1000,
  };
}
