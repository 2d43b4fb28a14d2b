import type { Service } from "@aws-sdk/client-ecs";
import type { Failure, RunEventOf } from "../pipeline/events.ts";
import { serviceKey } from "../pipeline/leaving.ts";
import { serviceChanged } from "../pipeline/messages.ts";
import { deploymentsOf, gateRound, type Run, type Stage } from "../pipeline/run.ts";
import type { EffectContext } from "./context.ts";
import { findService } from "./find-service.ts";
import { prepareStage } from "./prepare.ts";

/** A gate is opened anew: what would change is looked up again, since a service is another than it was. */
export async function voidGate(
  context: EffectContext,
  run: Run,
  { definition }: Stage,
  key: { readonly cluster: string; readonly service: string },
  now: Service,
): Promise<{ readonly event: RunEventOf<"gate.voided"> } | { readonly failure: Failure }> {
  const prepared = await prepareStage(context, run, definition);
  if ("failure" in prepared) return prepared;
  return {
    event: {
      type: "gate.voided",
      at: context.now(),
      stage: definition.name,
      why: serviceChanged(now.serviceName ?? key.service, now.taskDefinition ?? ""),
      changed: serviceKey(key),
      deployments: prepared.found,
    },
  };
}

/**
 * Whether what people are asked about is still what would change. A service that cannot be had any more is the deployment's to tell.
 * @returns undefined as long as every service of the stage has the task definition it was seen with
 */
export async function changedMeanwhile(
  context: EffectContext,
  run: Run,
  stage: Stage,
): Promise<RunEventOf<"gate.voided"> | undefined> {
  for (const { prepared } of deploymentsOf(stage.state)) {
    const answer = await findService(context.aws, prepared.cluster, prepared.service);
    if ("failure" in answer) continue;
    if ((answer.found.taskDefinition ?? "") === prepared.baseTaskDefinition) continue;
    const voided = await voidGate(context, run, stage, prepared, answer.found);
    return "failure" in voided
      ? undefined
      : { ...voided.event, round: gateRound(run, stage.definition.name) };
  }
  return undefined;
}
