import { z } from "zod";
import { AwsError } from "../../service.ts";
import { isRepositoryName } from "../names.ts";

export type Input = Readonly<Record<string, unknown>>;

/**
 * Reads an operation's input.
 *
 * @throws AwsError InvalidParameterException naming the parameter
 */
export function parseInput<T>(schema: z.ZodType<T>, input: Input): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const parameter = issue?.path.join(".") || "the request";
  throw new AwsError(
    "InvalidParameterException",
    `Invalid parameter at '${parameter}' failed to satisfy constraint: '${issue?.message ?? "unknown"}'`,
  );
}

export const registryId = z
  .string()
  .regex(/^\d{12}$/, "must be 12 digits")
  .optional();

export const repositoryName = z
  .string()
  .refine(isRepositoryName, "must be 2 to 256 characters of the form name/with-lower_case.parts");

/** The two members that nearly every operation has. */
export const inRepository = { registryId, repositoryName };

/** An image by digest, by tag or by both; each operation says what it makes of neither. */
export const imageIdentifier = z.object({
  imageDigest: z.string().optional(),
  imageTag: z.string().optional(),
});

export type ImageIdentifier = z.infer<typeof imageIdentifier>;

export const imageIds = z.array(imageIdentifier).min(1).max(100);
