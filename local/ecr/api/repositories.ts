import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Registry } from "../registry.ts";
import type { Repository } from "../repository.ts";
import { newRepository } from "../repository.ts";
import type { TagMutability } from "../tag-mutability.ts";
import { tagMutabilitySettings } from "../tag-mutability.ts";
import { deletingRepository, describingRepositories } from "./find-and-delete.ts";
import { inRepository, parseInput } from "./input.ts";

const mutabilityInput = {
  imageTagMutability: z.enum(tagMutabilitySettings),
  imageTagMutabilityExclusionFilters: z
    .array(
      z.object({
        filterType: z.literal("WILDCARD"),
        filter: z
          .string()
          .regex(/^[0-9a-zA-Z._*-]{1,128}$/, "must be 1 to 128 of the characters 0-9a-zA-Z._*-"),
      }),
    )
    .min(1)
    .max(5)
    .optional(),
};

const createInput = z.object({
  ...inRepository,
  imageTagMutability: mutabilityInput.imageTagMutability.default("MUTABLE"),
  imageTagMutabilityExclusionFilters: mutabilityInput.imageTagMutabilityExclusionFilters,
  imageScanningConfiguration: z.object({ scanOnPush: z.boolean().default(false) }).optional(),
  encryptionConfiguration: z
    .object({ encryptionType: z.enum(["AES256", "KMS", "KMS_DSSE"]), kmsKey: z.string().optional() })
    .optional(),
});

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
export function createRepository({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(createInput, input);
    const repository: Repository = {
      ...newRepository(request.repositoryName, context.now()),
      tagMutability: mutabilityOf(request),
      scanOnPush: request.imageScanningConfiguration?.scanOnPush ?? false,
      encryption: request.encryptionConfiguration ?? { encryptionType: "AES256" },
    };
    await repositories.create(repository);
    return { repository: describe({ context }, repository) };
  };
}

/** Those of the account, a page at a time. */
export const describeRepositories = (registry: Registry): Operation =>
  describingRepositories(registry, describe);

/** An empty one, or by force. */
export const deleteRepository = (registry: Registry): Operation => deletingRepository(registry, describe);

const putMutabilityInput = z.object({ ...inRepository, ...mutabilityInput });

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageTagMutability.html */
export function putImageTagMutability({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(putMutabilityInput, input);
    repositories.find(request.repositoryName, request.registryId);
    const tagMutability = mutabilityOf(request);
    await repositories.update(request.repositoryName, (current) => ({ ...current, tagMutability }));
    return {
      registryId: context.accountId,
      repositoryName: request.repositoryName,
      ...describeMutability(tagMutability),
    };
  };
}

/** The repository's ARN. */
export function repositoryArn({ context }: Pick<Registry, "context">, name: string): string {
  return `arn:aws:ecr:${context.region}:${context.accountId}:repository/${name}`;
}

/** What image references into the repository begin with. */
export function repositoryUri({ context }: Pick<Registry, "context">, name: string): string {
  return `${context.registryHost}/${name}`;
}

function describe(registry: Pick<Registry, "context">, repository: Repository): unknown {
  return {
    repositoryArn: repositoryArn(registry, repository.name),
    registryId: registry.context.accountId,
    repositoryName: repository.name,
    repositoryUri: repositoryUri(registry, repository.name),
    createdAt: repository.createdAt / 1000,
    ...describeMutability(repository.tagMutability),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: repository.encryption,
  };
}

function describeMutability({ setting, filters }: TagMutability): Record<string, unknown> {
  return {
    imageTagMutability: setting,
    imageTagMutabilityExclusionFilters:
      filters.length === 0 ? undefined : filters.map((filter) => ({ filterType: "WILDCARD", filter })),
  };
}

function mutabilityOf(
  request: z.infer<typeof putMutabilityInput> | z.infer<typeof createInput>,
): TagMutability {
  const setting = request.imageTagMutability;
  const filters = request.imageTagMutabilityExclusionFilters?.map(({ filter }) => filter) ?? [];
  if (setting.endsWith("_WITH_EXCLUSION") === filters.length > 0) return { setting, filters };
  throw new AwsError(
    "InvalidParameterException",
    "Invalid parameter at 'imageTagMutabilityExclusionFilters': exclusion filters go with the settings " +
      `IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION, which need at least one; the setting is ${setting}`,
  );
}
