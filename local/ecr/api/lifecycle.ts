import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Policy } from "../lifecycle/policy.ts";
import { PolicyFault, parsePolicy } from "../lifecycle/policy.ts";
import type { Registry } from "../registry.ts";
import { inRepository, parseInput } from "./input.ts";

const policyText = z.string().min(100).max(30_720);

const putInput = z.object({ ...inRepository, lifecyclePolicyText: policyText });

/**
 * Keeps the policy. ECR applies it within a day; here nothing is expired but by a preview's look, or `/_local/ecr/lifecycle`.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html
 */
export function putLifecyclePolicy({ context, repositories }: Registry): Operation {
  return async (input) => {
    const { lifecyclePolicyText, ...request } = parseInput(putInput, input);
    repositories.find(request.repositoryName, request.registryId);
    checkPolicy(lifecyclePolicyText);
    await repositories.update(request.repositoryName, (current) => ({
      ...current,
      lifecyclePolicy: lifecyclePolicyText,
    }));
    return { registryId: context.accountId, repositoryName: request.repositoryName, lifecyclePolicyText };
  };
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicy.html */
export function getLifecyclePolicy({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(z.object(inRepository), input);
    const repository = repositories.find(request.repositoryName, request.registryId);
    const lifecyclePolicyText = policyOf(repository);
    return { registryId: context.accountId, repositoryName: repository.name, lifecyclePolicyText };
  };
}

/** @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteLifecyclePolicy.html */
export function deleteLifecyclePolicy({ context, repositories }: Registry): Operation {
  return async (input) => {
    const request = parseInput(z.object(inRepository), input);
    const lifecyclePolicyText = policyOf(repositories.find(request.repositoryName, request.registryId));
    await repositories.update(request.repositoryName, ({ lifecyclePolicy: _gone, ...rest }) => rest);
    return { registryId: context.accountId, repositoryName: request.repositoryName, lifecyclePolicyText };
  };
}

export function policyOf(repository: {
  readonly name: string;
  readonly lifecyclePolicy?: string | undefined;
}): string {
  if (repository.lifecyclePolicy !== undefined) return repository.lifecyclePolicy;
  throw new AwsError(
    "LifecyclePolicyNotFoundException",
    `Lifecycle policy does not exist for the repository with name '${repository.name}'`,
  );
}

/** The policy that a text holds. @throws AwsError as ECR says it of one that is not valid */
export function checkPolicy(text: string): Policy {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    throw new AwsError(
      "InvalidParameterException",
      `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${error.message}'`,
    );
  }
}
