import {
  type CreateServiceCommandInput,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  RegisterContainerInstanceCommand,
  RunTaskCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { byArchitecture, deploymentEnds, mixedCluster, register, taskIs, tasksOfWeb } from "./ecs-cluster.ts";
import type { EcsEndpoint } from "./ecs-endpoint.ts";
import { createCluster, createService, image, network, startQuickly } from "./ecs-launch.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startQuickly();
});
afterEach(() => endpoint.stop());

/** A host of ECS Anywhere. */
const external = async (id: string, architecture: string): Promise<string> => {
  const { containerInstance } = await endpoint.ecs.send(
    new RegisterContainerInstanceCommand({
      cluster: "staging",
      instanceIdentityDocument: JSON.stringify({ instanceId: `mi-${id}`, architecture }),
      totalResources: [
        { name: "CPU", type: "INTEGER", integerValue: 4096 },
        { name: "MEMORY", type: "INTEGER", integerValue: 8192 },
      ],
    }),
  );
  return containerInstance?.containerInstanceArn ?? "";
};

const setConnected = (containerInstance: string, connected: boolean) =>
  fetch(`${endpoint.url}/_local/ecs/agent`, {
    method: "POST",
    body: JSON.stringify({ cluster: "staging", containerInstance, connected }),
  });

describe("ECS Anywhere", () => {
  test("EXTERNAL tasks run on external hosts of both architectures, and nobody else's do", async () => {
    await mixedCluster(endpoint);
    const hosts = [await external("x", "x86_64"), await external("a", "arm64")];
    await register(endpoint, await image(endpoint));
    await createService(endpoint, { launchType: "EXTERNAL", desiredCount: 4 });
    await deploymentEnds(endpoint);
    const tasks = await tasksOfWeb(endpoint);
    expect(byArchitecture(tasks)).toEqual({ x86_64: 2, arm64: 2 });
    expect(new Set(tasks.map(({ containerInstanceArn }) => containerInstanceArn))).toEqual(new Set(hosts));
    expect(tasks[0]).toMatchObject({ launchType: "EXTERNAL" });
    const { containerInstances } = await endpoint.ecs.send(
      new DescribeContainerInstancesCommand({ cluster: "staging", containerInstances: hosts }),
    );
    expect(containerInstances?.[1]?.attributes).toEqual(
      expect.arrayContaining([
        { name: "ecs.capability.external" },
        { name: "ecs.cpu-architecture", value: "arm64" },
      ]),
    );
    // EC2 tasks stay off them.
    const { tasks: started } = await endpoint.ecs.send(
      new RunTaskCommand({ cluster: "staging", taskDefinition: "web", count: 10, launchType: "EC2" }),
    );
    expect(started?.filter(({ containerInstanceArn }) => hosts.includes(containerInstanceArn ?? ""))).toEqual(
      [],
    );
  });

  test.each<readonly [string, Partial<CreateServiceCommandInput>, RegExp]>([
    [
      "a load balancer",
      { loadBalancers: [{ targetGroupArn: "arn:x", containerName: "web", containerPort: 8080 }] },
      /Load balancers are not supported with EXTERNAL launch type/,
    ],
    [
      "service discovery",
      { serviceRegistries: [{ registryArn: "arn:x" }] },
      /Service registries are not supported with EXTERNAL launch type/,
    ],
    [
      "a capacity provider",
      { capacityProviderStrategy: [{ capacityProvider: "x86", weight: 1 }] },
      /both a launch type and capacity provider strategy/,
    ],
  ])("refuses a service with %s", async (_what, more, message) => {
    await mixedCluster(endpoint);
    await external("x", "x86_64");
    await register(endpoint, "hello");
    await expect(createService(endpoint, { launchType: "EXTERNAL", ...more })).rejects.toThrow(message);
  });

  test("refuses awsvpc, and a later move to a capacity provider", async () => {
    await mixedCluster(endpoint);
    await register(endpoint, "hello", { family: "vpc", networkMode: "awsvpc" });
    await expect(
      createService(endpoint, { taskDefinition: "vpc", launchType: "EXTERNAL", ...network }),
    ).rejects.toThrow("Task definition does not support launch_type EXTERNAL.");
    await expect(
      register(endpoint, "hello", { networkMode: "awsvpc", requiresCompatibilities: ["EXTERNAL"] }),
    ).rejects.toMatchObject({ name: "ClientException" });
    await register(endpoint, "hello");
    await createService(endpoint, { launchType: "EXTERNAL", desiredCount: 0 });
    await expect(
      endpoint.ecs.send(
        new UpdateServiceCommand({
          cluster: "staging",
          service: "web",
          forceNewDeployment: true,
          capacityProviderStrategy: [{ capacityProvider: "x86", weight: 1 }],
        }),
      ),
    ).rejects.toThrow("not supported with EXTERNAL launch type");
  });

  test("a host whose agent is disconnected gets no task, and keeps those it is told to stop until it is back", async () => {
    await createCluster(endpoint);
    const [x86, arm] = [await external("x", "x86_64"), await external("a", "arm64")];
    await register(endpoint, await image(endpoint));
    await createService(endpoint, { launchType: "EXTERNAL", desiredCount: 2 });
    await deploymentEnds(endpoint);
    const before = (await tasksOfWeb(endpoint)).find(
      ({ containerInstanceArn }) => containerInstanceArn === arm,
    );
    expect((await setConnected(arm, false)).status).toBe(200);
    const { containerInstances } = await endpoint.ecs.send(
      new DescribeContainerInstancesCommand({ cluster: "staging", containerInstances: [arm] }),
    );
    expect(containerInstances?.[0]).toMatchObject({ status: "ACTIVE", agentConnected: false });

    await endpoint.ecs.send(
      new UpdateServiceCommand({ cluster: "staging", service: "web", forceNewDeployment: true }),
    );
    await endpoint.event(
      "the old task is told to stop",
      ({ resources, detail }) =>
        resources[0] === before?.taskArn && JSON.stringify(detail).includes('"desiredStatus":"STOPPED"'),
    );
    const { tasks } = await endpoint.ecs.send(
      new DescribeTasksCommand({ cluster: "staging", tasks: [before?.taskArn ?? ""] }),
    );
    expect(tasks?.[0]).toMatchObject({
      lastStatus: "RUNNING",
      desiredStatus: "STOPPED",
      connectivity: "DISCONNECTED",
    });
    const fresh = await tasksOfWeb(endpoint);
    expect(fresh.map(({ containerInstanceArn }) => containerInstanceArn)).toEqual([x86, x86]);
    const { services } = await endpoint.ecs.send(
      new DescribeServicesCommand({ cluster: "staging", services: ["web"] }),
    );
    expect(services?.[0]?.deployments?.[0]?.rolloutState).toBe("IN_PROGRESS");

    await setConnected(arm, true);
    await taskIs(endpoint, before?.taskArn, "STOPPED");
    await deploymentEnds(endpoint);
  });

  test("the switch names what is wrong", async () => {
    await createCluster(endpoint);
    const missing = await setConnected("none", true);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain("aws ecs list-container-instances --cluster staging");
    const other = await fetch(`${endpoint.url}/_local/ecs/agent`, { method: "POST", body: "{" });
    expect([other.status, await other.text()]).toEqual([400, '{"message":"the body must be JSON"}']);
  });
});
