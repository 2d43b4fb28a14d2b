import {
  CreateClusterCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  type RegisterTaskDefinitionCommandInput,
} from "@aws-sdk/client-ecs";
import type { Timings } from "../../local/ecs/timings.ts";
import { createRepository } from "./ecs-cluster.ts";
import { type EcsEndpoint, startEcs } from "./ecs-endpoint.ts";
import { both, type ImageOptions, pushIndex } from "./ecs-images.ts";

const quickly = { simulatedStartMs: 10, simulatedRunMs: 30, firstRestartMs: 10, longestRestartMs: 20 };

/** An endpoint with the repository `hello`, where everything happens at once unless told otherwise. */
export async function startQuickly(timings: Partial<Timings> = quickly): Promise<EcsEndpoint> {
  const endpoint = await startEcs({ deps: { timings } });
  await createRepository(endpoint, "hello");
  return endpoint;
}

/** Pushes an index to `hello`; gives how a task definition names it. */
export const image = async (
  endpoint: EcsEndpoint,
  images: readonly ImageOptions[] = both("one"),
): Promise<string> => `${endpoint.host}/hello@${await pushIndex(endpoint.url, "hello", images)}`;

export const network = {
  networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-a", "subnet-b"] } },
};
export type Definition = Partial<RegisterTaskDefinitionCommandInput>;
export const arm64 = {
  runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
} as const;

/** Creates the service `web` in the cluster `staging`, by default of one task. */
export const createService = (endpoint: EcsEndpoint, more: Partial<CreateServiceCommandInput>) =>
  endpoint.ecs.send(
    new CreateServiceCommand({
      cluster: "staging",
      serviceName: "web",
      taskDefinition: "web",
      desiredCount: 1,
      ...more,
    }),
  );

export const createCluster = (endpoint: EcsEndpoint, clusterName = "staging") =>
  endpoint.ecs.send(new CreateClusterCommand({ clusterName }));
