import { z } from "zod";
import type { Operation } from "../../service.ts";
import { AwsError } from "../../service.ts";
import type { Registry } from "../registry.ts";
import { inRepository, parseInput } from "./input.ts";

const policyText = z
  .string()
  .min(100)
  .max(30_720)
  .refine(
    isPolicy,
    "must be a lifecycle policy: a JSON object with rules, each with rulePriority, selection, action",
  );

const putInput = z.object({ ...inRepository, lifecyclePolicyText: policyText });

/**
 * Keeps the policy for those who read it; nothing is expired on a laptop.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html
 */
export function putLifecyclePolicy({ context, repositories }: Registry): Operation {
  return async (input) => {
    const { lifecyclePolicyText, ...request } = parseInput(putInput, input);
    repositories.find(request.repositoryName, request.registryId);
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

function policyOf(repository: {
  readonly name: string;
  readonly lifecyclePolicy?: string | undefined;
}): string {
  if (repository.lifecyclePolicy !== undefined) return repository.lifecyclePolicy;
  throw new AwsError(
    "LifecyclePolicyNotFoundException",
    `Lifecycle policy does not exist for the repository with name '${repository.name}'`,
  );
}

/** Whether a text has the outer form of a lifecycle policy. */
export function isPolicy(text: string): boolean {
  const rule = z.looseObject({
    rulePriority: z.int().min(1),
    selection: z.looseObject({}),
    action: z.looseObject({ type: z.string() }),
  });
  try {
    return z.object({ rules: z.array(rule).min(1) }).safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
