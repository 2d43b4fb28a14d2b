import type { Command } from "../pipeline/commands.ts";
import type { Run, Stage } from "../pipeline/run.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";
import { subjectOf } from "./deploy.ts";
import { verifyDeployment } from "./verify-deployment.ts";

type Answer = Extract<Command, { readonly type: "answer-pause" }>;

/**
 * Tells ECS to go on, or to go back. Told twice, the second finds nothing that waits: that is as good. A deployment that somebody
 * else has begun since is theirs to answer; ours is looked at instead.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
 */
export async function answerPause(
  context: EffectContext,
  run: Run,
  stage: Stage,
  command: Answer,
): Promise<Outcome> {
  const { cluster, service, hookId, serviceDeploymentArn, action } = command;
  const key = { stage: command.stage, cluster, service };
  const { state } = subjectOf(stage, command).deployment;
  const answered = (): Outcome =>
    facts({ type: "pause.answered", at: context.now(), ...key, hookId, action });
  try {
    const revision = await revisionOf(context, serviceDeploymentArn);
    if (state.status === "in-progress" && revision !== undefined && revision !== state.taskDefinition) {
      const { deploymentId } = state;
      return await verifyDeployment(context, run, stage, { type: "verify-deployment", ...key, deploymentId });
    }
    await context.aws.ecs.continueServiceDeployment({ serviceDeploymentArn, hookId, action });
    return answered();
  } catch (error) {
    const over = ["InvalidParameterException", "ClientException", "ServiceDeploymentNotFoundException"];
    if (!isError(error, ...over)) throw error;
    return answered();
  }
}

/** The task definition that a service deployment is about; undefined when ECS does not say. */
async function revisionOf({ aws }: EffectContext, arn: string): Promise<string | undefined> {
  const { serviceDeployments = [] } = await aws.ecs.describeServiceDeployments({
    serviceDeploymentArns: [arn],
  });
  const target = serviceDeployments[0]?.targetServiceRevision?.arn;
  if (target === undefined) return undefined;
  const { serviceRevisions = [] } = await aws.ecs.describeServiceRevisions({ serviceRevisionArns: [target] });
  return serviceRevisions[0]?.taskDefinition;
}
