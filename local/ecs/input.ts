import { z } from "zod";
import { AwsError } from "../service.ts";

/**
 * Reads an operation's input. The first fault becomes `InvalidParameterException`, as ECS answers a
 * request its validation refuses.
 */
export function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue === undefined ? "" : issue.path.map(String).join(".");
  const message = issue === undefined ? "the request is not valid" : issue.message;
  throw new AwsError("InvalidParameterException", path === "" ? message : `${path}: ${message}`);
}

export const tagSchema = z.object({
  key: z.string().min(1).max(128),
  value: z.string().max(256).default(""),
});
export type Tag = z.infer<typeof tagSchema>;
export const tagsSchema = z.array(tagSchema).max(50, "Too many tags: at most 50 per resource");

/**
 * One page of a list. ECS's `nextToken` is opaque; here it is the position, so a list that changes
 * between two pages may repeat or miss an item, as on AWS.
 *
 * @throws AwsError InvalidParameterException for a token this endpoint did not give.
 */
export function page<T>(
  items: readonly T[],
  nextToken: string | undefined,
  maxResults = 100,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const start = nextToken === undefined ? 0 : Number(nextToken);
  if (!Number.isSafeInteger(start) || start < 0) {
    throw new AwsError(
      "InvalidParameterException",
      `nextToken ${String(nextToken)} is not one this endpoint gave.`,
    );
  }
  const end = start + maxResults;
  const slice = items.slice(start, end);
  return end < items.length ? { items: slice, nextToken: String(end) } : { items: slice };
}

/** `maxResults` and `nextToken` of every List operation (1 to 100). */
export const pageSchema = z.object({
  nextToken: z.string().optional(),
  maxResults: z.number().int().min(1).max(100).optional(),
});
