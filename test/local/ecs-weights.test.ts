import {
  DescribeServicesCommand,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  byArchitecture,
  createWeb,
  deploymentEnds,
  describeWeb,
  mixedCluster,
  register,
  tasksOfWeb,
} from "./ecs-cluster.ts";
import type { EcsEndpoint } from "./ecs-endpoint.ts";
import { createService, image, startQuickly } from "./ecs-launch.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly();
});
afterEach(() => endpoint.stop());

const update = (more: Partial<UpdateServiceCommandInput>) =>
  endpoint.ecs.send(new UpdateServiceCommand({ cluster: "staging", service: "web", ...more }));
const weights = (x86: number, graviton: number) => [
  { capacityProvider: "x86", weight: x86 },
  { capacityProvider: "graviton", weight: graviton },
];

test("other weights move the tasks, with a forced deployment; a weight of 0 leaves nothing there", async () => {
  await mixedCluster(endpoint);
  await createWeb(endpoint, await register(endpoint, await image(endpoint)));
  await deploymentEnds(endpoint);
  expect(byArchitecture(await tasksOfWeb(endpoint))).toEqual({ x86_64: 2, arm64: 2 });
  await expect(update({ capacityProviderStrategy: weights(1, 3) })).rejects.toMatchObject({
    name: "InvalidParameterException",
    message: expect.stringContaining("you must force a new deployment"),
  });
  for (const [strategy, expected] of [
    [weights(1, 3), { x86_64: 1, arm64: 3 }],
    [weights(1, 0), { x86_64: 4 }],
  ] as const) {
    await update({ capacityProviderStrategy: [...strategy], forceNewDeployment: true });
    await deploymentEnds(endpoint);
    expect(byArchitecture(await tasksOfWeb(endpoint))).toEqual(expected);
  }
  expect((await describeWeb(endpoint)).capacityProviderStrategy).toMatchObject(weights(1, 0));
});

test("an empty strategy goes back to the launch type the service was created with, if there is one", async () => {
  await mixedCluster(endpoint);
  await register(endpoint, await image(endpoint));
  await createService(endpoint, { launchType: "EC2", desiredCount: 0 });
  await update({ capacityProviderStrategy: weights(1, 1), forceNewDeployment: true });
  expect((await describeWeb(endpoint)).launchType).toBeUndefined();
  await update({ capacityProviderStrategy: [], forceNewDeployment: true });
  expect((await describeWeb(endpoint)).launchType).toBe("EC2");

  await createService(endpoint, {
    serviceName: "other",
    desiredCount: 0,
    capacityProviderStrategy: weights(1, 1),
  });
  await expect(
    update({ service: "other", capacityProviderStrategy: [], forceNewDeployment: true }),
  ).rejects.toThrow("Your service was not created with a launch type.");
  const { services } = await endpoint.ecs.send(
    new DescribeServicesCommand({ cluster: "staging", services: ["other"] }),
  );
  expect(services?.[0]?.capacityProviderStrategy).toHaveLength(2);
});

test("a strategy is of one kind", async () => {
  await mixedCluster(endpoint);
  await register(endpoint, "hello");
  await expect(
    createWeb(endpoint, "web", {
      capacityProviderStrategy: [
        { capacityProvider: "x86", weight: 1 },
        { capacityProvider: "FARGATE", weight: 1 },
      ],
    }),
  ).rejects.toThrow(
    "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again.",
  );
});
