import { quorumOf } from "./approvals.ts";
import type { Command } from "./commands.ts";
import type { StageDefinition } from "./definition.ts";
import type { Instant } from "./events.ts";
import type { Claim, Deployment, PauseState, Stage } from "./run.ts";
import { isStale, nextLease, SILENCE_MILLISECONDS } from "./silence.ts";
import { goesBack, type NextTask, nextTask, startable, targetOf, toReturn, underWay } from "./steps.ts";

/**
 * What the deployments of a stage need now: those under way to come to an end, those whose turn it is to begin.
 * @param isStopping somebody wants the run to end: nobody is asked any more whether ECS may go on
 */
export function deployStage(
  { definition }: Stage,
  deployments: readonly Deployment[],
  now: Instant,
  isStopping = false,
): readonly Command[] {
  const failed = deployments.filter(({ state }) => state.status === "failed");
  const turn = failed.length > 0 ? underWay(definition, deployments) : startable(definition, deployments);
  if (failed.length > 0 && turn.length === 0) return goBack(definition, deployments, now);
  return turn.flatMap((deployment) =>
    planDeployment(definition, deployment, now, isStopping || goesBack(definition, failed, deployment)),
  );
}

function planDeployment(
  stage: StageDefinition,
  deployment: Deployment,
  now: Instant,
  givesUp: boolean,
): readonly Command[] {
  const target = targetOf(stage, deployment);
  const { state, step = 0 } = deployment;
  const { cluster, service } = deployment.prepared;
  const key = { stage: stage.name, cluster, service };
  const before = nextTask(target, deployment, "before");
  if (before !== undefined && step === 0 && state.status === "pending") return planTask(key, before, now);
  switch (state.status) {
    case "pending":
      return [{ type: "deploy", ...key, step, lease: 0 }];
    case "requested":
      return isStale(state, now) ? [{ type: "deploy", ...key, step, lease: state.lease + 1 }] : [];
    case "in-progress": {
      const { deploymentId, pause, reported, another } = state;
      if (pause !== undefined && pause.answered === undefined && reported === undefined) {
        const answer = planAnswer(stage, key, pause, now, givesUp);
        if (answer.length > 0) return answer;
      }
      return reported !== undefined || another !== undefined || now - state.since >= SILENCE_MILLISECONDS
        ? [{ type: "verify-deployment", ...key, ...stepKey(step), deploymentId }]
        : [];
    }
    case "baking":
      return now >= state.until || state.another !== undefined || now - state.since >= SILENCE_MILLISECONDS
        ? [{ type: "verify-deployment", ...key, ...stepKey(step), deploymentId: state.deploymentId }]
        : [];
    case "succeeded": {
      const after = nextTask(target, deployment, "after");
      return after === undefined ? [] : planTask(key, after, now);
    }
    case "failed":
      return [];
  }
}

/** Two steps may share a deployment, where the second changes nothing: each is looked at. */
function stepKey(step: number): { readonly step?: number } {
  return step === 0 ? {} : { step };
}

interface Key {
  readonly stage: string;
  readonly cluster: string;
  readonly service: string;
}

function planTask(key: Key, { when, index, definition, state }: NextTask, now: Instant): readonly Command[] {
  const task = { ...key, when, index };
  const run = (claim: Claim | undefined): Command => ({
    type: "run-task",
    ...task,
    definition,
    lease: nextLease(claim),
  });
  switch (state?.status) {
    case undefined:
      return [run(undefined)];
    case "requested":
      return isStale(state, now) ? [run(state)] : [];
    case "running": {
      const deadline = state.since + definition.timeoutMinutes * 60_000;
      const silent = now - state.since >= SILENCE_MILLISECONDS;
      if (!state.reported && !silent && now < deadline) return [];
      return [{ type: "ask-task", ...task, definition, taskArn: state.taskArn, late: now >= deadline }];
    }
    case "succeeded":
    case "failed":
      return [];
  }
}

/**
 * ECS waits: with enough approvals it goes on, refused it goes back, as it does when nobody wants it any more. A pause that
 * others have put there, and that our stage knows no rule for, is theirs to answer.
 */
function planAnswer(
  stage: StageDefinition,
  key: Key,
  pause: PauseState,
  now: Instant,
  givesUp: boolean,
): readonly Command[] {
  const { hookId, serviceDeploymentArn, answering, refusedBy } = pause;
  const isOurs = stage.approval !== undefined || stage.pauseAt !== undefined;
  const enough = isOurs && quorumOf(stage.approval, pause.approvals).reached;
  const back = refusedBy !== undefined || givesUp;
  if (!enough && !back) return [];
  if (answering !== undefined && !isStale(answering, now)) return [];
  const action = back ? "ROLLBACK" : "CONTINUE";
  return [
    { type: "answer-pause", ...key, hookId, serviceDeploymentArn, action, lease: nextLease(answering) },
  ];
}

/** One after another, the last moved first. */
function goBack(
  stage: StageDefinition,
  deployments: readonly Deployment[],
  now: Instant,
): readonly Command[] {
  const next = toReturn(stage, deployments).find(
    ({ back }) => back?.status !== "succeeded" && back?.status !== "failed",
  );
  if (next === undefined) return [];
  const { cluster, service } = next.prepared;
  const key = { stage: stage.name, cluster, service };
  const { back } = next;
  switch (back?.status) {
    case undefined:
      return [{ type: "return-deployment", ...key, lease: 0 }];
    case "requested":
      return isStale(back, now) ? [{ type: "return-deployment", ...key, lease: back.lease + 1 }] : [];
    case "in-progress":
      return [{ type: "verify-return", ...key, deploymentId: back.deploymentId }];
    default:
      return [];
  }
}
