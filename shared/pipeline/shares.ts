import { CPU_ARCHITECTURES } from "./architectures.ts";
import type { Capacity, CpuArchitecture } from "./definition.ts";

/** The architectures behind a service, and the capacity providers (or the launch type) that bring each. */
export type HostNames = Readonly<Partial<Record<CpuArchitecture, readonly string[]>>>;

/**
 * How the tasks of a service are shared out over the architectures: the bases first, the rest by weight. Undefined when the
 * hosts of something that gets tasks are of both, or not known.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
 * @param capacity the service's strategy; absent when it has a launch type
 */
export function expectedTasks(
  hosts: HostNames,
  capacity: Capacity | undefined,
  desired: number,
): Readonly<Record<string, number>> | undefined {
  const [only, ...others] = CPU_ARCHITECTURES.filter((one) => hosts[one] !== undefined);
  if (only === undefined) return undefined;
  if (others.length === 0) return { [only]: desired };
  if (capacity === undefined) return undefined;
  const wanted: Record<string, number> = {};
  for (const [provider, tasks] of shares(capacity, desired)) {
    const [architecture, ...more] = CPU_ARCHITECTURES.filter((one) => hosts[one]?.includes(provider));
    if (tasks > 0 && (architecture === undefined || more.length > 0)) return undefined;
    if (architecture !== undefined) wanted[architecture] = (wanted[architecture] ?? 0) + tasks;
  }
  return wanted;
}

/** By provider; what a division leaves over goes to those that lack most. */
function shares(capacity: Capacity, desired: number): readonly (readonly [string, number])[] {
  const items = Object.entries(capacity);
  let left = desired;
  const bases = items.map(([, { base }]) => {
    const tasks = Math.min(left, base);
    left -= tasks;
    return tasks;
  });
  const total = items.reduce((sum, [, { weight }]) => sum + weight, 0);
  const parts = items.map(([, { weight }], at) => ({
    at,
    whole: total === 0 ? 0 : Math.floor((left * weight) / total),
    rest: total === 0 ? 0 : (left * weight) % total,
  }));
  const over = total === 0 ? 0 : left - parts.reduce((sum, { whole }) => sum + whole, 0);
  const lacking = [...parts].sort((a, b) => b.rest - a.rest).slice(0, over);
  const more = new Set(lacking.map(({ at }) => at));
  return items.map(([name], at) => [
    name,
    (bases[at] ?? 0) + (parts[at]?.whole ?? 0) + (more.has(at) ? 1 : 0),
  ]);
}
