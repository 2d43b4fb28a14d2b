import type { CapacityProvider, ContainerInstance } from "@aws-sdk/client-ecs";
import { CPU_ARCHITECTURES } from "../pipeline/architectures.ts";
import type { StrategyItem } from "../pipeline/capacity.ts";
import type { CpuArchitecture } from "../pipeline/definition.ts";
import { architecturesOfRequirements } from "../pipeline/instance-types.ts";
import type { HostGroup } from "../pipeline/placement.ts";
import type { Aws } from "./aws.ts";
import { activeInstances } from "./container-instances.ts";
import {
  architecturesOf,
  failed,
  fargateArchitectures,
  type Groups,
  type HostedDefinition,
  known,
  nameOf,
  noInstance,
} from "./host-groups.ts";
import { type GroupArchitectures, groupArchitectures } from "./scaling-groups.ts";

type Kind = HostGroup["kind"];

/** The providers of a strategy that get tasks, by base or by weight. */
export async function ofProviders(
  aws: Aws,
  cluster: string,
  items: readonly StrategyItem[],
  definition: HostedDefinition,
  allowed: readonly CpuArchitecture[],
): Promise<Groups> {
  const named = items.map(({ capacityProvider = "", base = 0, weight = 0 }) => ({
    provider: nameOf(capacityProvider),
    base,
    weight,
  }));
  const own = named.filter(({ provider }) => !isFargate(provider));
  const [providers, instances] =
    own.length === 0
      ? [[], []]
      : await Promise.all([
          describeProviders(
            aws,
            cluster,
            own.map(({ provider }) => provider),
          ),
          activeInstances(aws, cluster),
        ]);
  const missing = own.filter(({ provider }) => !providers.some(({ name }) => name === provider));
  if (missing.length > 0)
    return failed(
      `cluster ${nameOf(cluster)} has no capacity provider ${missing.map(({ provider }) => provider).join(", ")}`,
      "mend `capacity` in the pipeline, or associate the provider with the cluster",
    );
  const kinds = named.map((item) => ({ ...item, kind: kindOf(item.provider, providers) }));
  if (new Set(kinds.map(({ kind }) => kind)).size > 1) {
    const mixed = kinds.map(({ provider, kind }) => `${provider} is ${KINDS[kind]}`).join(", ");
    return failed(
      `a strategy takes capacity providers of one kind: ${mixed}`,
      "keep those of one kind in `capacity`, or in the service's own strategy",
    );
  }
  const counting = kinds.filter(({ base, weight }) => base > 0 || weight > 0);
  return groupsOf(aws, cluster, counting, { providers, instances, definition, allowed });
}

const KINDS: Readonly<Record<Kind, string>> = {
  "auto-scaling-group": "an Auto Scaling group",
  "managed-instances": "Managed Instances",
  fargate: "Fargate",
  ec2: "EC2",
  external: "external",
};

const isFargate = (provider: string) => provider === "FARGATE" || provider === "FARGATE_SPOT";

function kindOf(provider: string, providers: readonly CapacityProvider[]): Kind {
  if (isFargate(provider)) return "fargate";
  const found = providers.find(({ name }) => name === provider);
  return found?.managedInstancesProvider === undefined ? "auto-scaling-group" : "managed-instances";
}

/** With `cluster`, only those that are associated with it; Managed Instances are not found without. */
async function describeProviders(
  aws: Aws,
  cluster: string,
  names: readonly string[],
): Promise<readonly CapacityProvider[]> {
  const { capacityProviders = [] } = await aws.ecs.describeCapacityProviders({
    cluster,
    capacityProviders: [...new Set(names)],
  });
  return capacityProviders.filter(({ status }) => status === undefined || status === "ACTIVE");
}

/** A provider that gets tasks. */
interface Counting {
  readonly provider: string;
  readonly kind: Kind;
  readonly base: number;
  readonly weight: number;
}

interface Seen {
  readonly providers: readonly CapacityProvider[];
  readonly instances: readonly ContainerInstance[];
  readonly definition: HostedDefinition;
  readonly allowed: readonly CpuArchitecture[];
}

/** Each provider's hosts as they are; what it will start, where there is none yet. */
async function groupsOf(aws: Aws, cluster: string, items: readonly Counting[], seen: Seen): Promise<Groups> {
  const { providers, instances, definition, allowed } = seen;
  const registered = (provider: string) =>
    architecturesOf(instances.filter(({ capacityProviderName }) => capacityProviderName === provider));
  const scalingGroup = (provider: string) =>
    providers
      .find(({ name }) => name === provider)
      ?.autoScalingGroupProvider?.autoScalingGroupArn?.split("autoScalingGroupName/")
      .at(-1) ?? "";
  const empty = items
    .filter(({ provider, kind }) => kind === "auto-scaling-group" && registered(provider).length === 0)
    .map(({ provider }) => scalingGroup(provider));
  const started: ReadonlyMap<string, GroupArchitectures> =
    empty.length === 0 ? new Map() : await groupArchitectures(aws, [...new Set(empty)]);
  const found: HostGroup[] = [];
  const notes: string[] = [];
  for (const { provider, kind, base, weight } of items) {
    const name = `capacity provider ${provider}`;
    const group = { name, provider, kind, base, weight };
    if (kind === "fargate") {
      found.push({ ...group, architectures: fargateArchitectures(definition) });
      continue;
    }
    if (kind === "managed-instances") {
      const answer = managed(
        providers.find((one) => one.name === provider),
        registered(provider),
        allowed,
      );
      if (answer.unsure)
        notes.push(`${name} may start hosts of either architecture: its requirements allow both`);
      found.push({ ...group, architectures: answer.architectures });
      continue;
    }
    const answer = started.get(scalingGroup(provider));
    const told = answer !== undefined && "architectures" in answer ? answer.architectures : [];
    const own = registered(provider);
    const architectures = known(own.length > 0 ? own : told, allowed);
    if (architectures === undefined)
      return noInstance(
        cluster,
        name,
        answer !== undefined && "unknown" in answer ? answer.unknown : undefined,
      );
    found.push({ ...group, architectures });
  }
  return { found, notes };
}

/**
 * Managed Instances start what their requirements allow, whatever is there now; without any, what is there is all that is known.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-types.html
 */
function managed(
  provider: CapacityProvider | undefined,
  registered: readonly CpuArchitecture[],
  allowed: readonly CpuArchitecture[],
): { readonly architectures: readonly CpuArchitecture[]; readonly unsure: boolean } {
  const requirements = provider?.managedInstancesProvider?.instanceLaunchTemplate?.instanceRequirements;
  const required = architecturesOfRequirements({
    allowedInstanceTypes: requirements?.allowedInstanceTypes ?? [],
    cpuManufacturers: requirements?.cpuManufacturers ?? [],
  });
  const architectures = required ?? known(registered, allowed);
  return architectures === undefined
    ? { architectures: CPU_ARCHITECTURES, unsure: true }
    : { architectures, unsure: false };
}
