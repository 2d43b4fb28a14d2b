import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { fargateProviders } from "../assign.ts";
import { providerOfGroup } from "../auto-scaling.ts";
import { describeCapacityProvider } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import { matchingTypes } from "../instance-requirements.ts";
import { removeInstance } from "../instances.ts";
import { managedProviderSchema } from "../managed-instances.ts";
import { kindOfProvider } from "../strategy.ts";
import type { CapacityProvider, Cluster } from "../types.ts";

const createSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, "The capacity provider name is invalid."),
  cluster: z.string().optional(),
  autoScalingGroupProvider: z.looseObject({ autoScalingGroupArn: z.string() }).optional(),
  managedInstancesProvider: managedProviderSchema.optional(),
  tags: tagsSchema.default([]),
});
const updateSchema = z.object({
  name: z.string(),
  cluster: z.string().optional(),
  autoScalingGroupProvider: z.record(z.string(), z.unknown()).optional(),
  managedInstancesProvider: z
    .looseObject({
      infrastructureRoleArn: z.string().optional(),
      instanceLaunchTemplate: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});
const describeSchema = pageSchema.extend({
  capacityProviders: z.array(z.string()).max(100).optional(),
  cluster: z.string().optional(),
  include: z.array(z.string()).default([]),
});

const invalid = (message: string): AwsError => new AwsError("InvalidParameterException", message);

export function capacityProviderOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;

  /**
   * Names are unique per account and Region.
   * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
   */
  function checkName(name: string): void {
    if (/^(aws|ecs|fargate)/i.test(name)) {
      throw new AwsError(
        "ClientException",
        `The capacity provider name ${name} must not begin with aws, ecs or fargate.`,
      );
    }
    if (state.capacityProviders.get(name)?.status === "ACTIVE") {
      throw new AwsError(
        "ClientException",
        "The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.",
      );
    }
  }

  /**
   * An Auto Scaling group belongs to one provider only: two clusters with hosts of their own therefore need providers of
   * different names.
   */
  function overGroup(
    provider: z.infer<typeof createSchema>["autoScalingGroupProvider"],
  ): Partial<CapacityProvider> {
    if (provider === undefined) {
      throw invalid("Either autoScalingGroupProvider or managedInstancesProvider is required.");
    }
    const { autoScalingGroupArn } = provider;
    const other = providerOfGroup(state, lastPart(autoScalingGroupArn));
    if (other !== undefined) {
      throw invalid(
        `The specified Auto Scaling group ARN is already being used by another capacity provider (${other.name}). Specify a unique Auto Scaling group ARN and try again.`,
      );
    }
    return { autoScalingGroupArn, autoScalingGroupProvider: provider };
  }

  /** A provider of Managed Instances is one cluster's, and is associated with it from the start. */
  function managed(wanted: z.infer<typeof createSchema>): Partial<CapacityProvider> {
    if (wanted.autoScalingGroupProvider !== undefined) {
      throw invalid("Specify either autoScalingGroupProvider or managedInstancesProvider, not both.");
    }
    if (wanted.cluster === undefined) {
      throw invalid("The cluster is required for a capacity provider of Managed Instances.");
    }
    const requirements = wanted.managedInstancesProvider?.instanceLaunchTemplate.instanceRequirements ?? {};
    if (matchingTypes(requirements).length === 0) {
      throw invalid(
        `No instance type meets instanceRequirements of the capacity provider ${wanted.name}: ${JSON.stringify(requirements)}.`,
      );
    }
    const cluster = state.cluster(wanted.cluster);
    cluster.capacityProviders.push(wanted.name);
    return { cluster: cluster.name, managedInstancesProvider: { ...wanted.managedInstancesProvider } };
  }

  /** The container instances of the group that have registered before the provider was there belong to it. */
  function adopt(provider: CapacityProvider): void {
    const group = state.autoScalingGroups.get(lastPart(provider.autoScalingGroupArn ?? ""));
    for (const instance of state.instances.values()) {
      if (group?.instanceIds.includes(instance.ec2InstanceId)) instance.capacityProviderName = provider.name;
    }
  }

  const shown = (provider: CapacityProvider, withTags: boolean): Record<string, unknown> => {
    const { tags, ...rest } = describeCapacityProvider(provider);
    return withTags ? { ...rest, tags } : rest;
  };

  const userOf = (cluster: Cluster, provider: string): string | undefined =>
    state
      .servicesOf(cluster.name)
      .find(
        ({ status, capacityProviderStrategy }) =>
          status !== "INACTIVE" &&
          capacityProviderStrategy.some(({ capacityProvider }) => capacityProvider === provider),
      )?.name;

  /** The instances of Managed Instances end with their provider. */
  function retire(cluster: Cluster, provider: string): void {
    cluster.capacityProviders = cluster.capacityProviders.filter((name) => name !== provider);
    for (const instance of state.instancesOf(cluster.name)) {
      if (instance.capacityProviderName === provider)
        removeInstance(ecs, instance, "Capacity provider deleted.");
    }
  }

  return {
    CreateCapacityProvider: async (input) => {
      const wanted = parse(createSchema, input);
      checkName(wanted.name);
      const own =
        wanted.managedInstancesProvider === undefined
          ? overGroup(wanted.autoScalingGroupProvider)
          : managed(wanted);
      const provider: CapacityProvider = {
        arn: ecs.arns.ecs(`capacity-provider/${wanted.name}`),
        name: wanted.name,
        status: "ACTIVE",
        ...own,
        tags: wanted.tags,
      };
      state.capacityProviders.set(provider.name, provider);
      adopt(provider);
      await store.save();
      return { capacityProvider: describeCapacityProvider(provider) };
    },

    UpdateCapacityProvider: async (input) => {
      const wanted = parse(updateSchema, input);
      const provider = state.capacityProviders.get(lastPart(wanted.name));
      if (provider === undefined) throw invalid("The specified capacity provider does not exist.");
      const { autoScalingGroupProvider, managedInstancesProvider } = wanted;
      if (provider.managedInstancesProvider === undefined) {
        if (autoScalingGroupProvider === undefined) throw invalid("autoScalingGroupProvider is required.");
        provider.autoScalingGroupProvider = {
          ...provider.autoScalingGroupProvider,
          ...autoScalingGroupProvider,
        };
      } else {
        const before = parse(managedProviderSchema, provider.managedInstancesProvider);
        provider.managedInstancesProvider = parse(managedProviderSchema, {
          ...before,
          ...managedInstancesProvider,
          instanceLaunchTemplate: {
            ...before.instanceLaunchTemplate,
            ...managedInstancesProvider?.instanceLaunchTemplate,
          },
        });
      }
      await store.save();
      return { capacityProvider: { ...describeCapacityProvider(provider), updateStatus: "UPDATE_COMPLETE" } };
    },

    DescribeCapacityProviders: async (input) => {
      const wanted = parse(describeSchema, input);
      const names = wanted.capacityProviders?.map(lastPart);
      const cluster = wanted.cluster === undefined ? undefined : state.cluster(wanted.cluster);
      const asked = (name: string): boolean =>
        (names?.includes(name) ?? true) && (cluster?.capacityProviders.includes(name) ?? true);
      const all = [
        ...fargateProviders.map((name) => ({
          capacityProviderArn: ecs.arns.ecs(`capacity-provider/${name}`),
          name,
          status: "ACTIVE",
          type: name,
        })),
        ...[...state.capacityProviders.values()].map((one) => shown(one, wanted.include.includes("TAGS"))),
      ].filter(({ name }) => asked(String(name)));
      const { items, ...rest } = page(all, wanted.nextToken, wanted.maxResults);
      const missing = (names ?? []).filter((name) => kindOfProvider(state, name) === undefined);
      return {
        capacityProviders: items,
        failures: missing.map((name) => ({
          arn: ecs.arns.ecs(`capacity-provider/${name}`),
          reason: "MISSING",
        })),
        ...rest,
      };
    },

    DeleteCapacityProvider: async (input) => {
      const { capacityProvider } = parse(z.object({ capacityProvider: z.string() }), input);
      const provider = state.capacityProviders.get(lastPart(capacityProvider));
      if (provider === undefined) {
        throw new AwsError("InvalidParameterException", "The specified capacity provider does not exist.");
      }
      // One of Managed Instances goes with its association, once no service uses it.
      const own = state.clusters.get(provider.cluster ?? "");
      const busy = own === undefined ? undefined : userOf(own, provider.name);
      if (busy !== undefined) {
        throw new AwsError(
          "ClientException",
          `The capacity provider cannot be deleted because it is used by service ${busy} of its cluster. Move the service to another and try again.`,
        );
      }
      if (own !== undefined) retire(own, provider.name);
      const user = [...state.clusters.values()].find(
        ({ status, capacityProviders }) => status === "ACTIVE" && capacityProviders.includes(provider.name),
      );
      if (user !== undefined) {
        throw new AwsError(
          "ClientException",
          `The capacity provider cannot be deleted because it is associated with cluster: ${user.name}. Remove the capacity provider from the cluster and try again.`,
        );
      }
      provider.status = "INACTIVE";
      state.capacityProviders.delete(provider.name);
      await store.save();
      return { capacityProvider: { ...describeCapacityProvider(provider), updateStatus: "DELETE_COMPLETE" } };
    },
  };
}
