import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { describeCapacityProvider } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import type { CapacityProvider } from "../types.ts";

const createSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, "The capacity provider name is invalid."),
  autoScalingGroupProvider: z.looseObject({ autoScalingGroupArn: z.string() }).optional(),
  managedInstancesProvider: z.unknown().optional(),
  tags: tagsSchema.default([]),
});
const describeSchema = pageSchema.extend({
  capacityProviders: z.array(z.string()).optional(),
  cluster: z.string().optional(),
});

/** The names that Fargate's own providers have in every account. */
const predefined = ["FARGATE", "FARGATE_SPOT"];

export function capacityProviderOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;

  /**
   * Names are unique per account and Region, and an Auto Scaling group belongs to one provider only: two clusters with hosts
   * of their own therefore need providers of different names.
   * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
   */
  function checkFree(name: string, autoScalingGroup: string): void {
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
    const other = [...state.capacityProviders.values()].find(
      ({ status, autoScalingGroupArn }) =>
        status === "ACTIVE" && lastPart(autoScalingGroupArn) === autoScalingGroup,
    );
    if (other !== undefined) {
      throw new AwsError(
        "InvalidParameterException",
        `The specified Auto Scaling group ARN is already being used by another capacity provider (${other.name}). Specify a unique Auto Scaling group ARN and try again.`,
      );
    }
  }

  return {
    CreateCapacityProvider: async (input) => {
      const wanted = parse(createSchema, input);
      if (wanted.autoScalingGroupProvider === undefined) {
        throw new AwsError(
          "UnsupportedFeatureException",
          "The local endpoint emulates capacity providers with autoScalingGroupProvider only, not Managed Instances.",
        );
      }
      const { autoScalingGroupArn } = wanted.autoScalingGroupProvider;
      checkFree(wanted.name, lastPart(autoScalingGroupArn));
      const provider: CapacityProvider = {
        arn: ecs.arns.ecs(`capacity-provider/${wanted.name}`),
        name: wanted.name,
        status: "ACTIVE",
        autoScalingGroupArn,
        autoScalingGroupProvider: wanted.autoScalingGroupProvider,
        tags: wanted.tags,
      };
      state.capacityProviders.set(provider.name, provider);
      const group = state.autoScalingGroups.get(lastPart(autoScalingGroupArn));
      for (const instance of state.instances.values()) {
        if (group?.instanceIds.includes(instance.ec2InstanceId))
          instance.capacityProviderName = provider.name;
      }
      await store.save();
      return { capacityProvider: describeCapacityProvider(provider) };
    },

    DescribeCapacityProviders: async (input) => {
      const wanted = parse(describeSchema, input);
      const names = wanted.capacityProviders?.map(lastPart);
      const all = [...state.capacityProviders.values()].filter(({ name }) => names?.includes(name) ?? true);
      const { items, ...rest } = page(all, wanted.nextToken, wanted.maxResults);
      const missing = (names ?? []).filter(
        (name) => !state.capacityProviders.has(name) && !predefined.includes(name),
      );
      return {
        capacityProviders: [
          ...predefined
            .filter((name) => names?.includes(name) ?? true)
            .map((name) => ({
              capacityProviderArn: ecs.arns.ecs(`capacity-provider/${name}`),
              name,
              status: "ACTIVE",
            })),
          ...items.map(describeCapacityProvider),
        ],
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
