import {
  CreateClusterCommand,
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createWeb, mixedCluster, register } from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";

let endpoint: EcsEndpoint;
beforeEach(async () => {
  endpoint = await startEcs();
});
afterEach(() => endpoint.stop());

const describe = async (taskDefinition: string) =>
  (await endpoint.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }))).taskDefinition;

test("a revision that was deregistered starts nothing new, and is what may be deleted", async () => {
  await mixedCluster(endpoint);
  const first = await register(endpoint, "hello");
  const second = await register(endpoint, "hello");
  await endpoint.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: first }));
  expect(await describe(first)).toMatchObject({ status: "INACTIVE", deregisteredAt: expect.any(Date) });
  await expect(createWeb(endpoint, first)).rejects.toMatchObject({
    name: "ClientException",
    message: "TaskDefinition is inactive",
  });
  await expect(
    endpoint.ecs.send(new RunTaskCommand({ cluster: "staging", taskDefinition: first })),
  ).rejects.toThrow("TaskDefinition is inactive");
  const { taskDefinitions, failures } = await endpoint.ecs.send(
    new DeleteTaskDefinitionsCommand({ taskDefinitions: [first, second, "none:1", "web"] }),
  );
  expect(taskDefinitions?.map(({ taskDefinitionArn, status }) => [taskDefinitionArn, status])).toEqual([
    [first, "DELETE_IN_PROGRESS"],
  ]);
  expect(failures?.map(({ arn, reason }) => [arn, reason?.split(".")[0]])).toEqual([
    [second, "The specified task definition is still in ACTIVE status"],
    ["none:1", "The specified task definition does not exist"],
    ["web", "The specified task definition does not exist"],
  ]);
  const list = async (status: "ACTIVE" | "INACTIVE" | "DELETE_IN_PROGRESS") =>
    (await endpoint.ecs.send(new ListTaskDefinitionsCommand({ familyPrefix: "web", status })))
      .taskDefinitionArns;
  expect([await list("ACTIVE"), await list("INACTIVE"), await list("DELETE_IN_PROGRESS")]).toEqual([
    [second],
    [],
    [first],
  ]);
  await expect(
    endpoint.ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: Array(11).fill(first) })),
  ).rejects.toThrow("At most 10");
});

test("families are listed by what is still active in them", async () => {
  await register(endpoint, "hello");
  const old = await register(endpoint, "hello", { family: "worker" });
  await endpoint.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: old }));
  const families = async (status: "ACTIVE" | "INACTIVE" | "ALL") =>
    (await endpoint.ecs.send(new ListTaskDefinitionFamiliesCommand({ status }))).families;
  expect([await families("ACTIVE"), await families("INACTIVE"), await families("ALL")]).toEqual([
    ["web"],
    ["worker"],
    ["web", "worker"],
  ]);
});

test.each<readonly [string, Partial<RegisterTaskDefinitionCommandInput>, readonly string[]]>([
  ["bridge mode", {}, ["EXTERNAL", "EC2"]],
  ["host mode", { networkMode: "host" }, ["EXTERNAL", "EC2", "MANAGED_INSTANCES"]],
  ["awsvpc without a size", { networkMode: "awsvpc" }, ["EC2", "MANAGED_INSTANCES"]],
  [
    "awsvpc with a size of Fargate's",
    { networkMode: "awsvpc", cpu: "1 vCPU", memory: "2GB" },
    ["EC2", "MANAGED_INSTANCES", "FARGATE"],
  ],
])("%s is compatible with what can run it", async (_what, definition, compatibilities) => {
  expect((await describe(await register(endpoint, "hello", definition)))?.compatibilities).toEqual(
    compatibilities,
  );
});

const container = { name: "web", image: "hello", memory: 128 };
test.each<readonly [string, Partial<RegisterTaskDefinitionCommandInput>, RegExp]>([
  ["a family with spaces", { family: "my web" }, /Family contains invalid characters/],
  ["two containers of a name", { containerDefinitions: [container, container] }, /'web' should be unique/],
  ["no containers", { containerDefinitions: [] }, /should not be null or empty/],
  [
    "eleven containers",
    { containerDefinitions: Array.from({ length: 11 }, (_, index) => ({ ...container, name: `c${index}` })) },
    /up to 10 containers/,
  ],
  [
    "a container larger than its task",
    { memory: "64", containerDefinitions: [container] },
    /'memory' \(128\) must not be greater than the task's \(64\)/,
  ],
  [
    "a soft limit above the hard one",
    { containerDefinitions: [{ ...container, memoryReservation: 256 }] },
    /'memory' must be greater than 'memoryReservation'/,
  ],
  ["a memory that is none", { memory: "lots" }, /Invalid 'memory' setting for task/],
  [
    "an expression that is none",
    { placementConstraints: [{ type: "memberOf", expression: "attribute:a ==" }] },
    /Invalid constraint expression/,
  ],
  [
    "ECS Anywhere in awsvpc mode",
    { networkMode: "awsvpc", requiresCompatibilities: ["EXTERNAL"] },
    /EXTERNAL/,
  ],
  [
    "Managed Instances in bridge mode",
    { requiresCompatibilities: ["MANAGED_INSTANCES"] },
    /MANAGED_INSTANCES does not support network mode 'bridge'/,
  ],
  [
    "an unknown system",
    { runtimePlatform: JSON.parse('{"operatingSystemFamily":"LINUX2"}') },
    /operatingSystemFamily must be LINUX/,
  ],
])("a definition with %s is refused", async (_what, definition, message) => {
  await expect(register(endpoint, "hello", definition)).rejects.toThrow(message);
});

test("without any container instance RunTask is refused", async () => {
  await endpoint.ecs.send(new CreateClusterCommand({ clusterName: "staging" }));
  const taskDefinition = await register(endpoint, "hello");
  await expect(endpoint.ecs.send(new RunTaskCommand({ cluster: "staging", taskDefinition }))).rejects.toThrow(
    "No Container Instances were found in your cluster.",
  );
});
