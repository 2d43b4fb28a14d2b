import { z } from "zod";
import { AwsError } from "../../service.ts";

/** The members of an input that is answered page by page. */
export const pageInput = {
  maxResults: z.int().min(1).max(1000).optional(),
  nextToken: z.string().optional(),
};

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

/**
 * One page of a list. The token holds the key of the last item given, so that what comes or goes
 * between two pages neither repeats nor hides the rest.
 *
 * @param all sorted by `key`
 * @throws AwsError InvalidParameterException for a token that is not ours
 */
export function pageOf<T>(
  all: readonly T[],
  key: (item: T) => string,
  {
    maxResults = 100,
    nextToken,
  }: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
): Page<T> {
  const after = nextToken === undefined ? undefined : decode(nextToken);
  const rest = after === undefined ? all : all.filter((item) => key(item) > after);
  const items = rest.slice(0, maxResults);
  const last = items.at(-1);
  if (last === undefined || rest.length === items.length) return { items };
  return { items, nextToken: encode(key(last)) };
}

const mark = "after ";

function encode(key: string): string {
  return Buffer.from(mark + key).toString("base64url");
}

function decode(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  if (text.startsWith(mark)) return text.slice(mark.length);
  throw new AwsError(
    "InvalidParameterException",
    "Invalid parameter at 'nextToken': it is not a token of this list",
  );
}
