import { z } from "zod";
import type { Operation } from "../../service.ts";
import { deletingRepository, describingRepositories } from "../api/find-and-delete.ts";
import { parseInput, repositoryName } from "../api/input.ts";
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

/** Those of the account, a page at a time. */
export const describeRepositories = (registry: Registry): Operation =>
  describingRepositories(registry, describe);

/** An empty one, or by force. */
export const deleteRepository = (registry: Registry): Operation => deletingRepository(registry, describe);

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
