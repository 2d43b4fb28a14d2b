import { z } from "zod";

/**
 * A lifecycle policy, as PutLifecyclePolicy takes it.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */

const pattern = z
  .string()
  .min(1)
  .max(300)
  .refine((text) => text.split("*").length <= 5, "may have at most four wildcards (*)");

const selection = z
  .strictObject({
    tagStatus: z.enum(["tagged", "untagged", "any"]),
    tagPatternList: z.array(pattern).min(1).optional(),
    tagPrefixList: z.array(z.string().min(1).max(300)).min(1).optional(),
    storageClass: z.literal("standard", "only the storage class standard is emulated here").optional(),
    countType: z.enum(
      ["imageCountMoreThan", "sinceImagePushed"],
      "only imageCountMoreThan and sinceImagePushed are emulated here",
    ),
    countUnit: z.literal("days").optional(),
    countNumber: z.int().min(1),
  })
  .superRefine((value, context) => {
    const issue = (message: string) => context.addIssue({ code: "custom", message });
    const lists = [value.tagPatternList, value.tagPrefixList].filter((list) => list !== undefined);
    if (value.tagStatus === "tagged" && lists.length !== 1)
      issue("tagStatus tagged needs either tagPatternList or tagPrefixList");
    if (value.tagStatus !== "tagged" && lists.length > 0)
      issue(`tagStatus ${value.tagStatus} goes without tagPatternList and tagPrefixList`);
    const byAge = value.countType === "sinceImagePushed";
    if (byAge !== (value.countUnit !== undefined))
      issue(byAge ? "sinceImagePushed needs countUnit days" : "imageCountMoreThan goes without countUnit");
  });

const rule = z.strictObject({
  rulePriority: z.int().min(1),
  description: z.string().max(512).optional(),
  selection,
  action: z.strictObject({ type: z.literal("expire", "only the action expire is emulated here") }),
});

export type Rule = z.infer<typeof rule>;

const policy = z.strictObject({ rules: z.array(rule).min(1).max(50) }).superRefine(({ rules }, context) => {
  const issue = (message: string) => context.addIssue({ code: "custom", path: ["rules"], message });
  const priorities = rules.map(({ rulePriority }) => rulePriority);
  if (new Set(priorities).size < rules.length) issue("every rulePriority may be there once");
  for (const { rulePriority, selection: selected } of rules) {
    if (selected.tagStatus === "any" && rulePriority < Math.max(...priorities))
      issue("a rule with tagStatus any must have the highest rulePriority");
  }
  const tags = rules.map(({ selection: selected }) =>
    selected.tagStatus === "untagged"
      ? "untagged"
      : JSON.stringify([selected.tagStatus, selected.tagPatternList, selected.tagPrefixList]),
  );
  if (new Set(tags).size < rules.length) issue("two rules select the same tags");
});

export type Policy = z.infer<typeof policy>;

/** A policy that breaks the rules; the message says where. */
export class PolicyFault extends Error {}

/** Reads a policy's text. @throws PolicyFault */
export function parsePolicy(text: string): Policy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PolicyFault("it is not JSON", { cause });
  }
  const result = policy.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new PolicyFault(`${issue?.path.join(".") || "the policy"}: ${issue?.message}`);
}
