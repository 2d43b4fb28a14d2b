import { AwsError } from "../service.ts";
import { fargateProviders } from "./assign.ts";
import type { EcsState } from "./state.ts";
import type { Cluster, LaunchType, StrategyItem } from "./types.ts";

const maxItems = 20;

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

/** What the tasks of a capacity provider are launched as; `undefined` when there is no such provider. */
export function kindOfProvider(state: EcsState, name: string): LaunchType | undefined {
  if (fargateProviders.includes(name)) return "FARGATE";
  const provider = state.capacityProviders.get(name);
  if (provider?.status !== "ACTIVE") return undefined;
  return provider.managedInstancesProvider === undefined ? "EC2" : "MANAGED_INSTANCES";
}

const kindNames: Readonly<Record<LaunchType, string>> = {
  EC2: "capacity providers using Auto Scaling groups",
  FARGATE: "Fargate providers",
  MANAGED_INSTANCES: "Managed Instances providers",
  EXTERNAL: "external instances",
};

/**
 * The rules of a capacity provider strategy: at most 20 items, all of one kind, one weight above 0, one base; every provider
 * exists and belongs to the cluster.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/capacity-launch-type-comparison.html
 *
 * @throws AwsError InvalidParameterException
 */
export function checkStrategy(
  state: EcsState,
  strategy: readonly StrategyItem[],
  cluster: Pick<Cluster, "name" | "capacityProviders">,
): void {
  if (strategy.length === 0) return;
  if (strategy.length > maxItems) {
    throw invalid(
      `The capacity provider strategy has ${strategy.length} capacity providers: at most ${maxItems} are possible.`,
    );
  }
  const names = strategy.map(({ capacityProvider }) => capacityProvider);
  if (new Set(names).size < names.length) {
    throw invalid("A capacity provider may occur only once in a strategy.");
  }
  checkNames(state, names, cluster);
  if (strategy.every(({ weight }) => weight === 0)) {
    throw invalid("At least one capacity provider of the strategy must have a weight greater than 0.");
  }
  if (strategy.filter(({ base }) => base > 0).length > 1) {
    throw invalid("Only one capacity provider in a capacity provider strategy can have a base defined.");
  }
}

function checkNames(
  state: EcsState,
  names: readonly string[],
  cluster: Pick<Cluster, "name" | "capacityProviders">,
): void {
  const kinds = new Set<LaunchType>();
  for (const name of names) {
    const kind = kindOfProvider(state, name);
    if (kind === undefined) {
      throw invalid(
        `The specified capacity provider '${name}' was not found. Specify a valid name or ARN and try again.`,
      );
    }
    kinds.add(kind);
  }
  const [first, second] = [...kinds].toSorted();
  if (first !== undefined && second !== undefined) {
    throw invalid(
      `A capacity provider strategy cannot contain a mix of ${kindNames[first]} and ${kindNames[second]}. Specify one or the other and try again.`,
    );
  }
  const foreign = names.find((name) => !cluster.capacityProviders.includes(name));
  if (foreign !== undefined) {
    const known = cluster.capacityProviders.join(", ") || "none";
    throw invalid(
      `The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster: ${foreign} is not one of cluster ${cluster.name} (it has: ${known}). Associate the capacity provider with the cluster and try again.`,
    );
  }
}
