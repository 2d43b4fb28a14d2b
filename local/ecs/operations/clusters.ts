import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { instancesAppear } from "../auto-scaling.ts";
import { describeCluster } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import { type Cluster, type StrategyItem, strategyItemSchema } from "../types.ts";

const createSchema = z.object({
  clusterName: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]{1,255}$/,
      "Identifier should only contain letters, numbers, underscores, and hyphens",
    )
    .default("default"),
  tags: tagsSchema.default([]),
  settings: z.array(z.unknown()).default([]),
  capacityProviders: z.array(z.string()).default([]),
  defaultCapacityProviderStrategy: z.array(strategyItemSchema).default([]),
});
const putSchema = z.object({
  cluster: z.string(),
  capacityProviders: z.array(z.string()),
  defaultCapacityProviderStrategy: z.array(strategyItemSchema),
});

/**
 * The rules of a capacity provider strategy: at most 20 items, one weight above 0, one base; every provider belongs to the
 * cluster. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
 *
 * @throws AwsError InvalidParameterException
 */
export function checkStrategy(
  strategy: readonly StrategyItem[],
  cluster: Pick<Cluster, "name" | "capacityProviders">,
): void {
  const refuse = (message: string): never => {
    throw new AwsError("InvalidParameterException", message);
  };
  if (strategy.length === 0) return;
  if (strategy.length > 20)
    refuse("The capacity provider strategy can't have more than 20 capacity providers.");
  if (strategy.every(({ weight }) => weight === 0)) {
    refuse("At least one capacity provider of the strategy must have a weight greater than 0.");
  }
  if (strategy.filter(({ base }) => base > 0).length > 1) {
    refuse("Only one capacity provider in a capacity provider strategy can have a base defined.");
  }
  const names = strategy.map(({ capacityProvider }) => capacityProvider);
  if (new Set(names).size < names.length) refuse("A capacity provider may occur only once in a strategy.");
  const foreign = names.find((name) => !cluster.capacityProviders.includes(name));
  if (foreign !== undefined) {
    const known = cluster.capacityProviders.join(", ") || "none";
    refuse(
      `The specified capacity provider '${foreign}' was not found in cluster ${cluster.name} (it has: ${known}). Associate it with PutClusterCapacityProviders.`,
    );
  }
}

/** @throws AwsError InvalidParameterException for a provider that does not exist. */
export function checkProviders(ecs: Ecs, names: readonly string[]): readonly string[] {
  const short = names.map(lastPart);
  const missing = short.find((name) => ecs.state.capacityProviders.get(name)?.status !== "ACTIVE");
  if (missing !== undefined) {
    throw new AwsError(
      "InvalidParameterException",
      `The specified capacity provider '${missing}' was not found.`,
    );
  }
  return short;
}

export function clusterOperations(ecs: Ecs): Record<string, Operation> {
  const { state, store } = ecs;

  return {
    CreateCluster: async (input) => {
      const wanted = parse(createSchema, input);
      const known = state.clusters.get(wanted.clusterName);
      if (known?.status === "ACTIVE") return { cluster: describeCluster(state, known) };
      const cluster: Cluster = {
        arn: ecs.arns.ecs(`cluster/${wanted.clusterName}`),
        name: wanted.clusterName,
        status: "ACTIVE",
        capacityProviders: [...checkProviders(ecs, wanted.capacityProviders)],
        defaultStrategy: wanted.defaultCapacityProviderStrategy,
        settings:
          wanted.settings.length > 0 ? wanted.settings : [{ name: "containerInsights", value: "disabled" }],
        tags: wanted.tags,
      };
      checkStrategy(cluster.defaultStrategy, cluster);
      state.clusters.set(cluster.name, cluster);
      instancesAppear(ecs);
      await store.save();
      return { cluster: describeCluster(state, cluster) };
    },

    DescribeClusters: async (input) => {
      const { clusters, include } = parse(
        z.object({
          clusters: z.array(z.string()).default(["default"]),
          include: z.array(z.string()).default([]),
        }),
        input,
      );
      const found = clusters.map((name) => ({ name, cluster: state.clusters.get(lastPart(name)) }));
      return {
        clusters: found.flatMap(({ cluster }) =>
          cluster === undefined ? [] : [describeCluster(state, cluster, include.includes("TAGS"))],
        ),
        failures: found
          .filter(({ cluster }) => cluster === undefined)
          .map(({ name }) => ({ arn: ecs.arns.ecs(`cluster/${lastPart(name)}`), reason: "MISSING" })),
      };
    },

    ListClusters: async (input) => {
      const { nextToken, maxResults } = parse(pageSchema, input);
      const active = [...state.clusters.values()].filter(({ status }) => status === "ACTIVE");
      const { items, ...rest } = page(active, nextToken, maxResults);
      return { clusterArns: items.map(({ arn }) => arn), ...rest };
    },

    DeleteCluster: async (input) => {
      const cluster = state.cluster(parse(z.object({ cluster: z.string() }), input).cluster);
      if (state.servicesOf(cluster.name).some(({ status }) => status !== "INACTIVE")) {
        throw new AwsError(
          "ClusterContainsServicesException",
          "The Cluster cannot be deleted while Services are active.",
        );
      }
      if (state.instancesOf(cluster.name).length > 0) {
        throw new AwsError(
          "ClusterContainsContainerInstancesException",
          "The Cluster cannot be deleted while Container Instances are active or draining.",
        );
      }
      if (state.tasksOf(cluster.name).size > 0) {
        throw new AwsError(
          "ClusterContainsTasksException",
          "The Cluster cannot be deleted while Tasks are active.",
        );
      }
      cluster.status = "INACTIVE";
      await store.save();
      return { cluster: describeCluster(state, cluster) };
    },

    PutClusterCapacityProviders: async (input) => {
      const wanted = parse(putSchema, input);
      const cluster = state.cluster(wanted.cluster);
      const capacityProviders = [...checkProviders(ecs, wanted.capacityProviders)];
      const dropped = cluster.capacityProviders.filter((name) => !capacityProviders.includes(name));
      const user = state
        .servicesOf(cluster.name)
        .find(
          ({ status, capacityProviderStrategy }) =>
            status !== "INACTIVE" &&
            capacityProviderStrategy.some((item) => dropped.includes(item.capacityProvider)),
        );
      if (user !== undefined) {
        throw new AwsError(
          "ResourceInUseException",
          `The specified capacity provider is in use by service ${user.name} and cannot be removed.`,
        );
      }
      checkStrategy(wanted.defaultCapacityProviderStrategy, { name: cluster.name, capacityProviders });
      cluster.capacityProviders = capacityProviders;
      cluster.defaultStrategy = wanted.defaultCapacityProviderStrategy;
      await store.save();
      return { cluster: describeCluster(state, cluster) };
    },
  };
}
