import { AwsError } from "./service.ts";

/** Small readers of an operation's input: they refuse a wrong type as the services do. */

export type Input = Readonly<Record<string, unknown>>;

const wrong = (name: string, expected: string): AwsError =>
  new AwsError(
    "ValidationException",
    `Value at '${name}' failed to satisfy constraint: it must be ${expected}`,
  );

/** @throws AwsError ValidationException when the member is missing, empty or no text */
export function text(input: Input, name: string): string {
  const value = input[name];
  if (typeof value === "string" && value !== "") return value;
  throw wrong(name, "a non-empty string");
}

/** @throws AwsError ValidationException when the member is there and no text */
export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw wrong(name, "a string");
}

/** @throws AwsError ValidationException when the member is there and no number */
export function optionalNumber(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number") return value;
  throw wrong(name, "a number");
}

/** @throws AwsError ValidationException when the member is there and no list */
export function optionalList(input: Input, name: string): readonly unknown[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw wrong(name, "a list");
}

/** One page of a list; the token is the position of the next. */
export function page<Item>(
  items: readonly Item[],
  size: number,
  token: string | undefined,
): { readonly items: readonly Item[]; readonly nextToken: string | undefined } {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isSafeInteger(start) || start < 0)
    throw new AwsError("InvalidParameterException", "The specified nextToken is invalid.");
  const end = start + size;
  return { items: items.slice(start, end), nextToken: end < items.length ? String(end) : undefined };
}
