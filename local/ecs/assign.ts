import { nextProvider } from "./capacity.ts";
import { type Demand, type Host, type Placement, Placer } from "./placement.ts";
import type { ContainerInstance, LaunchType, PlacementStrategy, StrategyItem } from "./types.ts";

/** The names that Fargate's own providers have in every account. */
export const fargateProviders: readonly string[] = ["FARGATE", "FARGATE_SPOT"];

/** Whether tasks of the strategy or launch type run on Fargate, where there are no hosts. */
export function isFargate(strategy: readonly StrategyItem[], launchType: string | undefined): boolean {
  const [first] = strategy;
  return first === undefined ? launchType === "FARGATE" : fargateProviders.includes(first.capacityProvider);
}

export interface AssignOptions {
  readonly strategy: readonly StrategyItem[];
  /** Where there is no strategy. */
  readonly launchType: LaunchType;
  /** The cluster's container instances. */
  readonly hosts: readonly Host[];
  readonly demand: Demand;
  /** The group of the tasks: `service:NAME`, `family:NAME`. */
  readonly group: string;
  readonly placementStrategy: readonly PlacementStrategy[];
  /** The tasks by capacity provider that the strategy has already been applied to. */
  readonly counts: ReadonlyMap<string, number>;
}

export type Assignment = {
  /** The strategy's choice; absent with a launch type. */
  readonly provider?: string;
} & (
  | {
      readonly ok: true;
      /** Absent on Fargate. */
      readonly instance?: ContainerInstance;
    }
  | { readonly ok: false; readonly refused: Extract<Placement, { ok: false }> }
);

/** Says for one task after the other which capacity provider gives it a host, and which host. */
export class Assigner {
  private readonly options: AssignOptions;
  private readonly counts: Map<string, number>;
  private readonly placers = new Map<string, Placer>();

  constructor(options: AssignOptions) {
    this.options = options;
    this.counts = new Map(options.counts);
  }

  next(): Assignment {
    const { strategy, launchType } = this.options;
    const provider = strategy.length > 0 ? nextProvider(strategy, this.counts) : undefined;
    const chosen = provider === undefined ? {} : { provider };
    this.counts.set(provider ?? "", (this.counts.get(provider ?? "") ?? 0) + 1);
    if (isFargate(strategy, launchType)) return { ...chosen, ok: true };
    const placement = this.placerOf(provider).place();
    return placement.ok
      ? { ...chosen, ok: true, instance: placement.instance }
      : { ...chosen, ok: false, refused: placement };
  }

  /** A launch type's tasks go to its own hosts: those of ECS Anywhere are for EXTERNAL tasks only. */
  private placerOf(provider: string | undefined): Placer {
    const known = this.placers.get(provider ?? "");
    if (known !== undefined) return known;
    const { hosts, strategy, launchType, demand, group, placementStrategy } = this.options;
    const candidates = hosts.filter(({ instance }) =>
      strategy.length === 0
        ? instance.launchType === launchType
        : provider !== undefined && instance.capacityProviderName === provider,
    );
    const placer = new Placer(candidates, demand, group, placementStrategy);
    this.placers.set(provider ?? "", placer);
    return placer;
  }
}
