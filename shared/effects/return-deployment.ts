import type { Service } from "@aws-sdk/client-ecs";
import { capacityFrom, capacityOf, isSameCapacity, strategyItems } from "../pipeline/capacity.ts";
import type { Command } from "../pipeline/commands.ts";
import type { Failure } from "../pipeline/events.ts";
import type { Stage } from "../pipeline/run.ts";
import { withoutPauses } from "../pipeline/service-update.ts";
import { keepsRelease } from "../pipeline/steps.ts";
import { refusalOf } from "./access-denied.ts";
import { type EffectContext, facts, NOTHING, type Outcome } from "./context.ts";
import { isPermanent, subjectOf } from "./deploy.ts";
import { findEndedNewest } from "./find-deployment.ts";
import { findService } from "./find-service.ts";
import { isRolledOut } from "./rolled-out.ts";
import { changedConstraints } from "./update-service.ts";

type Return = Extract<Command, { readonly type: "return-deployment" }>;
type Verify = Extract<Command, { readonly type: "verify-return" }>;

/**
 * Takes a service back to the revision and the strategy it had before the stage, or only to the weights that were good; what
 * is no longer ours is left alone.
 */
export async function returnDeployment(
  context: EffectContext,
  stage: Stage,
  command: Return,
): Promise<Outcome> {
  const { cluster, service } = command;
  const key = { stage: command.stage, cluster, service };
  const ended = (failure?: Failure): Outcome =>
    facts({
      type: "return.ended",
      at: context.now(),
      ...key,
      ...(failure === undefined ? {} : { failure }),
    });
  try {
    const { deployment, target } = subjectOf(stage, command);
    const { state, step = 0 } = deployment;
    const answer = await findService(context.aws, cluster, service);
    if ("failure" in answer) return ended(answer.failure);
    const current = answer.found;
    const ours = "taskDefinition" in state ? state.taskDefinition : undefined;
    const { prepared } = deployment;
    const stays = keepsRelease(stage.definition, deployment);
    const taskDefinition = stays ? (ours ?? "") : prepared.baseTaskDefinition;
    const before = stays ? capacityOf(target, deployment, step - 1) : undefined;
    const wanted = before ?? prepared.baseCapacity;
    const now = capacityFrom(current.capacityProviderStrategy);
    const capacity = isSameCapacity(wanted, now) ? undefined : wanted;
    if (![ours, prepared.baseTaskDefinition].includes(current.taskDefinition)) {
      return ended({ reason: `somebody else has changed it to ${current.taskDefinition} meanwhile` });
    }
    const constraints = changedConstraints(current, stays ? prepared.constrainTo : prepared.baseConstrainTo);
    const changes = {
      ...(capacity === undefined ? {} : { capacityProviderStrategy: strategyItems(capacity) }),
      ...(constraints === undefined ? {} : { placementConstraints: constraints }),
    };
    const forced = Object.keys(changes).length > 0;
    if (current.taskDefinition === taskDefinition && !forced) {
      const under = current.deployments?.find((one) => one.status === "PRIMARY");
      // A lost attempt may have begun it.
      return command.lease > 0 && under?.id !== undefined && under.rolloutState === "IN_PROGRESS"
        ? facts({ type: "return.started", at: context.now(), ...key, deploymentId: under.id })
        : ended();
    }
    if (command.lease > 0 && stage.state.status === "deploying") {
      const { since } = stage.state;
      // With other weights our own revision is told apart by them; what the stage began from, only a way back brings.
      const capacity = stays ? wanted : undefined;
      const lost =
        stays && wanted === undefined
          ? undefined
          : await findEndedNewest(context.aws, { cluster, service }, taskDefinition, capacity, since);
      if (lost !== undefined) return ended(lost.failure);
    }
    const { service: updated } = await context.aws.ecs.updateService({
      cluster,
      service,
      taskDefinition,
      ...changes,
      ...(forced ? { forceNewDeployment: true } : {}),
      ...unpaused(current, stage),
    });
    const id = updated?.deployments?.find(({ status }) => status === "PRIMARY")?.id;
    if (id === undefined) throw new Error(`ECS names no primary deployment of service ${service}`);
    return facts({ type: "return.started", at: context.now(), ...key, deploymentId: id });
  } catch (error) {
    if (!isPermanent(error)) throw error;
    return ended(refusalOf("ECS refused to take it back", error));
  }
}

/** Going back needs no approval: ECS would wait for one where our stage lets it pause. */
function unpaused({ deploymentConfiguration }: Service, { definition }: Stage) {
  if (definition.pauseAt === undefined) return {};
  const now = Object.fromEntries(Object.entries(deploymentConfiguration ?? {}));
  const configuration: Service["deploymentConfiguration"] = withoutPauses(now);
  return configuration === undefined ? {} : { deploymentConfiguration: configuration };
}

/** Whether the service has come to rest again. */
export async function verifyReturn(context: EffectContext, command: Verify): Promise<Outcome> {
  const { cluster, service, deploymentId, stage } = command;
  const ended = (failure?: Failure): Outcome =>
    facts({
      type: "return.ended",
      at: context.now(),
      stage,
      cluster,
      service,
      ...(failure === undefined ? {} : { failure }),
    });
  const answer = await findService(context.aws, cluster, service);
  if ("failure" in answer) return ended(answer.failure);
  const ours = answer.found.deployments?.find(({ id }) => id === deploymentId);
  const isDone = await isRolledOut(context.aws, { cluster, service }, answer.found, ours);
  if (ours?.status === "PRIMARY" && isDone) return ended();
  if (ours?.status === "PRIMARY" && ours.rolloutState !== "FAILED") return NOTHING;
  return ended({
    reason: `its deployment ${deploymentId} did not complete: ${ours?.rolloutStateReason ?? "another took its place"}`,
  });
}
