import type { KeyValuePair } from "@aws-sdk/client-ecs";
import type { AwsClients } from "./clients.ts";
import { eventually } from "./poll.ts";

/** The cluster in which these services run, and where their logs go. */
export const CLUSTER = "staging";
export const LOGS = "/ecs/staging";

/** The environment of a simulated task: see docs/local.md. */
export type Behaviour = Readonly<Record<string, string>>;

/**
 * The next revision of a service's own family; the service itself is left alone.
 * @param proxy the image of a sidecar
 * @returns its ARN
 */
export async function revise(
  { ecs }: AwsClients,
  family: string,
  image: string,
  behaviour: Behaviour = {},
  proxy?: string,
): Promise<string> {
  const environment: KeyValuePair[] = Object.entries(behaviour).map(([name, value]) => ({ name, value }));
  const { taskDefinition } = await ecs.registerTaskDefinition({
    family,
    networkMode: "bridge",
    containerDefinitions: [
      {
        name: "web",
        image,
        memory: 32,
        essential: true,
        environment,
        logConfiguration: {
          logDriver: "awslogs",
          options: { "awslogs-group": LOGS, "awslogs-region": "us-east-1", "awslogs-stream-prefix": family },
        },
      },
      ...(proxy === undefined ? [] : [{ name: "proxy", image: proxy, memory: 32, essential: true }]),
    ],
  });
  return taskDefinition?.taskDefinitionArn ?? "";
}

/** Services of two tasks, one on each architecture, and their families, which have the services' names. */
export async function createServices(
  aws: AwsClients,
  names: readonly string[],
  image: string,
): Promise<void> {
  await Promise.all(
    names.map(async (serviceName) => {
      await aws.ecs.createService({
        cluster: CLUSTER,
        serviceName,
        taskDefinition: await revise(aws, serviceName, image),
        desiredCount: 2,
        capacityProviderStrategy: ["x86", "graviton"].map((kind) => ({
          capacityProvider: `${CLUSTER}-${kind}`,
          weight: 1,
        })),
        deploymentConfiguration: {
          deploymentCircuitBreaker: { enable: true, rollback: true },
          minimumHealthyPercent: 50,
          maximumPercent: 200,
        },
      });
    }),
  );
  await Promise.all(names.map((name) => rest(aws, name)));
}

/** A service, once nothing of it rolls. */
export function rest({ ecs }: AwsClients, name: string) {
  return eventually(async () => {
    const { services: [service] = [] } = await ecs.describeServices({ cluster: CLUSTER, services: [name] });
    const [only, ...others] = service?.deployments ?? [];
    const settled = others.length === 0 && only?.rolloutState === "COMPLETED";
    return settled && service?.runningCount === service?.desiredCount ? service : undefined;
  }, `${name} at rest`);
}

/** The task definition that a service is at. */
export async function revisionOf({ ecs }: AwsClients, name: string): Promise<string> {
  const { services: [service] = [] } = await ecs.describeServices({ cluster: CLUSTER, services: [name] });
  return service?.taskDefinition ?? "";
}
