import { describe, expect, test } from "@jest/globals";
import { AwsQueryError, parseXml } from "../../shared/effects/aws-query.ts";
import { ourConstraint } from "../../shared/pipeline/constraints.ts";
import { operations } from "./fakes.ts";
import { behind, cluster, failure, found, instance, service, strategy } from "./host-cluster.ts";

describe("capacity providers of Auto Scaling groups", () => {
  const HOSTS = [behind("x86", "x86_64"), behind("x86", "x86_64"), behind("graviton", "arm64")];

  test("have the architectures of their hosts", async () => {
    const { aws } = cluster(HOSTS);
    const hosts = await found(aws, service({ capacityProviderStrategy: strategy("x86", "graviton") }));
    expect(hosts.groups).toEqual([
      {
        name: "capacity provider x86",
        provider: "x86",
        kind: "auto-scaling-group",
        base: 0,
        weight: 1,
        architectures: ["x86_64"],
      },
      {
        name: "capacity provider graviton",
        provider: "graviton",
        kind: "auto-scaling-group",
        base: 0,
        weight: 1,
        architectures: ["arm64"],
      },
    ]);
    expect(hosts.allowed).toEqual(["x86_64", "arm64"]);
  });

  test("count only with a base or a weight", async () => {
    const { aws } = cluster(HOSTS);
    const capacityProviderStrategy = [
      { capacityProvider: "x86", weight: 1 },
      { capacityProvider: "graviton", weight: 0 },
    ];
    const { groups } = await found(aws, service({ capacityProviderStrategy }));
    expect(groups.map(({ provider }) => provider)).toEqual(["x86"]);
    const based = [
      { capacityProvider: "graviton", base: 1 },
      { capacityProvider: "x86", weight: 1 },
    ];
    const both = await found(aws, service({ capacityProviderStrategy: based }));
    expect(both.groups.map(({ provider }) => provider)).toEqual(["graviton", "x86"]);
  });

  test("are those of the strategy that the service is about to get", async () => {
    const { aws } = cluster(HOSTS);
    const { groups } = await found(
      aws,
      service({ capacityProviderStrategy: strategy("x86") }),
      {},
      strategy("graviton"),
    );
    expect(groups.map(({ provider }) => provider)).toEqual(["graviton"]);
  });

  test("are the cluster's default where the service has neither strategy nor launch type", async () => {
    const defaultCapacityProviderStrategy = [{ capacityProvider: "graviton", weight: 1 }];
    const { aws, calls } = cluster(HOSTS, {
      ecs: { describeClusters: async () => ({ clusters: [{ defaultCapacityProviderStrategy }] }) },
    });
    const { groups } = await found(aws, service({}));
    expect(groups.map(({ provider }) => provider)).toEqual(["graviton"]);
    expect(operations(calls)).toContain("DescribeClusters");
  });

  test("that do not exist are named", async () => {
    const { aws } = cluster(HOSTS);
    expect(await failure(aws, service({ capacityProviderStrategy: strategy("x86", "ghost") }))).toEqual({
      reason: "cluster staging has no capacity provider ghost",
      remedy: expect.stringContaining("capacity"),
    });
  });

  test("do not mix with Fargate's", async () => {
    const { aws } = cluster(HOSTS);
    const mixed = service({ capacityProviderStrategy: strategy("x86", "FARGATE_SPOT") });
    expect((await failure(aws, mixed)).reason).toBe(
      "a strategy takes capacity providers of one kind: x86 is an Auto Scaling group, FARGATE_SPOT is Fargate",
    );
  });
});

describe("before there is a host", () => {
  const xml = (body: string) =>
    `<?xml version="1.0"?>\n<Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">${body}</Response>`;
  const groups = (...all: readonly (readonly [string, string])[]) =>
    xml(
      `<DescribeAutoScalingGroupsResult><AutoScalingGroups>${all
        .map(
          ([name, body]) =>
            `<member><Tags><member><Key>AutoScalingGroupName</Key></member></Tags><AutoScalingGroupName>asg-${name}</AutoScalingGroupName>${body}<Instances/></member>`,
        )
        .join("")}</AutoScalingGroups></DescribeAutoScalingGroupsResult>`,
    );
  const LAUNCH =
    "<LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>$Latest</Version></LaunchTemplate>";
  const template = (data: string) =>
    xml(
      `<launchTemplateVersionSet><item><launchTemplateData>${data}</launchTemplateData></item></launchTemplateVersionSet>`,
    );

  function asked(group: string, data: string | Error = "") {
    return cluster([], {
      query: async (_service, _version, action) => {
        if (action === "DescribeAutoScalingGroups") return parseXml(groups(["new", group]));
        if (typeof data !== "string") throw data;
        return parseXml(template(data));
      },
    });
  }
  const NEW = service({ capacityProviderStrategy: strategy("new") });

  test.each<[string, string, string, readonly string[]]>([
    ["the launch template's type", LAUNCH, "<instanceType>t4g.small</instanceType>", ["arm64"]],
    [
      "its requirements",
      LAUNCH,
      "<instanceRequirements><cpuManufacturerSet><item>amd</item><item>intel</item></cpuManufacturerSet></instanceRequirements>",
      ["x86_64"],
    ],
    [
      "the group's own types, of both",
      `<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification><LaunchTemplateId>lt-1</LaunchTemplateId></LaunchTemplateSpecification><Overrides><member><InstanceType>m7g.large</InstanceType></member><member><InstanceType>m7i.large</InstanceType></member></Overrides></LaunchTemplate></MixedInstancesPolicy>`,
      "",
      ["x86_64", "arm64"],
    ],
    [
      "the group's requirements",
      `<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification><LaunchTemplateId>lt-1</LaunchTemplateId></LaunchTemplateSpecification><Overrides><member><InstanceRequirements><CpuManufacturers><member>amazon-web-services</member></CpuManufacturers></InstanceRequirements></member></Overrides></LaunchTemplate></MixedInstancesPolicy>`,
      "",
      ["arm64"],
    ],
  ])("the architecture is that of %s", async (_name, group, data, architectures) => {
    const { aws } = asked(group, data);
    expect((await found(aws, NEW)).groups[0]?.architectures).toEqual(architectures);
  });

  test("asks for the group and its template's version, once each", async () => {
    const { aws, calls } = asked(LAUNCH, "<instanceType>c6gn.large</instanceType>");
    await found(aws, NEW);
    expect(calls.filter(({ operation }) => /AutoScaling|Template/.test(operation))).toEqual([
      { operation: "DescribeAutoScalingGroups", input: { "AutoScalingGroupNames.member.1": "asg-new" } },
      {
        operation: "DescribeLaunchTemplateVersions",
        input: { LaunchTemplateId: "lt-1", "LaunchTemplateVersion.1": "$Latest" },
      },
    ]);
  });

  test("a group that tells nothing is an error with a remedy, unless the task definition says the architecture", async () => {
    const { aws } = asked("<LaunchConfigurationName>old</LaunchConfigurationName>");
    expect(await failure(aws, NEW)).toEqual({
      reason:
        "the architecture of the hosts behind capacity provider new of cluster staging is unknown: Auto Scaling group asg-new: neither the group nor its launch template names an instance type",
      remedy: expect.stringContaining("runtimePlatform.cpuArchitecture"),
    });
    const { groups } = await found(aws, NEW, { runtimePlatform: { cpuArchitecture: "ARM64" } });
    expect(groups[0]?.architectures).toEqual(["arm64"]);
  });

  test("what AWS refuses to say is told; what may work another time is thrown", async () => {
    const refused = asked(LAUNCH, new AwsQueryError("UnauthorizedOperation", "ec2: you may not"));
    expect((await failure(refused.aws, NEW)).reason).toContain("ec2: you may not");
    const throttled = asked(LAUNCH, new AwsQueryError("RequestLimitExceeded", "slower"));
    await expect(failure(throttled.aws, NEW)).rejects.toThrow("slower");
  });
});

describe("constraints", () => {
  test("of the service and of the task definition are both counted, ours apart", async () => {
    const { aws } = cluster([instance("x86_64"), instance("arm64")]);
    const ours = ourConstraint("x86_64");
    const constrained = service({
      launchType: "EC2",
      placementConstraints: [{ type: "memberOf", expression: ours }, { type: "distinctInstance" }],
    });
    expect(await found(aws, constrained)).toMatchObject({ allowed: ["x86_64", "arm64"], ours });
    const placementConstraints = [
      { type: "memberOf", expression: "attribute:ecs.cpu-architecture == arm64" },
    ];
    expect(await found(aws, constrained, { placementConstraints })).toMatchObject({
      allowed: ["arm64"],
      ours,
    });
    const unclear = [{ type: "memberOf", expression: "attribute:ecs.instance-type =~ t4g.*" }];
    const { allowed, notes } = await found(aws, constrained, { placementConstraints: unclear });
    expect(allowed).toEqual(["x86_64", "arm64"]);
    expect(notes).toEqual([expect.stringContaining("t4g.*")]);
  });

  test("the task definition's own architecture is one", async () => {
    const { aws } = cluster([instance("x86_64"), instance("arm64")]);
    const hosts = await found(aws, service({ launchType: "EC2" }), {
      runtimePlatform: { cpuArchitecture: "X86_64" },
    });
    expect(hosts.allowed).toEqual(["x86_64"]);
  });
});

describe("the figure: calls of the gate", () => {
  test.each([0, 1, 100, 101, 200, 1000])(
    "for %i instances are 1 + lists + descriptions by the hundred",
    async (count) => {
      const instances = Array.from({ length: count }, (_, at) =>
        behind("x86", at % 2 === 0 ? "x86_64" : "arm64"),
      );
      const { aws, calls } = cluster(instances);
      const definition = { runtimePlatform: { cpuArchitecture: "X86_64" } };
      const query = { ...aws, query: async () => parseXml("") };
      await found(query, service({ capacityProviderStrategy: strategy("x86") }), definition);
      const pages = Math.ceil(count / 100);
      expect(calls).toHaveLength(1 + Math.max(1, pages) + pages);
    },
  );
});
