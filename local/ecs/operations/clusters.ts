import { z } from "zod";
import { AwsError, type Operation } from "../../service.ts";
import { lastPart } from "../arns.ts";
import { instancesAppear } from "../auto-scaling.ts";
import { describeCluster } from "../describe.ts";
import type { Ecs } from "../ecs.ts";
import { page, pageSchema, parse, tagsSchema } from "../input.ts";
import { checkStrategy, kindOfProvider } from "../strategy.ts";
import { type Cluster, strategyItemSchema } from "../types.ts";

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

/** @throws AwsError InvalidParameterException for a provider that does not exist. */
export function checkProviders(ecs: Ecs, names: readonly string[]): readonly string[] {
  const short = names.map(lastPart);
  const missing = short.find((name) => kindOfProvider(ecs.state, name) === undefined);
  if (missing !== undefined) {
    throw new AwsError(
      "InvalidParameterException",
      `The specified capacity provider '${missing}' was not found. Specify a valid name or ARN and try again.`,
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
      checkStrategy(state, cluster.defaultStrategy, cluster);
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
      checkStrategy(state, wanted.defaultCapacityProviderStrategy, { name: cluster.name, capacityProviders });
      cluster.capacityProviders = capacityProviders;
      cluster.defaultStrategy = wanted.defaultCapacityProviderStrategy;
      await store.save();
      return { cluster: describeCluster(state, cluster) };
    },
  };
}
