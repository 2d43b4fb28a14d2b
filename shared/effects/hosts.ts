import type { Service } from "@aws-sdk/client-ecs";
import { CPU_ARCHITECTURES } from "../pipeline/architectures.ts";
import type { StrategyItem } from "../pipeline/capacity.ts";
import { isOurConstraint, restrictionOf } from "../pipeline/constraints.ts";
import type { CpuArchitecture } from "../pipeline/definition.ts";
import type { Failure } from "../pipeline/events.ts";
import { externalServiceFault } from "../pipeline/external-service.ts";
import type { Hosts } from "../pipeline/placement.ts";
import type { TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import type { Aws } from "./aws.ts";
import { activeInstances, isExternal } from "./container-instances.ts";
import {
  architecturesOf,
  failed,
  fargateArchitectures,
  type Groups,
  type HostedDefinition,
  hostedDefinition,
  known,
  nameOf,
  noInstance,
} from "./host-groups.ts";
import { ofProviders } from "./provider-hosts.ts";

/** The service as DescribeServices has it, as far as its hosts depend on it. */
export type HostedService = Pick<
  Service,
  | "serviceName"
  | "clusterArn"
  | "launchType"
  | "capacityProviderStrategy"
  | "placementConstraints"
  | "loadBalancers"
  | "serviceRegistries"
>;

type Answer = { readonly found: Hosts } | { readonly failure: Failure };

/**
 * The architectures of the hosts behind an ECS service: of its capacity providers that get tasks, or of its launch type.
 *
 * Calls: `1 (DescribeCapacityProviders) + 2 × ⌈instances of the cluster / 100⌉ (List- and DescribeContainerInstances)`, one
 * DescribeClusters more when the service has neither strategy nor launch type, none at all on Fargate. Only for an Auto Scaling group that
 * has no container instance registered yet, two calls over the Query protocols, signed, to `AWS_ENDPOINT_URL` or the service's own host:
 *
 * 1. Auto Scaling, credential scope `autoscaling`, POST `/` form-encoded:
 *    `Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames.member.1=NAME…`. Read from the XML:
 *    per `AutoScalingGroups/member` its `AutoScalingGroupName`, `LaunchTemplate/{LaunchTemplateId|LaunchTemplateName,Version}`,
 *    `MixedInstancesPolicy/LaunchTemplate/{LaunchTemplateSpecification/…, Overrides/member/{InstanceType,InstanceRequirements}}`.
 * 2. EC2, credential scope `ec2`, POST `/` form-encoded:
 *    `Action=DescribeLaunchTemplateVersions&Version=2016-11-15&LaunchTemplateId=lt-…&LaunchTemplateVersion.1=$Default`
 *    (`LaunchTemplateName` instead of the id when the group names it so). Read from the XML:
 *    `launchTemplateVersionSet/item/launchTemplateData/instanceType`, `…/instanceRequirements/{cpuManufacturerSet,allowedInstanceTypeSet}/item`.
 *
 * The architecture follows from the instance type's name: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 * @param document the task definition that is about to be registered
 * @param strategy what the service is about to get, when that is not what it has
 */
export async function hostArchitectures(
  aws: Aws,
  service: HostedService,
  document: TaskDefinitionDocument,
  strategy?: readonly StrategyItem[],
): Promise<Answer> {
  const fault = externalServiceFault(
    service,
    document,
    (strategy ?? []).flatMap(({ capacityProvider }) => capacityProvider ?? []),
  );
  if (fault !== undefined) return { failure: fault };
  const definition = hostedDefinition(document);
  const cluster = service.clusterArn ?? "";
  const restriction = restrictionsOf(service, definition);
  const place = await placeOf(aws, service, strategy);
  const groups =
    "launchType" in place
      ? await ofLaunchType(aws, cluster, place.launchType, definition, restriction.allowed)
      : await ofProviders(aws, cluster, place.items, definition, restriction.allowed);
  if ("failure" in groups) return groups;
  const fargate = groups.found.some(({ kind }) => kind === "fargate");
  return {
    found: {
      ...restriction,
      // Fargate knows no placement constraints, and takes the definition's architecture as it is.
      allowed: fargate ? CPU_ARCHITECTURES : restriction.allowed,
      groups: groups.found,
      notes: [...restriction.notes, ...groups.notes],
    },
  };
}

/** What the constraints and the definition's own architecture leave, our own constraint apart. */
function restrictionsOf(
  service: HostedService,
  definition: HostedDefinition,
): Pick<Hosts, "allowed" | "ours" | "notes"> {
  const own = service.placementConstraints?.flatMap(({ expression }) => expression ?? []) ?? [];
  const ours = own.find(isOurConstraint);
  const others = [...own, ...definition.expressions]
    .filter((expression) => expression !== ours)
    .map((text) => ({ text, ...restrictionOf(text) }));
  return {
    allowed: CPU_ARCHITECTURES.filter(
      (one) =>
        (definition.architecture ?? one) === one && others.every(({ allowed }) => allowed.includes(one)),
    ),
    ...(ours === undefined ? {} : { ours }),
    notes: others
      .filter(({ unclear }) => unclear)
      .map(
        ({ text }) =>
          `the placement constraint "${text}" is not understood; it is taken to allow both architectures`,
      ),
  };
}

type Place = { readonly launchType: string } | { readonly items: readonly StrategyItem[] };

/** Where the tasks go: by strategy, by launch type, or as the cluster says by default. */
async function placeOf(aws: Aws, service: HostedService, strategy?: readonly StrategyItem[]): Promise<Place> {
  const own = strategy ?? service.capacityProviderStrategy ?? [];
  if (own.length > 0) return { items: own };
  if (service.launchType !== undefined) return { launchType: service.launchType };
  const { clusters = [] } = await aws.ecs.describeClusters({ clusters: [service.clusterArn ?? ""] });
  const items = clusters[0]?.defaultCapacityProviderStrategy ?? [];
  return items.length > 0 ? { items } : { launchType: "EC2" };
}

/** All hosts of a launch type, whatever provider they belong to. */
async function ofLaunchType(
  aws: Aws,
  cluster: string,
  launchType: string,
  definition: HostedDefinition,
  allowed: readonly CpuArchitecture[],
): Promise<Groups> {
  const group = { name: `launch type ${launchType}`, base: 0, weight: 1 };
  if (launchType === "FARGATE")
    return {
      found: [{ ...group, kind: "fargate", architectures: fargateArchitectures(definition) }],
      notes: [],
    };
  const external = launchType === "EXTERNAL";
  const instances = (await activeInstances(aws, cluster)).filter((one) => isExternal(one) === external);
  // An EC2 host's agent reconnects by itself all the time; one outside of AWS may be gone.
  const away = external ? instances.filter(({ agentConnected }) => agentConnected === false) : [];
  const there = instances.filter((one) => !away.includes(one));
  const names = away.map(({ ec2InstanceId }) => ec2InstanceId ?? "").join(", ");
  const notes = away.length === 0 ? [] : [`external instances that are disconnected get no task: ${names}`];
  const architectures = known(architecturesOf(there), allowed);
  if (architectures !== undefined && (there.length > 0 || !external))
    return { found: [{ ...group, kind: external ? "external" : "ec2", architectures }], notes };
  if (!external) return noInstance(cluster, group.name);
  return away.length > 0
    ? failed(
        `every external instance of cluster ${nameOf(cluster)} is disconnected: ${names}`,
        "start their ECS agents again, or deregister those that are gone",
      )
    : failed(
        `no external instance is registered in cluster ${nameOf(cluster)}`,
        "register one with ECS Anywhere, or mend the service's launch type",
      );
}
