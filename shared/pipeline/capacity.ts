import type { Capacity, EcsDeployment } from "./definition.ts";
import type { PreparedDeployment, Quarantine } from "./events.ts";

/** Capacity provider strategies: which one a deployment wants, step by step. */

/**
 * The strategy of a step: the weights of its shift, less what is in quarantine. Undefined when the service keeps what
 * it has.
 * @param step 0 is the release itself
 */
export function capacityOf(
  target: EcsDeployment | undefined,
  { prepared, quarantine }: { readonly prepared: PreparedDeployment; readonly quarantine?: Quarantine },
  step: number,
): Capacity | undefined {
  const idle = [...(prepared.idle ?? []), ...(quarantine?.providers ?? [])];
  const start = prepared.capacity ?? (step > 0 || idle.length > 0 ? prepared.baseCapacity : undefined);
  if (start === undefined) return undefined;
  const weights = target?.shift?.[step - 1]?.weights;
  const shifted = weights === undefined ? start : withWeights(start, weights);
  return idle.length === 0 ? shifted : without(shifted, idle);
}

/** What the service is meant to have, nothing being in quarantine. */
export function capacityBefore({ capacity, baseCapacity }: PreparedDeployment): Capacity | undefined {
  return capacity ?? baseCapacity;
}

export function withWeights(capacity: Capacity, weights: Readonly<Record<string, number>>): Capacity {
  const names = [...new Set([...Object.keys(capacity), ...Object.keys(weights)])];
  return Object.fromEntries(
    names.map((name) => [
      name,
      { base: capacity[name]?.base ?? 0, weight: weights[name] ?? capacity[name]?.weight ?? 0 },
    ]),
  );
}

/**
 * The provider that a person means: its name, its ARN, or how the name ends where that is one (`graviton` for
 * `production-graviton`). A name that fits none, or several, stays as it is.
 */
export function providerNamed(capacity: Capacity, given: string): string {
  if (Object.hasOwn(capacity, given)) return given;
  const name = given.startsWith("arn:") ? (given.split("/").at(-1) ?? given) : given;
  if (Object.hasOwn(capacity, name)) return name;
  const [one, ...others] = Object.keys(capacity).filter((provider) => provider.endsWith(`-${name}`));
  return one === undefined || others.length > 0 ? name : one;
}

/**
 * Why names cannot all be meant: two of them mean the same provider, and each says something else of it. Undefined when each
 * means one of its own.
 */
export function sameProviderFault(capacity: Capacity, names: readonly string[]): string | undefined {
  const meant = new Map<string, string>();
  for (const name of names) {
    const provider = providerNamed(capacity, name);
    const other = meant.get(provider);
    if (other !== undefined) return `${other} and ${name} both mean the capacity provider ${provider}`;
    meant.set(provider, name);
  }
  return undefined;
}

/** ECS wants one weight above 0: when none is left, those that stay share evenly. */
function without(capacity: Capacity, providers: readonly string[]): Capacity {
  const stays = Object.entries(capacity).filter(([name]) => !providers.includes(name));
  const none = stays.every(([, { weight }]) => weight === 0);
  return Object.fromEntries(
    Object.entries(capacity).map(([name, { base, weight }]) => [
      name,
      providers.includes(name) ? { base: 0, weight: 0 } : { base, weight: none ? 1 : weight },
    ]),
  );
}

/** Whether two strategies are the same to ECS. */
export function isSameCapacity(a: Capacity | undefined, b: Capacity | undefined): boolean {
  const text = (capacity: Capacity | undefined) =>
    Object.entries(capacity ?? {})
      .map(([name, { base, weight }]) => `${name}:${base}:${weight}`)
      .sort()
      .join();
  return text(a) === text(b);
}

/** As ECS describes a strategy. */
export interface StrategyItem {
  readonly capacityProvider: string | undefined;
  readonly base?: number | undefined;
  readonly weight?: number | undefined;
}

/** Undefined when the service has no strategy: it has a launch type. */
export function capacityFrom(items: readonly StrategyItem[] | undefined): Capacity | undefined {
  if (items === undefined || items.length === 0) return undefined;
  return Object.fromEntries(
    items.flatMap(({ capacityProvider: name, base = 0, weight = 0 }) =>
      name === undefined ? [] : [[name, { base, weight }]],
    ),
  );
}

export function strategyItems(
  capacity: Capacity,
): { capacityProvider: string; base: number; weight: number }[] {
  return Object.entries(capacity).map(([capacityProvider, { base, weight }]) => ({
    capacityProvider,
    base,
    weight,
  }));
}
