import type { ServiceView } from "../../shared/pipeline/service-view.ts";

/** One value that a release changes in a service. */
export interface Change {
  readonly path: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Everything that a release changes in a service: its images, the rest of its task definition, its capacity. */
export function changesOf({ images, changes = [], capacity }: ServiceView): readonly Change[] {
  const moved = Object.entries(images).map(([container, { from, to }]) => ({
    path: `${container}.image`,
    from,
    to,
  }));
  return [...moved, ...changes, ...shares(capacity)];
}

function shares(capacity: ServiceView["capacity"]): readonly Change[] {
  if (capacity?.to === undefined) return [];
  return [{ path: "capacityProviderStrategy", from: inWords(capacity.from), to: inWords(capacity.to) }];
}

/** `x86 base 1 weight 1, graviton weight 3` */
function inWords(capacity: NonNullable<ServiceView["capacity"]>["from"]): string | undefined {
  if (capacity === undefined) return undefined;
  return Object.entries(capacity)
    .map(([name, { base, weight }]) => `${name}${base > 0 ? ` base ${base}` : ""} weight ${weight}`)
    .join(", ");
}

/** What two values have in common at their beginnings and ends, and what differs between. */
export function apart(from: string, to: string): { readonly before: string; readonly after: string } {
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start += 1;
  let end = 0;
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end))
    end += 1;
  return { before: from.slice(0, start), after: end === 0 ? "" : from.slice(-end) };
}
