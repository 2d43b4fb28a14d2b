/** The addresses of the console's pages, below `/console/`. Pure. */
export type Route =
  | { readonly page: "pipelines"; readonly query: string }
  | { readonly page: "pipeline"; readonly name: string }
  | { readonly page: "runs"; readonly filter: RunFilter }
  | { readonly page: "run"; readonly id: string }
  | { readonly page: "inbox" }
  | { readonly page: "clusters" }
  | { readonly page: "record" }
  | { readonly page: "unknown"; readonly path: string };

export interface RunFilter {
  /** Words that a line must have, each somewhere. */
  readonly query: string;
  readonly pipeline: string;
  readonly status: string;
  /** How many lines a page has. */
  readonly limit: number;
}

export const LIMITS: readonly number[] = [50, 100, 200];

const BASE = "/console/";

export function routeOf(path: string, search: string): Route {
  const parts = path.startsWith(BASE) ? path.slice(BASE.length).split("/").filter(Boolean) : [];
  const query = new URLSearchParams(search);
  const [first, second] = parts.map(decode);
  if (parts.length === 0) return { page: "pipelines", query: query.get("q") ?? "" };
  if (parts.length === 1) {
    switch (first) {
      case "inbox":
      case "clusters":
      case "record":
        return { page: first };
      case "runs":
        return { page: "runs", filter: filterOf(query) };
    }
  }
  if (parts.length === 2 && second !== undefined) {
    if (first === "runs") return { page: "run", id: second };
    if (first === "pipelines") return { page: "pipeline", name: second };
  }
  return { page: "unknown", path };
}

function filterOf(query: URLSearchParams): RunFilter {
  return {
    query: query.get("q") ?? "",
    pipeline: query.get("pipeline") ?? "",
    status: query.get("status") ?? "",
    limit: LIMITS.find((limit) => String(limit) === query.get("limit")) ?? 50,
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function runAddress(id: string): string {
  return `${BASE}runs/${encodeURIComponent(id)}`;
}

export function pipelineAddress(name: string): string {
  return `${BASE}pipelines/${encodeURIComponent(name)}`;
}

export function runsAddress(filter: Partial<RunFilter>): string {
  const query = new URLSearchParams();
  if (filter.query) query.set("q", filter.query);
  if (filter.pipeline) query.set("pipeline", filter.pipeline);
  if (filter.status) query.set("status", filter.status);
  if (filter.limit !== undefined && filter.limit !== 50) query.set("limit", String(filter.limit));
  const text = query.toString();
  return `${BASE}runs${text === "" ? "" : `?${text}`}`;
}
