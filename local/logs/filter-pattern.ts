import { AwsError } from "../service.ts";

/**
 * CloudWatch Logs' filter patterns for unstructured lines: terms that must all occur, `?term` of which one must,
 * `-term` that must not; quotes keep words together.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 * @throws AwsError InvalidParameterException for JSON, space-delimited and regular-expression patterns
 */
export function filterPattern(pattern: string): (message: string) => boolean {
  const trimmed = pattern.trim();
  if (/^[{[%]/.test(trimmed))
    throw new AwsError(
      "InvalidParameterException",
      `The local endpoint emulates filter patterns of plain terms only, not ${trimmed}`,
    );
  const required: string[] = [];
  const optional: string[] = [];
  const excluded: string[] = [];
  for (const [, sign = "", quoted, bare] of trimmed.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)) {
    const term = quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "";
    (sign === "?" ? optional : sign === "-" ? excluded : required).push(term);
  }
  return (message) =>
    required.every((term) => message.includes(term)) &&
    (optional.length === 0 || optional.some((term) => message.includes(term))) &&
    !excluded.some((term) => message.includes(term));
}
