import type { PipelineDefinition } from "../pipeline/definition.ts";
import { parseImage } from "../pipeline/image-reference.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** A container's image as a task definition names it, and the services whose deployments use that. */
export interface ImageInUse {
  readonly host: string;
  readonly repository: string;
  /** A digest, or a tag. */
  readonly reference: string;
  readonly services: readonly string[];
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html: at most ten. */
const PER_CALL = 10;

/**
 * The images that the services of all stages run: those of every deployment that is still there, so that what a rollout
 * leaves behind, and would go back to, counts as well.
 */
export async function imagesInUse(
  aws: Pick<Aws, "ecs">,
  pipelines: readonly PipelineDefinition[],
): Promise<readonly ImageInUse[]> {
  const targets = new Map<string, Set<string>>();
  for (const { stages } of pipelines) {
    for (const { cluster, service } of stages.flatMap(({ deploy }) => deploy)) {
      targets.set(cluster, (targets.get(cluster) ?? new Set()).add(service));
    }
  }
  const revisions = new Map<string, Set<string>>();
  for (const [cluster, services] of targets) {
    for (const [service, revision] of await revisionsOf(aws, cluster, [...services])) {
      revisions.set(revision, (revisions.get(revision) ?? new Set()).add(`${cluster}/${service}`));
    }
  }
  const images = new Map<string, ImageInUse>();
  for (const [taskDefinition, users] of revisions) {
    const { taskDefinition: document } = await aws.ecs.describeTaskDefinition({ taskDefinition });
    for (const { image: text = "" } of document?.containerDefinitions ?? []) {
      const image = parseImage(text);
      if (image === undefined) continue;
      const services = [...new Set([...(images.get(text)?.services ?? []), ...users])];
      images.set(text, { ...image, services });
    }
  }
  return [...images.values()];
}

/** Service and task definition of every deployment; of a cluster that does not exist, none. */
async function revisionsOf(
  aws: Pick<Aws, "ecs">,
  cluster: string,
  services: readonly string[],
): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for (let at = 0; at < services.length; at += PER_CALL) {
    try {
      const page = await aws.ecs.describeServices({ cluster, services: services.slice(at, at + PER_CALL) });
      for (const { serviceName = "", taskDefinition, deployments = [], status } of page.services ?? []) {
        if (status === "INACTIVE") continue;
        const all = [taskDefinition, ...deployments.map((one) => one.taskDefinition)];
        for (const revision of new Set(all)) if (revision !== undefined) found.push([serviceName, revision]);
      }
    } catch (error) {
      if (!isError(error, "ClusterNotFoundException")) throw error;
      return [];
    }
  }
  return found;
}
