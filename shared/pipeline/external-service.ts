import type { Failure } from "./events.ts";
import type { TaskDefinitionDocument } from "./task-definition.ts";

/** What ECS describes of a service, as far as ECS Anywhere restricts it. */
export interface RestrictedService {
  readonly serviceName?: string | undefined;
  readonly launchType?: string | undefined;
  readonly loadBalancers?: readonly object[] | undefined;
  readonly serviceRegistries?: readonly object[] | undefined;
}

/**
 * Whether a service on external instances is to have what these cannot: capacity providers, load balancers, service discovery
 * or the network mode awsvpc. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html (considerations)
 *
 * @param document the task definition that is about to be registered
 * @param providers the capacity providers the service is about to get
 */
export function externalServiceFault(
  service: RestrictedService,
  document: TaskDefinitionDocument,
  providers: readonly string[],
): Failure | undefined {
  if (service.launchType !== "EXTERNAL") return undefined;
  const { loadBalancers = [], serviceRegistries = [] } = service;
  const faults = [
    providers.length > 0 && {
      what: `capacity providers (${[...new Set(providers)].join(", ")})`,
      remedy: "take `capacity` and `shift` out of its deployment in the pipeline",
    },
    loadBalancers.length > 0 && { what: "load balancers", remedy: "take the service's load balancers away" },
    serviceRegistries.length > 0 && {
      what: "service registries",
      remedy: "take the service's service discovery away",
    },
    document.networkMode === "awsvpc" && {
      what: "the network mode awsvpc",
      remedy: "give its task definition the network mode bridge, host or none",
    },
  ].filter((fault) => fault !== false);
  if (faults.length === 0) return undefined;
  return {
    reason: `service ${service.serviceName ?? ""} has the launch type EXTERNAL, and external instances do not support ${faults.map(({ what }) => what).join(" and ")}`,
    remedy: faults.map(({ remedy }) => remedy).join(", and "),
  };
}
