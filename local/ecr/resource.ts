import { z } from "zod";
import type { ApplyResource } from "../service.ts";
import { repositoryArn, repositoryUri } from "./api/repositories.ts";
import { parsePolicy } from "./lifecycle/policy.ts";
import { isRepositoryName } from "./names.ts";
import type { Registry } from "./registry.ts";
import type { Repository } from "./repository.ts";
import { newRepository } from "./repository.ts";
import { tagMutabilitySettings } from "./tag-mutability.ts";

/** CloudFormation hands booleans over as it finds them in the template: as such, or as text. */
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

const policyText = z.string().superRefine((text, context) => {
  try {
    parsePolicy(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.addIssue({ code: "custom", message: `is not a lifecycle policy: ${why}` });
  }
});

/** Tags, policies and EmptyOnDelete are accepted: nothing on a laptop depends on them. */
const properties = z.strictObject({
  RepositoryName: z.string().optional(),
  ImageTagMutability: z.enum(tagMutabilitySettings).default("MUTABLE"),
  ImageTagMutabilityExclusionFilters: z
    .array(
      z.strictObject({
        ImageTagMutabilityExclusionFilterType: z.literal("WILDCARD"),
        ImageTagMutabilityExclusionFilterValue: z.string().regex(/^[0-9a-zA-Z._*-]{1,128}$/),
      }),
    )
    .max(5)
    .default([]),
  ImageScanningConfiguration: z.strictObject({ ScanOnPush: flag.optional() }).optional(),
  EncryptionConfiguration: z
    .strictObject({ EncryptionType: z.enum(["AES256", "KMS", "KMS_DSSE"]), KmsKey: z.string().optional() })
    .optional(),
  LifecyclePolicy: z
    .strictObject({
      LifecyclePolicyText: policyText.optional(),
      RegistryId: z.string().optional(),
    })
    .optional(),
  RepositoryPolicyText: z.unknown().optional(),
  Tags: z.unknown().optional(),
  EmptyOnDelete: z.unknown().optional(),
});

/**
 * Creates or updates `AWS::ECR::Repository`; images in it stay.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html
 */
export function applyRepository(registry: Registry): ApplyResource {
  return async ({ logicalId, properties: given }) => {
    const parsed = properties.safeParse(given);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new Error(`${logicalId} (AWS::ECR::Repository) ${issue?.path.join(".")}: ${issue?.message}`);
    }
    const name = parsed.data.RepositoryName ?? logicalId.toLowerCase();
    if (!isRepositoryName(name)) {
      throw new Error(`${logicalId} (AWS::ECR::Repository): '${name}' cannot be the name of a repository`);
    }
    const { repositories, context } = registry;
    const settings = settingsOf(parsed.data);
    if (repositories.get(name)) await repositories.update(name, (current) => ({ ...current, ...settings }));
    else await repositories.create({ ...newRepository(name, context.now()), ...settings });
    return {
      ref: name,
      attributes: { Arn: repositoryArn(registry, name), RepositoryUri: repositoryUri(registry, name) },
    };
  };
}

function settingsOf(
  given: z.infer<typeof properties>,
): Pick<Repository, "tagMutability" | "scanOnPush" | "encryption" | "lifecyclePolicy"> {
  const filters = given.ImageTagMutabilityExclusionFilters;
  const encryption = given.EncryptionConfiguration;
  return {
    tagMutability: {
      setting: given.ImageTagMutability,
      filters: filters.map((filter) => filter.ImageTagMutabilityExclusionFilterValue),
    },
    scanOnPush: given.ImageScanningConfiguration?.ScanOnPush ?? false,
    encryption: { encryptionType: encryption?.EncryptionType ?? "AES256", kmsKey: encryption?.KmsKey },
    lifecyclePolicy: given.LifecyclePolicy?.LifecyclePolicyText,
  };
}
