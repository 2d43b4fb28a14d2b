import type { ContainerInstance } from "@aws-sdk/client-ecs";
import { describe, expect, test } from "@jest/globals";
import { behind, cluster, failure, found, instance, service, strategy } from "./host-cluster.ts";

describe("launch types", () => {
  test("EC2 takes all hosts of the cluster but external ones", async () => {
    const { aws } = cluster([instance("x86_64"), instance("arm64", { ec2InstanceId: "mi-1" })]);
    const { groups } = await found(aws, service({ launchType: "EC2" }));
    expect(groups).toMatchObject([{ name: "launch type EC2", kind: "ec2", architectures: ["x86_64"] }]);
  });

  test("EC2 without a host is unknown", async () => {
    const { aws } = cluster([]);
    expect((await failure(aws, service({ launchType: "EC2" }))).reason).toContain(
      "behind launch type EC2 of cluster staging is unknown: no container instance is registered",
    );
  });

  test.each([
    [{}, "x86_64"],
    [{ runtimePlatform: { cpuArchitecture: "ARM64" } }, "arm64"],
  ])("FARGATE takes what the task definition says: %j, without a call", async (document, architecture) => {
    const { aws, calls } = cluster([]);
    const { groups } = await found(aws, service({ launchType: "FARGATE" }), document);
    expect(groups).toMatchObject([{ kind: "fargate", architectures: [architecture] }]);
    const provided = await found(
      aws,
      service({ capacityProviderStrategy: strategy("FARGATE", "FARGATE_SPOT") }),
      document,
    );
    expect(provided.groups.map(({ architectures }) => architectures)).toEqual([
      [architecture],
      [architecture],
    ]);
    expect(calls).toEqual([]);
  });

  test("EXTERNAL names the hosts that are disconnected", async () => {
    const { aws } = cluster([
      instance("x86_64"),
      instance("arm64", { ec2InstanceId: "mi-1" }),
      instance("x86_64", { ec2InstanceId: "mi-2", agentConnected: false }),
    ]);
    const hosts = await found(aws, service({ launchType: "EXTERNAL" }));
    expect(hosts.groups).toMatchObject([{ kind: "external", architectures: ["arm64"] }]);
    expect(hosts.notes).toEqual(["external instances that are disconnected get no task: mi-2"]);
  });

  test("EXTERNAL with none connected, or none at all, is an error", async () => {
    const away = cluster([instance("arm64", { ec2InstanceId: "mi-1", agentConnected: false })]);
    expect((await failure(away.aws, service({ launchType: "EXTERNAL" }))).reason).toBe(
      "every external instance of cluster staging is disconnected: mi-1",
    );
    const none = cluster([instance("arm64")]);
    expect((await failure(none.aws, service({ launchType: "EXTERNAL" }))).reason).toBe(
      "no external instance is registered in cluster staging",
    );
  });
});

describe("what external instances do not support is refused before anything is asked", () => {
  const DOES_NOT = "service web has the launch type EXTERNAL, and external instances do not support";
  const BALANCED = { loadBalancers: [{ targetGroupArn: "arn/tg", containerName: "web", containerPort: 80 }] };
  const FOUND = { serviceRegistries: [{ registryArn: "arn/registry" }] };
  const AWSVPC = { networkMode: "awsvpc" };

  test.each([
    ["a strategy", {}, {}, ["x86", "graviton"], "capacity providers (x86, graviton)", "`capacity`"],
    ["load balancers", BALANCED, {}, [], "load balancers", "load balancers away"],
    ["service discovery", FOUND, {}, [], "service registries", "service discovery away"],
    ["awsvpc", {}, AWSVPC, [], "the network mode awsvpc", "bridge, host or none"],
    ["several", BALANCED, AWSVPC, [], "load balancers and the network mode awsvpc", "bridge, host or none"],
  ])("%s", async (_what, change, document, names, what, remedy) => {
    const { aws, calls } = cluster([instance("arm64", { ec2InstanceId: "mi-1" })]);
    const external = service({ launchType: "EXTERNAL", ...change });
    const capacity = names.length === 0 ? undefined : strategy(...names);
    const fault = await failure(aws, external, document, capacity);
    expect(fault.reason).toBe(`${DOES_NOT} ${what}`);
    expect(fault.remedy).toContain(remedy);
    expect(calls).toEqual([]);
  });

  test("elsewhere they are nobody's fault", async () => {
    const { aws } = cluster([instance("arm64")]);
    const { groups } = await found(aws, service({ launchType: "EC2", ...BALANCED, ...FOUND }), AWSVPC);
    expect(groups).toMatchObject([{ kind: "ec2", architectures: ["arm64"] }]);
  });
});

describe("Managed Instances", () => {
  const managed = (instanceRequirements: object | undefined, instances: readonly ContainerInstance[] = []) =>
    cluster(instances, {
      ecs: {
        describeCapacityProviders: async () => ({
          capacityProviders: [
            {
              name: "managed",
              managedInstancesProvider: {
                instanceLaunchTemplate: {
                  ec2InstanceProfileArn: undefined,
                  networkConfiguration: undefined,
                  ...(instanceRequirements === undefined
                    ? {}
                    : {
                        instanceRequirements: {
                          vCpuCount: undefined,
                          memoryMiB: undefined,
                          ...instanceRequirements,
                        },
                      }),
                },
              },
            },
          ],
        }),
      },
    });
  const SERVICE = service({ capacityProviderStrategy: strategy("managed") });

  test.each<[object, readonly string[]]>([
    [{ cpuManufacturers: ["amazon-web-services"] }, ["arm64"]],
    [{ cpuManufacturers: ["intel", "amd"] }, ["x86_64"]],
    [{ allowedInstanceTypes: ["m7g.*", "c7gn.*"] }, ["arm64"]],
    [{ allowedInstanceTypes: ["m6*.*"] }, ["x86_64", "arm64"]],
    [{ allowedInstanceTypes: ["m6*.*"], cpuManufacturers: ["intel"] }, ["x86_64"]],
  ])("are what their requirements allow: %j", async (requirements, architectures) => {
    const { aws } = managed(requirements, [behind("managed", "x86_64")]);
    const { groups } = await found(aws, SERVICE);
    expect(groups).toMatchObject([{ kind: "managed-instances", architectures }]);
  });

  test("without requirements, what is there; with nothing there, both, and it is said", async () => {
    const there = managed(undefined, [behind("managed", "arm64")]);
    expect((await found(there.aws, SERVICE)).groups).toMatchObject([{ architectures: ["arm64"] }]);
    const nothing = await found(managed(undefined).aws, SERVICE);
    expect(nothing.groups).toMatchObject([{ architectures: ["x86_64", "arm64"] }]);
    expect(nothing.notes).toHaveLength(1);
  });
});
