import type { JWTPayload } from "jose";

/**
 * A token's claims as a function receives them: every value is text. A list is `[a b]`, so that a value with a space in it
 * cannot be told from two.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function claimsAsText(claims: JWTPayload): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(" ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const members = Object.entries(value).map(([name, member]) => `${name}:${textOf(member)}`);
  return `map[${members.sort().join(" ")}]`;
}
