import type { ServiceDeployment as ServiceDeploymentDescription } from "@aws-sdk/client-ecs";
import type { Service, ServiceDeployment } from "./ecs-service.ts";

export const PAUSE_STAGE = "POST_SCALE_UP";

/** Whether the service's configuration has its deployments pause. */
export function pauses({ configuration }: Service): boolean {
  return (configuration.lifecycleHooks ?? []).some(({ targetType }) => targetType === "PAUSE");
}

export function isPaused({ pause }: ServiceDeployment): boolean {
  return pause?.status === "AWAITING_ACTION";
}

export function deploymentArn(service: Service, { id }: ServiceDeployment): string {
  return `${service.arn.replace(":service/", ":service-deployment/")}/${id.slice("ecs-svc/".length)}`;
}

export function revisionArn(service: Service, { id }: ServiceDeployment): string {
  return `${service.arn.replace(":service/", ":service-revision/")}/${id.slice("ecs-svc/".length)}`;
}

/** As DescribeServiceDeployments shows it, as far as anybody looks. */
export function describeDeployment(
  service: Service,
  deployment: ServiceDeployment,
): ServiceDeploymentDescription {
  const { pause } = deployment;
  return {
    serviceDeploymentArn: deploymentArn(service, deployment),
    targetServiceRevision: { arn: revisionArn(service, deployment) },
    ...(pause === undefined
      ? {}
      : {
          lifecycleStage: PAUSE_STAGE,
          lifecycleHookDetails: [
            {
              hookId: pause.hookId,
              targetType: "PAUSE",
              status: pause.status,
              expiresAt: new Date(pause.expiresAt),
            },
          ],
        }),
  };
}
