import {
  CreateClusterCommand,
  type CreateServiceCommandInput,
  DescribeTasksCommand,
  RunTaskCommand,
  type Task,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { architectureOf, deploymentEnds, describeWeb, register, taskIs, tasksOfWeb } from "./ecs-cluster.ts";
import type { EcsEndpoint } from "./ecs-endpoint.ts";
import { pushImage } from "./ecs-images.ts";
import {
  arm64,
  createCluster,
  createService,
  type Definition,
  image,
  network,
  startQuickly,
} from "./ecs-launch.ts";
import { sha256 } from "./registry-content.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly();
});
afterEach(() => endpoint.stop());

const fargate = (more: Definition = {}): Definition => ({
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
  cpu: "256",
  memory: "512",
  ...more,
});

const stoppedTask = async (taskArn: string | undefined): Promise<Task | undefined> => {
  await taskIs(endpoint, taskArn, "STOPPED");
  const { tasks } = await endpoint.ecs.send(
    new DescribeTasksCommand({ cluster: "staging", tasks: [taskArn ?? ""] }),
  );
  return tasks?.[0];
};

describe("Fargate", () => {
  test.each([
    [{}, "x86_64"],
    [arm64, "arm64"],
  ])("runtimePlatform %o runs tasks on %s, without a host", async (platform, architecture) => {
    await createCluster(endpoint);
    await register(endpoint, await image(endpoint), fargate(platform));
    await createService(endpoint, { launchType: "FARGATE", desiredCount: 2, ...network });
    await deploymentEnds(endpoint);
    const tasks = await tasksOfWeb(endpoint);
    expect(tasks.map(architectureOf)).toEqual([architecture, architecture]);
    expect(tasks[0]).toMatchObject({
      launchType: "FARGATE",
      platformFamily: "Linux",
      platformVersion: "1.4.0",
      cpu: "256",
      memory: "512",
      attachments: [{ type: "ElasticNetworkInterface", status: "ATTACHED" }],
    });
    expect(tasks[0]?.containerInstanceArn).toBeUndefined();
    expect(tasks[0]?.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address).toMatch(/^10\.0\./);
    expect((await describeWeb(endpoint)).launchType).toBe("FARGATE");
  });

  test("an image without the platform stops the task with Fargate's words, an index or not", async () => {
    await createCluster(endpoint);
    const single = await pushImage(endpoint.url, "hello", { architecture: "amd64" });
    const images = [
      await image(endpoint, [{ architecture: "amd64" }]),
      `${endpoint.host}/hello@${sha256(single)}`,
    ];
    for (const one of images) {
      await register(endpoint, one, fargate(arm64));
      const { tasks } = await endpoint.ecs.send(
        new RunTaskCommand({ cluster: "staging", taskDefinition: "web", launchType: "FARGATE", ...network }),
      );
      const task = await stoppedTask(tasks?.[0]?.taskArn);
      expect(task).toMatchObject({ stopCode: "TaskFailedToStart" });
      expect(task?.stoppedReason).toMatch(
        /^CannotPullContainerError: .*image Manifest does not contain descriptor matching platform 'linux\/arm64'/,
      );
      expect(task?.containers?.[0]?.reason).toMatch(/^CannotPullContainerError/);
    }
  });

  test("FARGATE and FARGATE_SPOT share tasks by weight once the cluster has them", async () => {
    await register(endpoint, await image(endpoint), fargate());
    await endpoint.ecs.send(
      new CreateClusterCommand({ clusterName: "staging", capacityProviders: ["FARGATE", "FARGATE_SPOT"] }),
    );
    await createService(endpoint, {
      desiredCount: 5,
      capacityProviderStrategy: [
        { capacityProvider: "FARGATE", base: 1, weight: 1 },
        { capacityProvider: "FARGATE_SPOT", weight: 3 },
      ],
      ...network,
    });
    await deploymentEnds(endpoint);
    const providers = (await tasksOfWeb(endpoint)).map(({ capacityProviderName }) => capacityProviderName);
    expect(providers.toSorted()).toEqual([
      "FARGATE",
      "FARGATE",
      "FARGATE_SPOT",
      "FARGATE_SPOT",
      "FARGATE_SPOT",
    ]);
  });

  test.each<readonly [string, Definition, RegExp]>([
    ["bridge mode", fargate({ networkMode: "bridge" }), /Fargate only supports network mode ‘awsvpc’/],
    ["no cpu", fargate({ cpu: undefined }), /'cpu' be defined at the task level/],
    ["no memory", fargate({ memory: undefined }), /'memory' be defined at the task level/],
    [
      "a size there is not",
      fargate({ cpu: "512", memory: "512" }),
      /No Fargate configuration exists for given values: 512 CPU, 512 memory/,
    ],
    ["a size in other words", fargate({ cpu: ".5 vCPU", memory: "5 GB" }), /No Fargate configuration exists/],
    ["cpu that is no number", fargate({ cpu: "much" }), /Invalid 'cpu' setting for task/],
    [
      "a placement constraint",
      fargate({ placementConstraints: [{ type: "memberOf", expression: "attribute:a exists" }] }),
      /placement constraints/,
    ],
    [
      "another host port",
      fargate({
        containerDefinitions: [
          { name: "web", image: "hello", portMappings: [{ containerPort: 80, hostPort: 8080 }] },
        ],
      }),
      /host ports and container ports in port mappings must match/,
    ],
  ])("refuses a definition with %s", async (_what, definition, message) => {
    await expect(register(endpoint, "hello", definition)).rejects.toMatchObject({
      name: "ClientException",
      message: expect.stringMatching(message),
    });
  });

  test.each<readonly [string, Partial<CreateServiceCommandInput>, RegExp]>([
    ["no network", {}, /Network Configuration must be provided when networkMode 'awsvpc' is specified/],
    [
      "placement constraints",
      { ...network, placementConstraints: [{ type: "distinctInstance" }] },
      /Placement constraints are not supported with FARGATE/,
    ],
    [
      "a placement strategy",
      { ...network, placementStrategy: [{ type: "random" }] },
      /Placement strategies are not supported with FARGATE/,
    ],
  ])("refuses a service with %s", async (_what, more, message) => {
    await createCluster(endpoint);
    await register(endpoint, "hello", fargate());
    await expect(createService(endpoint, { launchType: "FARGATE", ...more })).rejects.toThrow(message);
  });

  test("refuses a definition that is not for it", async () => {
    await createCluster(endpoint);
    await register(endpoint, "hello");
    await expect(createService(endpoint, { launchType: "FARGATE" })).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: "Task definition does not support launch_type FARGATE.",
    });
  });
});
