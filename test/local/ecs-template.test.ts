import { readFile } from "node:fs/promises";
import {
  DescribeClustersCommand,
  ListContainerInstancesCommand,
  ListTaskDefinitionsCommand,
} from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { byArchitecture, createRepository, deploymentEnds, describeWeb, tasksOfWeb } from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { both, pushIndex } from "./ecs-images.ts";

const template = new URL("../../examples/mixed-cluster/template.yml", import.meta.url);
let endpoint: EcsEndpoint;

beforeEach(async () => {
  endpoint = await startEcs({ deps: { timings: { simulatedStartMs: 20 } } });
  await createRepository(endpoint, "hello");
});
afterEach(() => endpoint.stop());

test("examples/mixed-cluster makes two clusters in one account, each with hosts of both architectures", async () => {
  const body = await readFile(template, "utf8");
  const image = `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", both("one"))}`;
  for (const cluster of ["staging", "production"]) {
    const parameters = {
      ClusterName: cluster,
      CapacityProviderPrefix: `${cluster}-`,
      VpcId: "vpc-1",
      SubnetIds: "subnet-1,subnet-2",
      Image: image,
    };
    await endpoint.deploy(cluster, body, parameters);
    // The same again changes nothing.
    await endpoint.deploy(cluster, body, parameters);
  }
  await deploymentEnds(endpoint);

  const { clusters = [] } = await endpoint.ecs.send(
    new DescribeClustersCommand({ clusters: ["staging", "production"] }),
  );
  expect(clusters.map(({ capacityProviders }) => capacityProviders)).toEqual([
    ["staging-x86", "staging-graviton"],
    ["production-x86", "production-graviton"],
  ]);
  const { containerInstanceArns } = await endpoint.ecs.send(
    new ListContainerInstancesCommand({
      cluster: "production",
      filter: "attribute:ecs.instance-type == t4g.small",
    }),
  );
  expect(containerInstanceArns).toHaveLength(2);
  expect(byArchitecture(await tasksOfWeb(endpoint))).toEqual({ x86_64: 2, arm64: 2 });
  const service = await describeWeb(endpoint);
  expect(service).toMatchObject({
    desiredCount: 4,
    deploymentConfiguration: {
      minimumHealthyPercent: 100,
      maximumPercent: 200,
      deploymentCircuitBreaker: { enable: true, rollback: true, resetOnHealthyTask: false },
    },
  });
  const { taskDefinitionArns } = await endpoint.ecs.send(new ListTaskDefinitionsCommand({}));
  expect(taskDefinitionArns?.map((arn) => arn.split("/")[1])).toEqual(["production-web:1", "staging-web:1"]);
});
