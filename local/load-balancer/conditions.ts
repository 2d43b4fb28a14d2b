import type { Condition, Rule } from "./types.ts";

/** What conditions look at. */
export interface Requested {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
}

/** `*` stands for any number of characters, `?` for one. */
function wildcard(pattern: string, flags: string): RegExp {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, `s${flags}`);
}

const anyOf = (patterns: readonly string[], text: string | undefined, flags: string): boolean =>
  text !== undefined && patterns.some((pattern) => wildcard(pattern, flags).test(text));

/**
 * Whether a request meets a condition. Paths are compared with their case, hosts, headers and query strings without.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
 */
export function meets(condition: Condition, requested: Requested): boolean {
  const plain = condition.Values ?? [];
  switch (condition.Field) {
    case "path-pattern":
      return anyOf(condition.PathPatternConfig?.Values ?? plain, requested.path, "");
    case "host-header":
      return anyOf(condition.HostHeaderConfig?.Values ?? plain, requested.host, "i");
    case "http-request-method":
      return (condition.HttpRequestMethodConfig?.Values ?? plain).includes(requested.method);
    case "http-header": {
      const { HttpHeaderName = "", Values = [] } = condition.HttpHeaderConfig ?? {};
      return anyOf(Values, requested.header(HttpHeaderName), "i");
    }
    case "query-string":
      return (condition.QueryStringConfig?.Values ?? []).some(({ Key, Value }) =>
        [...requested.query].some(
          ([key, value]) => (Key === undefined || anyOf([Key], key, "i")) && anyOf([Value], value, "i"),
        ),
      );
  }
}

/** The rule that takes a request: the lowest priority number all of whose conditions are met. */
export function ruleFor<Kind extends Pick<Rule, "priority" | "conditions">>(
  rules: readonly Kind[],
  requested: Requested,
): Kind | undefined {
  return [...rules]
    .sort((one, other) => one.priority - other.priority)
    .find(({ conditions }) => conditions.every((condition) => meets(condition, requested)));
}
