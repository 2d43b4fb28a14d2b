import type { Service } from "@aws-sdk/client-ecs";
import type { EcsDeployment, StageDefinition } from "../pipeline/definition.ts";
import type { Failure, PreparedDeployment } from "../pipeline/events.ts";
import type { Run } from "../pipeline/run.ts";
import { imageChanges, type TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** A service that can be deployed to, or why it cannot. */
export type Found<T> = { readonly found: T } | { readonly failure: Failure };

/** An ACTIVE service. Its absence, or its cluster's, is a failure with a remedy; anything else is thrown on. */
export async function findService(aws: Aws, cluster: string, service: string): Promise<Found<Service>> {
  const name = `service ${service} of cluster ${cluster}`;
  try {
    const { services = [] } = await aws.ecs.describeServices({ cluster, services: [service] });
    const found = services[0];
    if (found === undefined || found.status === "INACTIVE") {
      return {
        failure: {
          reason: `${name} does not exist`,
          remedy: "create it, or mend the stage's `ecs` in the pipeline",
        },
      };
    }
    if (found.status !== "ACTIVE") {
      return {
        failure: { reason: `${name} is ${found.status}`, remedy: "wait until it is gone and create it anew" },
      };
    }
    return { found };
  } catch (error) {
    if (!isError(error, "ClusterNotFoundException")) throw error;
    const remedy = "create it, or mend the stage's `ecs` in the pipeline";
    return { failure: { reason: `cluster ${cluster} does not exist`, remedy } };
  }
}

/** `REPOSITORY@DIGEST` of every container the deployment names. */
export function releaseImages(run: Run, deployment: EcsDeployment): Readonly<Record<string, string>> {
  const images: Record<string, string> = {};
  for (const [container, name] of Object.entries(deployment.containers)) {
    const image = run.images.find(({ definition }) => definition.name === name);
    if (image?.state.status === "published")
      images[container] = `${image.state.repositoryUri}@${image.state.digest}`;
  }
  return images;
}

/** What a deployment would change, seen from the service as it is now. */
export async function prepareDeployment(
  aws: Aws,
  run: Run,
  deployment: EcsDeployment,
): Promise<Found<PreparedDeployment>> {
  const { cluster, service } = deployment;
  const answer = await findService(aws, cluster, service);
  if ("failure" in answer) return answer;
  const { taskDefinition = "", serviceArn = "" } = answer.found;
  const base = await describeBase(aws, taskDefinition);
  const { images, missing, containers } = imageChanges(base, releaseImages(run, deployment));
  if (missing.length > 0) {
    const reason = `task definition ${taskDefinition} of service ${service} has no container ${missing.join(", ")}; it has ${containers.join(", ")}`;
    return { failure: { reason, remedy: "mend `containers` in the pipeline, or the task definition" } };
  }
  return { found: { cluster, service, serviceArn, baseTaskDefinition: taskDefinition, images } };
}

export async function describeBase(aws: Aws, arn: string): Promise<TaskDefinitionDocument> {
  const { taskDefinition } = await aws.ecs.describeTaskDefinition({ taskDefinition: arn });
  return Object.fromEntries(Object.entries(taskDefinition ?? {}));
}

/** All deployments of a stage side by side; the first failure is the stage's. */
export async function prepareStage(
  aws: Aws,
  run: Run,
  stage: StageDefinition,
): Promise<Found<readonly PreparedDeployment[]>> {
  const prepared = await Promise.all(
    stage.deploy.map((deployment) => prepareDeployment(aws, run, deployment)),
  );
  const found: PreparedDeployment[] = [];
  for (const one of prepared) {
    if ("failure" in one) return one;
    found.push(one.found);
  }
  return { found };
}
