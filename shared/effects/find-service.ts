import type { Service } from "@aws-sdk/client-ecs";
import type { Failure } from "../pipeline/events.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** What was looked for, or why it cannot be had. */
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
