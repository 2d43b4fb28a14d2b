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
 * would be least loaded with one more. A provider of weight 0 gets no task at all ("any capacity providers with a weight
 * of 0 can't be used to place tasks"), its base included. There is no way around a provider without room: its task waits.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
 *
 * @param counts the deployment's tasks by provider, those that wait for room included.
 */
export function nextProvider(strategy: readonly StrategyItem[], counts: Counts): string | undefined {
  const usable = strategy.filter(({ weight }) => weight > 0);
  const base = usable.find((item) => (counts.get(item.capacityProvider) ?? 0) < item.base);
  if (base !== undefined) return base.capacityProvider;
  let best: { readonly name: string; readonly load: number } | undefined;
  for (const item of usable) {
    const own = load(item, counts, 1);
    if (best === undefined || own < best.load) best = { name: item.capacityProvider, load: own };
  }
  return best?.name;
}

/**
 * The provider that should give up a task: the one most loaded now, those outside of the strategy or of weight 0 first
 * (`""` as a key of tasks without a provider is among these).
 */
export function providerToShrink(strategy: readonly StrategyItem[], counts: Counts): string | undefined {
  let most: { readonly name: string; readonly load: number } | undefined;
  for (const [name, count] of counts) {
    if (count <= 0) continue;
    const own = shareOf(strategy, name, counts);
    if (most === undefined || own > most.load) most = { name, load: own };
  }
  return most?.name;
}

/** A provider at its base gives up last. */
function shareOf(strategy: readonly StrategyItem[], name: string, counts: Counts): number {
  const item = strategy.find((candidate) => candidate.capacityProvider === name);
  if (item === undefined || item.weight === 0) return Number.POSITIVE_INFINITY;
  return (counts.get(name) ?? 0) <= item.base ? -1 : load(item, counts, 0);
}
