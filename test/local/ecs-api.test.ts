import {
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  DeleteClusterCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeTaskDefinitionCommand,
  ListContainerInstancesCommand,
  ListTagsForResourceCommand,
  ListTaskDefinitionsCommand,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createWeb, mixedCluster, register } from "./ecs-cluster.ts";
import type { EcsEndpoint } from "./ecs-endpoint.ts";
import { image, startQuickly } from "./ecs-launch.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly({ simulatedStartMs: 20, simulatedRunMs: 50 });
});
afterEach(() => endpoint.stop());

describe("task definitions", () => {
  test("revisions count up, keep unknown members and tags, and leave a family's newest when deregistered", async () => {
    const first = await register(endpoint, "hello:1", {
      tags: [{ key: "tandem:run", value: "hello/1" }],
      executionRoleArn: "arn:aws:iam::000000000000:role/execution",
      containerDefinitions: [
        {
          name: "web",
          image: "hello:1",
          memory: 128,
          dockerLabels: { a: "b" },
          ulimits: [{ name: "core", softLimit: 0, hardLimit: 0 }],
        },
      ],
    });
    const second = await register(endpoint, "hello:2");
    expect([first, second].map((arn) => arn.split("/")[1])).toEqual(["web:1", "web:2"]);
    const described = await endpoint.ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: "web:1", include: ["TAGS"] }),
    );
    expect(described.tags).toEqual([{ key: "tandem:run", value: "hello/1" }]);
    expect(described.taskDefinition).toMatchObject({
      status: "ACTIVE",
      executionRoleArn: "arn:aws:iam::000000000000:role/execution",
      containerDefinitions: [{ essential: true, dockerLabels: { a: "b" }, ulimits: [{ name: "core" }] }],
    });
    await endpoint.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: second }));
    const newest = await endpoint.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: "web" }));
    expect(newest.taskDefinition?.taskDefinitionArn).toBe(first);
    const list = (status: "ACTIVE" | "INACTIVE") =>
      endpoint.ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: "web", status, sort: "DESC" }));
    expect((await list("ACTIVE")).taskDefinitionArns).toEqual([first]);
    expect((await list("INACTIVE")).taskDefinitionArns).toEqual([second]);
  });

  test.each([
    ["no memory", { name: "web", image: "hello" }, /At least one of 'memory' or 'memoryReservation'/],
    [
      "no image",
      { name: "web", image: undefined, memory: 128 },
      /Container.image should not be null or empty/,
    ],
    ["none essential", { name: "web", image: "hello", memory: 128, essential: false }, /marked as essential/],
  ])("refuses one with %s", async (_what, container, message) => {
    await expect(
      endpoint.ecs.send(
        new RegisterTaskDefinitionCommand({ family: "web", containerDefinitions: [container] }),
      ),
    ).rejects.toThrow(message);
  });

  test("is not found by a wrong name", async () => {
    await expect(
      endpoint.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: "none:7" })),
    ).rejects.toMatchObject({ name: "ClientException", message: "Unable to describe task definition." });
  });
});

describe("clusters and capacity", () => {
  test("says what the hosts are and have left", async () => {
    await mixedCluster(endpoint);
    const { containerInstanceArns = [] } = await endpoint.ecs.send(
      new ListContainerInstancesCommand({
        cluster: "staging",
        filter: "attribute:ecs.cpu-architecture == arm64",
      }),
    );
    expect(containerInstanceArns).toHaveLength(2);
    const { containerInstances = [] } = await endpoint.ecs.send(
      new DescribeContainerInstancesCommand({
        cluster: "staging",
        containerInstances: containerInstanceArns,
      }),
    );
    expect(containerInstances[0]).toMatchObject({
      status: "ACTIVE",
      agentConnected: true,
      capacityProviderName: "graviton",
      runningTasksCount: 0,
    });
    expect(containerInstances[0]?.attributes).toEqual(
      expect.arrayContaining([
        { name: "ecs.instance-type", value: "t4g.medium" },
        { name: "ecs.cpu-architecture", value: "arm64" },
        { name: "tandem.simulated", value: "true" },
      ]),
    );
    const cpu = containerInstances[0]?.remainingResources?.find(({ name }) => name === "CPU");
    expect(cpu?.integerValue).toBe(2048);
    const { clusters = [], failures = [] } = await endpoint.ecs.send(
      new DescribeClustersCommand({ clusters: ["staging", "nowhere"] }),
    );
    expect(clusters[0]).toMatchObject({
      registeredContainerInstancesCount: 4,
      capacityProviders: ["x86", "graviton"],
    });
    expect(failures).toEqual([expect.objectContaining({ reason: "MISSING" })]);
  });

  test("a capacity provider's name and its Auto Scaling group are taken once per account", async () => {
    await mixedCluster(endpoint);
    const create = (name: string, group: string) =>
      endpoint.ecs.send(
        new CreateCapacityProviderCommand({
          name,
          autoScalingGroupProvider: {
            autoScalingGroupArn: `arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/${group}`,
          },
        }),
      );
    await expect(create("x86", "production-x86")).rejects.toThrow(
      "The specified capacity provider already exists.",
    );
    await expect(create("other", "staging-x86")).rejects.toThrow(
      "already being used by another capacity provider",
    );
  });

  test("a strategy may name only what the cluster has", async () => {
    await mixedCluster(endpoint);
    const taskDefinition = await register(endpoint, await image(endpoint));
    const withStrategy = (
      capacityProviderStrategy: { capacityProvider: string; weight?: number; base?: number }[],
    ) => createWeb(endpoint, taskDefinition, { capacityProviderStrategy });
    await expect(withStrategy([{ capacityProvider: "spot", weight: 1 }])).rejects.toThrow(
      "The specified capacity provider 'spot' was not found. Specify a valid name or ARN and try again.",
    );
    await expect(withStrategy([{ capacityProvider: "x86", weight: 0 }])).rejects.toThrow("greater than 0");
    await expect(
      withStrategy([
        { capacityProvider: "x86", weight: 1, base: 1 },
        { capacityProvider: "graviton", weight: 1, base: 1 },
      ]),
    ).rejects.toThrow("Only one capacity provider");
    await createWeb(endpoint, taskDefinition, { desiredCount: 0 });
    await expect(
      endpoint.ecs.send(
        new PutClusterCapacityProvidersCommand({
          cluster: "staging",
          capacityProviders: ["x86"],
          defaultCapacityProviderStrategy: [],
        }),
      ),
    ).rejects.toMatchObject({ name: "ResourceInUseException" });
  });

  test("a cluster with hosts is not deleted, an empty one is", async () => {
    await mixedCluster(endpoint);
    await expect(endpoint.ecs.send(new DeleteClusterCommand({ cluster: "staging" }))).rejects.toMatchObject({
      name: "ClusterContainsContainerInstancesException",
    });
    await endpoint.ecs.send(new CreateClusterCommand({ clusterName: "empty" }));
    const { cluster } = await endpoint.ecs.send(new DeleteClusterCommand({ cluster: "empty" }));
    expect(cluster?.status).toBe("INACTIVE");
  });
});

test("resources are tagged and untagged", async () => {
  await mixedCluster(endpoint);
  const resourceArn = await register(endpoint, "hello");
  await endpoint.ecs.send(
    new TagResourceCommand({
      resourceArn,
      tags: [
        { key: "run", value: "1" },
        { key: "a", value: "b" },
      ],
    }),
  );
  await endpoint.ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ["a"] }));
  const { tags } = await endpoint.ecs.send(new ListTagsForResourceCommand({ resourceArn }));
  expect(tags).toEqual([{ key: "run", value: "1" }]);
  await expect(
    endpoint.ecs.send(
      new TagResourceCommand({
        resourceArn: "arn:aws:ecs:us-east-1:000000000000:service/staging/none",
        tags: [],
      }),
    ),
  ).rejects.toMatchObject({ name: "InvalidParameterException" });
});
