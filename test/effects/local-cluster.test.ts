import { CreateCapacityProviderCommand, PutClusterCapacityProvidersCommand } from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { hostArchitectures } from "../../shared/effects/hosts.ts";
import { imagePlatforms } from "../../shared/effects/image-platforms.ts";
import { sdkAws } from "../../shared/effects/sdk.ts";
import { describeServiceTasks } from "../../shared/effects/tasks.ts";
import { failedArchitectures, verdictOf, verdictSentence } from "../../shared/pipeline/verdict.ts";
import {
  createRepository,
  createWeb,
  deploymentEnds,
  describeWeb,
  mixedCluster,
  register,
} from "../local/ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "../local/ecs-endpoint.ts";
import { both, pushImage, pushIndex } from "../local/ecs-images.ts";
import { sha256 } from "../local/registry-content.ts";
import { contextOf } from "./fakes.ts";

/** The effects with the real SDK, against `local/`: what they are told is what its ECS, ECR, Auto Scaling and EC2 say. */
let endpoint: EcsEndpoint;
let aws: Aws;
let calls: string[];
const environment = { ...process.env };

beforeEach(async () => {
  endpoint = await startEcs({
    deps: { timings: { simulatedStartMs: 10, simulatedStopMs: 10, settleMs: 5 } },
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "alice",
    AWS_SECRET_ACCESS_KEY: "alice",
  });
  calls = [];
  const { ecs, query, ...rest } = sdkAws();
  aws = {
    ...rest,
    ecs: new Proxy(ecs, {
      get: (target, name) => {
        calls.push(String(name));
        return Reflect.get(target, name);
      },
    }),
    query: (...input) => {
      calls.push(input[2]);
      return query(...input);
    },
  };
  await createRepository(endpoint, "hello");
});
afterEach(async () => {
  process.env = { ...environment };
  await endpoint.stop();
});

const pushed = async (text: string) =>
  `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", both(text))}`;

test("the figure: 1,000 tasks on 200 hosts take 5 calls for the gate and 21 for the verdict", async () => {
  await mixedCluster(endpoint, "staging", { x86: 100, graviton: 100 });
  await createWeb(endpoint, await register(endpoint, await pushed("one")), {
    desiredCount: 1000,
    capacityProviderStrategy: [
      { capacityProvider: "x86", weight: 3 },
      { capacityProvider: "graviton", weight: 1 },
    ],
  });
  await deploymentEnds(endpoint);
  const service = await describeWeb(endpoint);

  expect(await hostArchitectures(aws, service, {})).toMatchObject({
    found: {
      groups: [
        { provider: "x86", weight: 3, architectures: ["x86_64"] },
        { provider: "graviton", weight: 1, architectures: ["arm64"] },
      ],
    },
  });
  expect(calls).toHaveLength(5);

  calls.length = 0;
  const deploymentId = service.deployments?.[0]?.id ?? "";
  const tasks = await describeServiceTasks(aws, { cluster: "staging", service: "web", deploymentId });
  expect(verdictSentence(verdictOf(tasks, { desired: 1000 }))).toBe("x86_64 750/750, arm64 250/250");
  expect(calls).toHaveLength(21);
}, 60_000);

test("an image that is broken on one architecture: which, how and how often", async () => {
  await mixedCluster(endpoint);
  const index = await pushIndex(endpoint.url, "hello", [
    { architecture: "amd64", text: "x" },
    { architecture: "arm64", machine: "x86_64", text: "x" },
  ]);
  const taskDefinition = await register(endpoint, `${endpoint.host}/hello@${index}`);
  await createWeb(endpoint, taskDefinition, {
    deploymentConfiguration: {
      deploymentCircuitBreaker: {
        enable: true,
        rollback: false,
        resetOnHealthyTask: false,
        thresholdConfiguration: { type: "COUNT", value: 5 },
      },
    },
  });
  await deploymentEnds(endpoint, "SERVICE_DEPLOYMENT_FAILED");
  const deploymentId = (await describeWeb(endpoint)).deployments?.[0]?.id ?? "";
  const tasks = await describeServiceTasks(aws, { cluster: "staging", service: "web", deploymentId });
  const verdict = verdictOf(tasks, { desired: 4, byArchitecture: { x86_64: 2, arm64: 2 } });
  expect(verdictSentence(verdict)).toMatch(
    /^x86_64 2\/2(?: \(stopped since\))?, arm64 0\/2: exit 255 \(exec format error\), \d+ attempts$/,
  );
  expect(failedArchitectures(verdict)).toEqual(["arm64"]);
});

test("hosts that are yet to be started, by their launch templates", async () => {
  await mixedCluster(endpoint, "staging", { x86: 1, graviton: 0 });
  await endpoint.deploy("hosts", TEMPLATE, {});
  for (const name of ["typed", "required"]) {
    await endpoint.ecs.send(
      new CreateCapacityProviderCommand({
        name,
        autoScalingGroupProvider: {
          autoScalingGroupArn: `arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:autoScalingGroupName/${name}-hosts`,
        },
      }),
    );
  }
  await endpoint.ecs.send(
    new PutClusterCapacityProvidersCommand({
      cluster: "staging",
      capacityProviders: ["x86", "graviton", "typed", "required"],
      defaultCapacityProviderStrategy: [],
    }),
  );
  const clusterArn = "arn:aws:ecs:us-east-1:000000000000:cluster/staging";
  const of = (...names: readonly string[]) => ({
    clusterArn,
    capacityProviderStrategy: names.map((capacityProvider) => ({ capacityProvider, weight: 1 })),
  });
  expect(await hostArchitectures(aws, of("typed", "required", "x86"), {})).toMatchObject({
    found: {
      groups: [{ architectures: ["x86_64"] }, { architectures: ["arm64"] }, { architectures: ["x86_64"] }],
    },
  });
  expect(calls.filter((name) => name.startsWith("Describe")).sort()).toEqual([
    "DescribeAutoScalingGroups",
    "DescribeLaunchTemplateVersions",
    "DescribeLaunchTemplateVersions",
  ]);
  // `graviton` is over a group that this AWS does not have.
  expect(await hostArchitectures(aws, of("graviton"), {})).toMatchObject({
    failure: { reason: expect.stringContaining("there is no Auto Scaling group staging-graviton") },
  });
});

const TEMPLATE = `
Resources:
  Typed:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateName: typed
      LaunchTemplateData: { InstanceType: m7i.large, ImageId: ami-1 }
  Required:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateName: required
      LaunchTemplateData:
        ImageId: ami-2
        InstanceRequirements: { CpuManufacturers: [amazon-web-services], VCpuCount: { Min: 2 }, MemoryMiB: { Min: 1 } }
  TypedHosts:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      AutoScalingGroupName: typed-hosts
      MinSize: 0
      MaxSize: 4
      LaunchTemplate: { LaunchTemplateId: !Ref Typed, Version: !GetAtt Typed.LatestVersionNumber }
  RequiredHosts:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      AutoScalingGroupName: required-hosts
      MinSize: 0
      MaxSize: 4
      LaunchTemplate: { LaunchTemplateId: !Ref Required, Version: !GetAtt Required.LatestVersionNumber }
`;

describe("the platforms of images in the registry", () => {
  test("of an index, of a single image, and of one that is gone", async () => {
    const context = contextOf(aws);
    const settings = { ...context.settings, repositoryUris: { hello: `${endpoint.host}/hello` } };
    const platformsOf = imagePlatforms({ aws, settings });
    expect(await platformsOf(await pushed("one"))).toEqual({ platforms: ["linux/amd64", "linux/arm64"] });
    const single = await pushImage(endpoint.url, "hello", { architecture: "arm64" });
    expect(await platformsOf(`${endpoint.host}/hello@${sha256(single)}`)).toEqual({
      platforms: ["linux/arm64"],
    });
    expect(await platformsOf(`${endpoint.host}/hello:gone`)).toEqual({
      gone: "there is no image gone in hello",
    });
    expect(await platformsOf(`${endpoint.host}/other:1`)).toEqual({
      unknown: "there is no image 1 in other",
    });
  });

  test("also through the distribution API, as at any other registry", async () => {
    const platformsOf = imagePlatforms(contextOf(aws));
    expect(await platformsOf(await pushed("one"))).toEqual({ platforms: ["linux/amd64", "linux/arm64"] });
    const single = await pushImage(endpoint.url, "hello", { architecture: "arm64" });
    expect(await platformsOf(`${endpoint.host}/hello@${sha256(single)}`)).toEqual({
      platforms: ["linux/arm64"],
    });
  });
});
