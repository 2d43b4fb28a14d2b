import {
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  DescribeCapacityProvidersCommand,
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { signedFetch } from "./platform-signing.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startEcs();
});
afterEach(() => endpoint.stop());

/** A call of a Query protocol, as an SDK would send it. */
async function query(version: string, parameters: Readonly<Record<string, string>>) {
  const body = new URLSearchParams({ Version: version, ...parameters }).toString();
  const response = await signedFetch(`${endpoint.url}/`, "alice", "alice", body, body, {
    "content-type": "application/x-www-form-urlencoded",
  });
  return { status: response.status, text: await response.text() };
}
const autoScaling = (parameters: Readonly<Record<string, string>>) => query("2011-01-01", parameters);
const ec2 = (parameters: Readonly<Record<string, string>>) => query("2016-11-15", parameters);

/** All texts of the elements of one name. */
const texts = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, text]) => text ?? "");

const userData = Buffer.from("#!/bin/sh\necho ECS_CLUSTER=staging >> /etc/ecs/ecs.config\n").toString(
  "base64",
);
const template = `
Resources:
  X86Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateName: x86
      LaunchTemplateData: { InstanceType: m7i.large, ImageId: ami-1, UserData: ${userData} }
  GravitonTemplate:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateName: graviton
      LaunchTemplateData:
        ImageId: ami-2
        UserData: ${userData}
        InstanceRequirements: { CpuManufacturers: [amazon-web-services], VCpuCount: { Min: 2 }, MemoryMiB: { Min: 1 } }
  X86Hosts:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      AutoScalingGroupName: x86-hosts
      MinSize: 0
      MaxSize: 4
      LaunchTemplate: { LaunchTemplateId: !Ref X86Template, Version: !GetAtt X86Template.LatestVersionNumber }
  MixedHosts:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      AutoScalingGroupName: mixed-hosts
      MinSize: 2
      MaxSize: 4
      MixedInstancesPolicy:
        LaunchTemplate:
          LaunchTemplateSpecification: { LaunchTemplateName: x86, Version: "1" }
          Overrides: [{ InstanceType: m7i.large }, { InstanceType: m7g.large }]
`;

describe("the hosts behind a capacity provider", () => {
  beforeEach(async () => {
    await endpoint.ecs.send(new CreateClusterCommand({ clusterName: "staging" }));
    await endpoint.deploy("hosts", template, {});
  });

  test("before there are any: the group names its launch template, and that its instance type", async () => {
    const group = await autoScaling({
      Action: "DescribeAutoScalingGroups",
      "AutoScalingGroupNames.member.1": "x86-hosts",
    });
    expect(group.status).toBe(200);
    expect(group.text).toContain("<DescribeAutoScalingGroupsResult><AutoScalingGroups><member>");
    expect(texts(group.text, "AutoScalingGroupName")).toEqual(["x86-hosts"]);
    expect(texts(group.text, "InstanceId")).toEqual([]);
    const [id = ""] = texts(group.text, "LaunchTemplateId");
    const versions = await ec2({
      Action: "DescribeLaunchTemplateVersions",
      LaunchTemplateId: id,
      "LaunchTemplateVersion.1": texts(group.text, "Version")[0] ?? "",
    });
    expect(versions.text).toContain("<launchTemplateVersionSet><item>");
    expect(texts(versions.text, "instanceType")).toEqual(["m7i.large"]);
    const types = await ec2({
      Action: "DescribeInstanceTypes",
      "InstanceType.1": "m7i.large",
      "InstanceType.2": "t4g.small",
    });
    expect(types.text).toMatch(
      /<instanceType>m7i.large<\/instanceType>.*<supportedArchitectures><item>x86_64<\/item><\/supportedArchitectures>/,
    );
    expect(types.text).toMatch(
      /<instanceType>t4g.small<\/instanceType>.*<supportedArchitectures><item>arm64<\/item><\/supportedArchitectures>/,
    );
  });

  test("a launch template may say what it requires instead of a type", async () => {
    const versions = await ec2({
      Action: "DescribeLaunchTemplateVersions",
      LaunchTemplateName: "graviton",
      "LaunchTemplateVersion.1": "$Default",
    });
    expect(texts(versions.text, "instanceType")).toEqual([]);
    expect(versions.text).toContain(
      "<instanceRequirements><cpuManufacturerSet><item>amazon-web-services</item></cpuManufacturerSet>",
    );
  });

  test("of a group with mixed types register with their own architectures, and belong to its provider", async () => {
    const group = await autoScaling({
      Action: "DescribeAutoScalingGroups",
      "AutoScalingGroupNames.member.1": "mixed-hosts",
    });
    expect(group.text).toContain(
      "<Overrides><member><InstanceType>m7i.large</InstanceType></member><member><InstanceType>m7g.large</InstanceType></member></Overrides>",
    );
    const [autoScalingGroupArn] = texts(group.text, "AutoScalingGroupARN");
    await endpoint.ecs.send(
      new CreateCapacityProviderCommand({ name: "mixed", autoScalingGroupProvider: { autoScalingGroupArn } }),
    );
    const { capacityProviders } = await endpoint.ecs.send(
      new DescribeCapacityProvidersCommand({ capacityProviders: ["mixed", "none", "FARGATE"] }),
    );
    expect(capacityProviders?.map(({ name, type }) => [name, type])).toEqual([
      ["FARGATE", "FARGATE"],
      ["mixed", "EC2_AUTOSCALING"],
    ]);
    expect(capacityProviders?.[1]?.autoScalingGroupProvider).toMatchObject({ autoScalingGroupArn });
    const { containerInstanceArns = [] } = await endpoint.ecs.send(
      new ListContainerInstancesCommand({ cluster: "staging" }),
    );
    const { containerInstances = [] } = await endpoint.ecs.send(
      new DescribeContainerInstancesCommand({
        cluster: "staging",
        containerInstances: containerInstanceArns,
      }),
    );
    expect(
      containerInstances.map(({ attributes, capacityProviderName }) => [
        capacityProviderName,
        attributes?.find(({ name }) => name === "ecs.cpu-architecture")?.value,
      ]),
    ).toEqual([
      ["mixed", "x86_64"],
      ["mixed", "arm64"],
    ]);
  });

  test.each([
    [
      { Action: "DescribeLaunchTemplateVersions", LaunchTemplateId: "lt-0" },
      "InvalidLaunchTemplateId.NotFound",
    ],
    [
      { Action: "DescribeLaunchTemplateVersions", LaunchTemplateName: "none" },
      "InvalidLaunchTemplateName.NotFoundException",
    ],
    [
      { Action: "DescribeLaunchTemplateVersions", LaunchTemplateName: "x86", "LaunchTemplateVersion.1": "7" },
      "InvalidLaunchTemplateId.VersionNotFound",
    ],
    [{ Action: "DescribeLaunchTemplateVersions" }, "MissingParameter"],
    [{ Action: "DescribeInstanceTypes", "InstanceType.1": "large" }, "InvalidInstanceType"],
    [{ Action: "DescribeInstances" }, "UnknownOperationException"],
  ])("EC2 refuses %o with %s", async (parameters, code) => {
    const answer = await ec2(parameters);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(`<Response><Errors><Error><Code>${code}</Code>`);
  });

  test("a group that does not exist is left out", async () => {
    const answer = await autoScaling({
      Action: "DescribeAutoScalingGroups",
      "AutoScalingGroupNames.member.1": "none",
    });
    expect(answer.status).toBe(200);
    expect(texts(answer.text, "AutoScalingGroupName")).toEqual([]);
  });
});
