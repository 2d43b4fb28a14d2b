import type { Deployment, Service } from "@aws-sdk/client-ecs";
import type { Aws } from "./aws.ts";
import { type ServiceName, serviceTasks } from "./tasks.ts";

/**
 * Whether a deployment is done. ECS says COMPLETED once nothing is left of those before it. An external instance that is
 * disconnected cannot be told to stop its tasks, however, and may be gone for good: what is left on such hosts only is not
 * waited for.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (connectivity)
 *
 * Calls: none but of a service on external instances whose new tasks all run: those of `serviceTasks`.
 */
export async function isRolledOut(
  aws: Aws,
  name: ServiceName,
  { launchType, desiredCount = 0 }: Service,
  deployment: Deployment | undefined,
): Promise<boolean> {
  if (deployment === undefined || deployment.rolloutState === "COMPLETED") return deployment !== undefined;
  const { id, status, rolloutState, runningCount = 0 } = deployment;
  if (launchType !== "EXTERNAL" || status !== "PRIMARY" || rolloutState !== "IN_PROGRESS") return false;
  if (runningCount < desiredCount) return false;
  const tasks = await serviceTasks(aws, name);
  const left = tasks.filter(({ startedBy, lastStatus }) => startedBy !== id && lastStatus !== "STOPPED");
  return left.length > 0 && left.every(({ connectivity }) => connectivity === "DISCONNECTED");
}
