import { CreateClusterCommand, type CreateServiceCommandInput } from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Demand, type Host, Placer } from "../../local/ecs/placement.ts";
import { explainRefusal, failureReason } from "../../local/ecs/refusals.ts";
import type { Attribute, ContainerInstance, PlacementStrategy } from "../../local/ecs/types.ts";
import { createWeb, mixedCluster, register } from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";

interface HostOptions extends Partial<Omit<Host, "instance">> {
  readonly zone?: string;
  readonly attributes?: readonly Attribute[];
  readonly instance?: Partial<ContainerInstance>;
}

/** A host of 1,024 CPU units and 1,024 MiB. */
function host(id: string, options: HostOptions = {}): Host {
  const { zone = "us-east-1a", attributes = [], instance, ...rest } = options;
  const architecture = instance?.architecture ?? "x86_64";
  return {
    instance: {
      arn: `arn:aws:ecs:us-east-1:000000000000:container-instance/staging/${id}`,
      cluster: "staging",
      ec2InstanceId: id,
      instanceType: "m7i.large",
      architecture,
      availabilityZone: zone,
      cpu: 1024,
      memory: 1024,
      status: "ACTIVE",
      attributes: [
        { name: "ecs.availability-zone", value: zone },
        { name: "ecs.os-family", value: "LINUX" },
        { name: "ecs.cpu-architecture", value: architecture },
        ...attributes,
      ],
      launchType: "EC2",
      agentConnected: true,
      registeredAt: 0,
      version: 1,
      tags: [],
      ...instance,
    },
    freeCpu: 1024,
    freeMemory: 1024,
    usedPorts: new Set(),
    tasks: 0,
    groupTasks: 0,
    groups: [],
    ...rest,
  };
}
const demand = (more: Partial<Demand> = {}): Demand => ({
  cpu: 100,
  memory: 100,
  hostPorts: [],
  constraints: [],
  ...more,
});

/** Where so many tasks go; a refusal as its reason. */
function places(
  hosts: readonly Host[],
  number: number,
  wanted = demand(),
  strategy: readonly PlacementStrategy[] = [],
): readonly string[] {
  const placer = new Placer(hosts, wanted, "service:web", strategy);
  return Array.from({ length: number }, () => {
    const placement = placer.place();
    return placement.ok ? placement.instance.ec2InstanceId : failureReason(placement, false);
  });
}

const memberOf = (expression: string) => demand({ constraints: [{ type: "memberOf", expression }] });

describe("placement strategies", () => {
  const zones = [host("a1"), host("a2"), host("b1", { zone: "us-east-1b" })];

  test("none: over availability zones, then over hosts", () => {
    expect(places(zones, 4).toSorted()).toEqual(["a1", "a2", "b1", "b1"]);
  });

  test("spread over hosts", () => {
    expect(places(zones, 6, demand(), [{ type: "spread", field: "instanceId" }]).toSorted()).toEqual([
      "a1",
      "a1",
      "a2",
      "a2",
      "b1",
      "b1",
    ]);
  });

  test("spread over an attribute of one's own", () => {
    const racks = [
      host("one", { attributes: [{ name: "rack", value: "1" }] }),
      host("two", { attributes: [{ name: "rack", value: "1" }] }),
      host("three", { attributes: [{ name: "rack", value: "2" }] }),
    ];
    const placed = places(racks, 4, demand(), [{ type: "spread", field: "attribute:rack" }]);
    expect(placed.filter((id) => id === "three")).toHaveLength(2);
  });

  test("binpack fills the host with least left of the field", () => {
    const hosts = [host("roomy"), host("tight", { freeMemory: 250, freeCpu: 900 })];
    expect(places(hosts, 3, demand(), [{ type: "binpack", field: "memory" }])).toEqual([
      "tight",
      "tight",
      "roomy",
    ]);
  });
});

describe("placement constraints", () => {
  const both = [host("x"), host("a", { instance: { architecture: "arm64" } })];

  test.each([
    ["attribute:ecs.cpu-architecture == arm64", ["a", "a"]],
    ["attribute:ecs.cpu-architecture != arm64", ["x", "x"]],
    ["attribute:ecs.cpu-architecture in [arm64]", ["a", "a"]],
    [
      "attribute:ecs.availability-zone =~ us-east-1.* and not (attribute:ecs.cpu-architecture == x86_64)",
      ["a", "a"],
    ],
    ["attribute:rack exists", Array(2).fill("MemberOf placement constraint unsatisfied.")],
    // What tasks change is asked each time.
    ["not(task:group == service:web)", ["x", "a"]],
    ["runningTasksCount < 1", ["x", "a"]],
  ])("memberOf %s", (expression, expected) => {
    expect(places(both, 2, memberOf(expression))).toEqual(expected);
  });

  test("distinctInstance puts one task of the group on a host", () => {
    const distinct = demand({ constraints: [{ type: "distinctInstance" }] });
    expect(places(both, 3, distinct)).toEqual(["x", "a", "MemberOf placement constraint unsatisfied."]);
  });
});

describe("what a host lacks", () => {
  test.each<readonly [string, Host, Partial<Demand>, string, string]>([
    ["cpu", host("one", { freeCpu: 50 }), {}, "RESOURCE:CPU", "has insufficient CPU units available"],
    ["memory", host("one", { freeMemory: 50 }), {}, "RESOURCE:MEMORY", "has insufficient memory available"],
    [
      "a port",
      host("one", { usedPorts: new Set([80]) }),
      { hostPorts: [80] },
      "RESOURCE:PORTS",
      "is already using a port required by your task",
    ],
    [
      "the architecture",
      host("one"),
      { architecture: "arm64" },
      "ATTRIBUTE",
      "is missing an attribute required by your task",
    ],
    [
      "the system",
      host("one"),
      { osFamily: "WINDOWS_SERVER_2022_CORE" },
      "ATTRIBUTE",
      "is missing an attribute",
    ],
    [
      "its agent",
      host("one", { instance: { agentConnected: false } }),
      {},
      "AGENT",
      'encountered error "AGENT"',
    ],
    [
      "being in use",
      host("one", { instance: { status: "DRAINING" } }),
      {},
      "NO ACTIVE INSTANCES",
      'encountered error "INACTIVE"',
    ],
  ])("%s", (_what, only, more, reason, explanation) => {
    const placement = new Placer([only], demand(more), "service:web").place();
    if (placement.ok) throw new Error("it was placed");
    expect(failureReason(placement, true)).toBe(reason);
    expect(explainRefusal(placement)).toContain(`The closest matching container-instance one ${explanation}`);
  });

  test("no host at all", () => {
    const placement = new Placer([], demand(), "service:web").place();
    if (placement.ok) throw new Error("it was placed");
    expect(failureReason(placement, true)).toBe("EMPTY CAPACITY PROVIDER");
    expect(explainRefusal(placement)).toContain("Reason: No Container Instances were found in your cluster.");
  });
});

describe("requests", () => {
  let endpoint: EcsEndpoint;
  beforeEach(async () => {
    endpoint = await startEcs();
  });
  afterEach(() => endpoint.stop());

  const x86 = { capacityProvider: "x86", weight: 1 };
  test.each<readonly [string, Partial<CreateServiceCommandInput>, RegExp]>([
    [
      "more than 20 providers",
      { capacityProviderStrategy: Array(21).fill(x86) },
      /has 21 capacity providers: at most 20/,
    ],
    ["a provider twice", { capacityProviderStrategy: [x86, x86] }, /only once/],
    [
      "kinds that do not mix",
      { capacityProviderStrategy: [x86, { capacityProvider: "FARGATE_SPOT" }] },
      /mix of capacity providers using Auto Scaling groups and Fargate providers/,
    ],
    ["a weight beyond 1,000", { capacityProviderStrategy: [{ ...x86, weight: 1001 }] }, /weight/],
    ["a base beyond 100,000", { capacityProviderStrategy: [{ ...x86, base: 100_001 }] }, /base/],
    [
      "more than 10 constraints",
      { placementConstraints: Array(11).fill({ type: "distinctInstance" }) },
      /11 placement constraints: at most 10/,
    ],
    [
      "an expression that is none",
      { placementConstraints: [{ type: "memberOf", expression: "attribute:a like b" }] },
      /"like" is not an operator/,
    ],
    [
      "an expression that is missing",
      { placementConstraints: [{ type: "memberOf" }] },
      /memberOf placement constraint needs an expression/,
    ],
  ])("a service with %s is refused", async (_what, more, message) => {
    await mixedCluster(endpoint);
    await expect(createWeb(endpoint, await register(endpoint, "hello"), more)).rejects.toThrow(message);
  });

  test("a provider that the cluster does not have is refused with those it has", async () => {
    await mixedCluster(endpoint);
    await endpoint.ecs.send(new CreateClusterCommand({ clusterName: "other" }));
    const taskDefinition = await register(endpoint, "hello");
    await expect(createWeb(endpoint, taskDefinition, { cluster: "other" })).rejects.toThrow(
      "cannot contain a capacity provider that is not associated with the cluster: x86 is not one of cluster other (it has: none)",
    );
  });
});
