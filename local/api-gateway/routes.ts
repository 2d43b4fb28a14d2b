/** Which route of an HTTP API takes a request. */

/** `GET /api/runs/{id}` taken apart; `$default` has no segments. */
export interface RouteKey {
  readonly key: string;
  /** `ANY` takes every method. */
  readonly method: string;
  /** Undefined for `$default`. */
  readonly segments: readonly string[] | undefined;
}

/** @throws Error when the route key is neither `$default` nor `METHOD /path` */
export function parseRouteKey(key: string): RouteKey {
  if (key === "$default") return { key, method: "ANY", segments: undefined };
  const match = /^([A-Z]+) (\/.*)$/.exec(key);
  if (match === null)
    throw new Error(`RouteKey ${key} must be $default or a method and a path, as in GET /runs/{id}`);
  return { key, method: match[1] ?? "ANY", segments: segmentsOf(match[2] ?? "/") };
}

export function segmentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(1);
  return parts.at(-1) === "" ? parts.slice(0, -1) : parts;
}

const isGreedy = (segment: string): boolean => /^\{[^}]+\+\}$/.test(segment);
const isVariable = (segment: string): boolean => /^\{[^}]+\}$/.test(segment);

/** 0 for a literal, 1 for a variable, 2 for a greedy one: the lower, the more specific. */
const vagueness = (segment: string | undefined): number =>
  segment === undefined ? 0 : isGreedy(segment) ? 2 : isVariable(segment) ? 1 : 0;

/**
 * The path parameters of a request to a route, decoded; undefined when the route does not take it.
 * @param path the path's segments as sent
 */
export function matchRoute(
  route: RouteKey,
  method: string,
  path: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (route.method !== "ANY" && route.method !== method) return undefined;
  if (route.segments === undefined) return {};
  const parameters: [string, string][] = [];
  for (const [at, segment] of route.segments.entries()) {
    const given = path[at];
    if (given === undefined || given === "") return undefined;
    if (isGreedy(segment))
      return Object.fromEntries([...parameters, [segment.slice(1, -2), decode(path.slice(at).join("/"))]]);
    if (isVariable(segment)) parameters.push([segment.slice(1, -1), decode(given)]);
    else if (segment !== decode(given)) return undefined;
  }
  return path.length === route.segments.length ? Object.fromEntries(parameters) : undefined;
}

/**
 * Orders routes from the most specific to `$default`.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function bySpecificity(a: RouteKey, b: RouteKey): number {
  if (a.segments === undefined || b.segments === undefined)
    return Number(a.segments === undefined) - Number(b.segments === undefined);
  for (let at = 0; at < Math.max(a.segments.length, b.segments.length); at += 1) {
    const difference = vagueness(a.segments[at]) - vagueness(b.segments[at]);
    if (difference !== 0) return difference;
  }
  return Number(a.method === "ANY") - Number(b.method === "ANY");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
