import { AwsError } from "../service.ts";

type Input = Readonly<Record<string, unknown>>;

/** A text that must be there. @throws AwsError with the given code when it is missing or not a text */
export function requiredText(input: Input, key: string, missingCode: string): string {
  const value = input[key];
  if (typeof value === "string" && value !== "") return value;
  throw new AwsError(missingCode, `${key} is required`);
}

/** A text that may be absent. @throws AwsError SerializationException when it is something else */
export function optionalText(input: Input, key: string): string | undefined {
  const value = input[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new AwsError("SerializationException", `${key} must be a string`);
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken?: string;
}

/** One page of a list. The token is the position, opaque to the caller. */
export function page<Item>(items: readonly Item[], token: string | undefined, size: number): Page<Item> {
  const start = token === undefined ? 0 : position(token);
  const end = start + size;
  return {
    items: items.slice(start, end),
    ...(end < items.length ? { nextToken: Buffer.from(`at:${end}`).toString("base64url") } : {}),
  };
}

function position(token: string): number {
  const match = /^at:(\d{1,9})$/.exec(Buffer.from(token, "base64url").toString("utf8"));
  if (match === null)
    throw new AwsError("InvalidContinuationTokenException", "The continuation token is not valid");
  return Number(match[1]);
}
