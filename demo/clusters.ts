import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Service } from "@aws-sdk/client-ecs";
import type { Clients } from "./clients.ts";
import { DemoFailure } from "./options.ts";
import { poll } from "./poll.ts";

const TEMPLATE = join(
  dirname(fileURLToPath(import.meta.url)),
  "..",
  "examples",
  "mixed-cluster",
  "template.yml",
);

export const CLUSTERS = ["staging", "production"] as const;
export const SERVICE = "web";

/** Containers of the foreign architecture start under emulation, four at a time. */
const PATIENCE_MS = 120_000;

/**
 * Creates both clusters from the example's own template: two hosts of each architecture and the service `web`.
 * @param image runs first, by digest
 */
export async function createClusters(clients: Clients, image: string, signal: AbortSignal): Promise<void> {
  const body = await readFile(TEMPLATE, "utf8");
  await Promise.all(CLUSTERS.map((cluster) => createCluster(clients, cluster, image, body, signal)));
}

async function createCluster(
  { cloudFormation }: Clients,
  cluster: string,
  image: string,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  const values = {
    ClusterName: cluster,
    CapacityProviderPrefix: `${cluster}-`,
    VpcId: "vpc-00000000000000000",
    SubnetIds: "subnet-00000000000000001,subnet-00000000000000002",
    Image: image,
  };
  try {
    await cloudFormation.createStack({
      StackName: cluster,
      TemplateBody: body,
      Capabilities: ["CAPABILITY_IAM"],
      Parameters: Object.entries(values).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      })),
    });
  } catch (error) {
    // A state folder that is used again has it already.
    if (!(error instanceof Error && error.name === "AlreadyExistsException")) throw error;
  }
  await poll(
    async () => {
      const { Stacks = [] } = await cloudFormation.describeStacks({ StackName: cluster });
      const { StackStatus: status = "", StackStatusReason: reason = "" } = Stacks[0] ?? {};
      if (/FAILED|ROLLBACK/.test(status))
        throw new DemoFailure(`the stack ${cluster} of examples/mixed-cluster is ${status}: ${reason}`);
      return status.endsWith("_COMPLETE") ? status : undefined;
    },
    PATIENCE_MS,
    `the stack ${cluster}`,
    signal,
  );
}

/** Waits until the service of both clusters has all its tasks. */
export async function waitForServices(clients: Clients, signal: AbortSignal): Promise<void> {
  const ready = CLUSTERS.map((cluster) =>
    poll(
      async () => {
        const { runningCount = 0, desiredCount = 1, deployments = [] } = await serviceOf(clients, cluster);
        const steady = deployments.every(({ rolloutState }) => rolloutState === "COMPLETED");
        return runningCount === desiredCount && steady ? true : undefined;
      },
      PATIENCE_MS,
      `the steady state of ${cluster}/${SERVICE}`,
      signal,
    ),
  );
  await Promise.all(ready);
}

export async function serviceOf({ ecs }: Clients, cluster: string): Promise<Service> {
  const { services = [] } = await ecs.describeServices({ cluster, services: [SERVICE] });
  const [service] = services;
  if (service === undefined) throw new DemoFailure(`cluster ${cluster} has no service ${SERVICE}`);
  return service;
}
