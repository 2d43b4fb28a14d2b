import {
  CreateCapacityProviderCommand,
  DescribeCapacityProvidersCommand,
  ListContainerInstancesCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  architectureOf,
  deploymentEnds,
  describeWeb,
  eventName,
  register,
  tasksOfWeb,
} from "./ecs-cluster.ts";
import type { EcsEndpoint } from "./ecs-endpoint.ts";
import {
  arm64,
  createCluster,
  createService,
  type Definition,
  image,
  network,
  startQuickly,
} from "./ecs-launch.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly();
});
afterEach(() => endpoint.stop());

describe("Managed Instances", () => {
  const provider = (name: string, instanceRequirements: Record<string, unknown>) =>
    endpoint.ecs.send(
      new CreateCapacityProviderCommand({
        name,
        cluster: "staging",
        managedInstancesProvider: {
          infrastructureRoleArn: "arn:aws:iam::000000000000:role/ecs-infrastructure",
          instanceLaunchTemplate: {
            ec2InstanceProfileArn: "arn:aws:iam::000000000000:instance-profile/ecs",
            networkConfiguration: { subnets: ["subnet-a"] },
            instanceRequirements: {
              vCpuCount: { min: 2, max: 8 },
              memoryMiB: { min: 2048 },
              ...instanceRequirements,
            },
          },
        },
      }),
    );
  const definition = (): Definition => ({
    networkMode: "awsvpc",
    requiresCompatibilities: ["MANAGED_INSTANCES"],
    cpu: "1024",
    memory: "1024",
  });

  test.each([
    ["cpuManufacturers of AWS", { cpuManufacturers: ["amazon-web-services"] }, "arm64"],
    ["cpuManufacturers of Intel and AMD", { cpuManufacturers: ["intel", "amd"] }, "x86_64"],
    ["allowedInstanceTypes", { allowedInstanceTypes: ["m7g.*"] }, "arm64"],
  ])("%s decide the architecture of the hosts it starts", async (_what, requirements, architecture) => {
    await createCluster(endpoint);
    await provider("managed", requirements);
    await register(endpoint, await image(endpoint), definition());
    await createService(endpoint, {
      desiredCount: 3,
      capacityProviderStrategy: [{ capacityProvider: "managed", weight: 1 }],
      ...network,
    });
    await deploymentEnds(endpoint);
    const tasks = await tasksOfWeb(endpoint);
    expect(tasks.map(architectureOf)).toEqual([architecture, architecture, architecture]);
    expect(tasks[0]).toMatchObject({ launchType: "MANAGED_INSTANCES", capacityProviderName: "managed" });
    const { containerInstanceArns = [] } = await endpoint.ecs.send(
      new ListContainerInstancesCommand({ cluster: "staging" }),
    );
    expect(containerInstanceArns).toHaveLength(1);
  });

  test("is described with its requirements, by cluster, and is one cluster's", async () => {
    await createCluster(endpoint);
    await provider("managed", { cpuManufacturers: ["amazon-web-services"] });
    const { capacityProviders } = await endpoint.ecs.send(
      new DescribeCapacityProvidersCommand({ cluster: "staging" }),
    );
    expect(capacityProviders).toMatchObject([
      {
        name: "managed",
        type: "MANAGED_INSTANCES",
        cluster: "staging",
        managedInstancesProvider: {
          instanceLaunchTemplate: {
            instanceRequirements: {
              cpuManufacturers: ["amazon-web-services"],
              vCpuCount: { min: 2, max: 8 },
            },
          },
        },
      },
    ]);
    await createCluster(endpoint, "other");
    await register(endpoint, "hello", definition());
    await expect(
      createService(endpoint, {
        cluster: "other",
        capacityProviderStrategy: [{ capacityProvider: "managed", weight: 1 }],
        ...network,
      }),
    ).rejects.toThrow("not associated with the cluster");
    await expect(createService(endpoint, { launchType: "MANAGED_INSTANCES", ...network })).rejects.toThrow(
      "used with capacityProviderStrategy",
    );
  });

  test("says when no type it may start fits, and refuses requirements that none meets", async () => {
    await createCluster(endpoint);
    await provider("managed", { cpuManufacturers: ["intel"] });
    await register(endpoint, await image(endpoint), { ...definition(), ...arm64 });
    await createService(endpoint, {
      capacityProviderStrategy: [{ capacityProvider: "managed", weight: 1 }],
      ...network,
    });
    await endpoint.event("placement", (event) => eventName(event) === "SERVICE_TASK_PLACEMENT_FAILURE");
    const messages = (await describeWeb(endpoint)).events?.map(({ message }) => message).join("\n");
    expect(messages).toContain("no instance type of the capacity provider managed has 1024 CPU units");
    expect(messages).toContain("on arm64");
    await expect(
      provider("none", { cpuManufacturers: ["intel"], allowedInstanceTypes: ["m7g.*"] }),
    ).rejects.toThrow("No instance type meets instanceRequirements");
  });
});
