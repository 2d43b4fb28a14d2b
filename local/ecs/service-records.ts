import type { Deployment, Service, ServiceDeployment } from "./types.ts";

/** The service deployment that is going on, a rollback included. */
export function currentDeployment(service: Service): ServiceDeployment | undefined {
  return service.serviceDeployments.find(({ finishedAt }) => finishedAt === undefined);
}

/** The service deployment that a deployment belongs to; with a rollback it has two. */
export function recordOf(service: Service, deployment: Deployment): ServiceDeployment | undefined {
  return service.serviceDeployments.find(({ arn }) => arn === deployment.serviceDeploymentArn);
}
