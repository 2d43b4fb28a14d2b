import type { Service } from "@aws-sdk/client-ecs";
import type { DeploymentKey } from "../pipeline/events.ts";
import type { Deployment } from "../pipeline/run.ts";
import { type EffectContext, facts, NOTHING, type Outcome } from "./context.ts";

/**
 * Whether ECS waits for an answer that no event has told of. Asked only of services whose deployment has hooks of ours.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
 */
export async function findPause(
  { aws, now }: EffectContext,
  service: Service,
  { state }: Deployment,
  key: DeploymentKey,
): Promise<Outcome> {
  const hooks = service.deploymentConfiguration?.lifecycleHooks ?? [];
  if (state.status !== "in-progress" || !hooks.some(({ targetType }) => targetType === "PAUSE"))
    return NOTHING;
  const { serviceDeployments: listed = [] } = await aws.ecs.listServiceDeployments({
    cluster: key.cluster,
    service: key.service,
    status: ["IN_PROGRESS"],
    maxResults: 1,
  });
  const arn = listed[0]?.serviceDeploymentArn;
  if (arn === undefined) return NOTHING;
  const { serviceDeployments = [] } = await aws.ecs.describeServiceDeployments({
    serviceDeploymentArns: [arn],
  });
  const [found] = serviceDeployments;
  const hook = found?.lifecycleHookDetails?.find(
    ({ targetType, status }) => targetType === "PAUSE" && status === "AWAITING_ACTION",
  );
  const lifecycleStage = found?.lifecycleStage ?? "";
  const { pause } = state;
  const isKnown =
    pause?.hookId === hook?.hookId &&
    (pause?.answered === undefined || pause.lifecycleStage === lifecycleStage);
  if (hook?.hookId === undefined || isKnown) return NOTHING;
  return facts({
    type: "deployment.paused",
    at: now(),
    ...key,
    serviceDeploymentArn: arn,
    hookId: hook.hookId,
    lifecycleStage,
    expiresAt: hook.expiresAt?.getTime() ?? now(),
  });
}
