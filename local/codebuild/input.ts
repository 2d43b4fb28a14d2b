import { z } from "zod";
import { AwsError } from "../service.ts";

/**
 * Reads an operation's input.
 *
 * @throws AwsError InvalidInputException naming every member that is wrong
 */
export function readInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`);
  throw new AwsError("InvalidInputException", `Invalid input: ${faults.join("; ")}`);
}

/** What every list operation takes. */
export const listInput = z.object({
  sortOrder: z.enum(["ASCENDING", "DESCENDING"]).optional(),
  nextToken: z.string().optional(),
});

const PAGE_SIZE = 100;

/** One page of up to 100 items, as all lists of CodeBuild. @throws AwsError InvalidInputException */
export function page<Item>(
  items: readonly Item[],
  token: string | undefined,
): { readonly items: readonly Item[]; readonly nextToken?: string } {
  const start = token === undefined ? 0 : position(token);
  const end = start + PAGE_SIZE;
  return {
    items: items.slice(start, end),
    ...(end < items.length ? { nextToken: Buffer.from(`at:${end}`).toString("base64url") } : {}),
  };
}

function position(token: string): number {
  const match = /^at:(\d{1,9})$/.exec(Buffer.from(token, "base64url").toString("utf8"));
  if (match === null) throw new AwsError("InvalidInputException", "Invalid input: nextToken is not valid");
  return Number(match[1]);
}
