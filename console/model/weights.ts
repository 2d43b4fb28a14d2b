import type { ServiceWeights } from "../../shared/pipeline/api-views.ts";

/** Percent of the tasks by capacity provider. */
export type Shares = Readonly<Record<string, number>>;

/** The weights as whole percents that make 100 together; what rounding leaves over goes to the largest. */
export function sharesOf(capacity: ServiceWeights["capacity"]): Shares {
  const items = Object.entries(capacity ?? {});
  const sum = items.reduce((all, [, { weight }]) => all + weight, 0);
  if (sum === 0) return Object.fromEntries(items.map(([name]) => [name, 0]));
  const rounded = items.map(([name, { weight }]) => [name, Math.round((100 * weight) / sum)] as const);
  const left = 100 - rounded.reduce((all, [, share]) => all + share, 0);
  const [largest] = [...rounded].sort(([, a], [, b]) => b - a)[0] ?? [];
  return Object.fromEntries(rounded.map(([name, share]) => [name, name === largest ? share + left : share]));
}

export function togetherOf(shares: Shares): number {
  return Object.values(shares).reduce((all, share) => all + share, 0);
}
