import type { ContainerInstance } from "@aws-sdk/client-ecs";
import { architectureOf } from "../pipeline/architectures.ts";
import type { CpuArchitecture } from "../pipeline/definition.ts";
import type { Aws } from "./aws.ts";

/** What ECS lists and describes at most in one call. */
export const PAGE = 100;

/** The hosts of a cluster that take tasks: two calls per hundred, the description of one page beside the list of the next. */
export async function activeInstances(aws: Aws, cluster: string): Promise<readonly ContainerInstance[]> {
  const described: Promise<readonly ContainerInstance[]>[] = [];
  let nextToken: string | undefined;
  do {
    const page = await aws.ecs.listContainerInstances({
      cluster,
      status: "ACTIVE",
      maxResults: PAGE,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    if (page.containerInstanceArns?.length) {
      const pending = describeInstances(aws, cluster, page.containerInstanceArns);
      // Awaited below, all together; a failure meanwhile is no unhandled one.
      pending.catch(() => undefined);
      described.push(pending);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return (await Promise.all(described)).flat();
}

/** These hosts, a call per hundred; those that are gone are left out. */
export async function describeInstances(
  aws: Aws,
  cluster: string,
  arns: readonly string[],
): Promise<readonly ContainerInstance[]> {
  const pages: Promise<readonly ContainerInstance[]>[] = [];
  for (let at = 0; at < arns.length; at += PAGE) {
    const containerInstances = arns.slice(at, at + PAGE);
    pages.push(
      aws.ecs
        .describeContainerInstances({ cluster, containerInstances })
        .then(({ containerInstances: found = [] }) => found),
    );
  }
  return (await Promise.all(pages)).flat();
}

/** The agent sets it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html */
export function instanceArchitecture({ attributes = [] }: ContainerInstance): CpuArchitecture | undefined {
  return architectureOf(attributes.find(({ name }) => name === "ecs.cpu-architecture")?.value ?? "");
}

/**
 * Whether the host is registered by ECS Anywhere: Systems Manager names managed instances `mi-…`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html
 */
export function isExternal({ ec2InstanceId = "" }: ContainerInstance): boolean {
  return ec2InstanceId.startsWith("mi-");
}
