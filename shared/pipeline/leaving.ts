import { capacityBefore } from "./capacity.ts";
import type { DeploymentKey } from "./events.ts";
import { heldAfter } from "./messages.ts";
import { type Deployment, deploymentsOf, isStageEnd, type Run, releaseOf, type Stage } from "./run.ts";
import type { QuarantinedService, StageRelease } from "./stage-lock.ts";
import type { Leaving } from "./stages.ts";
import { keepsRelease } from "./steps.ts";

/** What a run that has ended with a stage leaves behind there. */
export function leavingOf(run: Run, stage: Stage): Leaving {
  const { state } = stage;
  if (!isStageEnd(state)) throw new Error(`${run.id} has not ended with stage ${stage.definition.name}`);
  const stays = state.deployments.every(
    (deployment) => deployment.state.status === "succeeded" || keepsRelease(stage.definition, deployment),
  );
  const at = state.status === "succeeded" ? state.until : run.updatedAt;
  const reached = state.status === "succeeded" || state.status === "rolled-back";
  const release = reached && stays ? stageRelease(run, stage, at) : undefined;
  const hold = heldAfter(run, state);
  return {
    outcome: state.status,
    ...(release === undefined ? {} : { release }),
    ...(state.status === "succeeded"
      ? { whole: state.deployments.map(({ prepared }) => serviceKey(prepared)) }
      : {}),
    ...(hold === undefined ? {} : { hold }),
  };
}

function stageRelease(run: Run, stage: Stage, at: number): StageRelease | undefined {
  const release = releaseOf(run);
  if (release === undefined) return undefined;
  const { trigger } = run;
  const of = trigger.type === "rollback" ? trigger.to : "of" in trigger ? trigger.of : undefined;
  const quarantined = Object.fromEntries(
    deploymentsOf(stage.state).flatMap((deployment): readonly (readonly [string, QuarantinedService])[] => {
      const { prepared } = deployment;
      const without = withoutOf(deployment);
      if (without === undefined) return [];
      const capacity = capacityBefore(prepared);
      return [
        [
          serviceKey(prepared),
          {
            ...without,
            ...(capacity === undefined ? {} : { capacity }),
          },
        ],
      ];
    }),
  );
  return {
    runId: run.id,
    sequence: run.sequence,
    commit: run.revision.commit,
    release,
    at,
    ...(of === undefined ? {} : { of }),
    ...(Object.keys(quarantined).length === 0 ? {} : { quarantined }),
  };
}

/** The architecture a service does without since, and why: it failed there, or an image lacks it. */
function withoutOf({
  quarantine,
  prepared,
}: Deployment): Pick<QuarantinedService, "architecture" | "reason"> | undefined {
  if (quarantine !== undefined) {
    return { architecture: quarantine.architecture, reason: quarantine.failure.reason };
  }
  const { constrainTo, notes = [] } = prepared;
  if (constrainTo === undefined) return undefined;
  return {
    architecture: constrainTo === "arm64" ? "x86_64" : "arm64",
    reason: notes[0] ?? "an image lacks it",
  };
}

/** `CLUSTER/SERVICE`. */
export function serviceKey({ cluster, service }: Pick<DeploymentKey, "cluster" | "service">): string {
  return `${cluster}/${service}`;
}
