import type { StrategyItem } from "./types.ts";

/** How many tasks of the deployment each capacity provider has. */
export type Counts = ReadonlyMap<string, number>;

/**
 * The provider's tasks beyond its base, per unit of weight, if it had `extra` more: the strategy is kept when
 * these are as equal as they can be.
 */
function load(item: StrategyItem, counts: Counts, extra: number): number {
  const beyondBase = Math.max(0, (counts.get(item.capacityProvider) ?? 0) + extra - item.base);
  return beyondBase / item.weight;
}

/**
 * The provider that gets the next task. First the one whose `base` is not yet met; then by weight: the one that
 * would be least loaded with one more. A provider of weight 0 gets no task beyond its base. There is no way
 * around a provider without room: its task waits.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
 *
 * @param counts the deployment's tasks by provider, those that wait for room included.
 */
export function nextProvider(strategy: readonly StrategyItem[], counts: Counts): string | undefined {
  const base = strategy.find((item) => (counts.get(item.capacityProvider) ?? 0) < item.base);
  if (base !== undefined) return base.capacityProvider;
  return strategy
    .filter((item) => item.weight > 0)
    .toSorted((one, other) => load(one, counts, 1) - load(other, counts, 1))[0]?.capacityProvider;
}

/**
 * The provider that should give up a task: the one most loaded now, those outside of the strategy first
 * (`undefined` as a key of tasks without a provider is among these).
 */
export function providerToShrink(strategy: readonly StrategyItem[], counts: Counts): string | undefined {
  const present = [...counts].filter(([, count]) => count > 0).map(([name]) => name);
  const loadOf = (name: string): number => {
    const item = strategy.find((candidate) => candidate.capacityProvider === name);
    if (item === undefined) return Number.POSITIVE_INFINITY;
    const count = counts.get(name) ?? 0;
    if (count <= item.base) return -1;
    return item.weight === 0 ? Number.POSITIVE_INFINITY : load(item, counts, 0);
  };
  return present.toSorted((one, other) => loadOf(other) - loadOf(one))[0];
}
