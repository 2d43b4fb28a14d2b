import { isSameDecider, openPause, quorum } from "./approvals.ts";
import type { RunEvent, RunEventOf } from "./events.ts";
import { evolve } from "./evolve.ts";
import { isSettled } from "./evolve-build.ts";
import { isMessageEvent } from "./evolve-messages.ts";
import { isReportEvent } from "./evolve-report.ts";
import type { Build, Run, Stage } from "./run.ts";
import { currentStage, deploymentsOf, gateRound, isTerminal, MAX_ATTEMPTS } from "./run.ts";

export type Received =
  | { readonly type: "news"; readonly event: RunEvent }
  /** Late, doubled or foreign: no error, only nothing to do. */
  | { readonly type: "ignored"; readonly reason: string };

/** Judges an event from outside before it is stored, so that streams hold only what changed something. */
export function receive(run: Run, event: RunEvent): Received {
  const judged = judge(run, event);
  return judged.type === "news" && evolve(run, judged.event) === run
    ? ignored(`${event.type} changes nothing of ${run.id}`)
    : judged;
}

function judge(run: Run, event: RunEvent): Received {
  if (isReportEvent(event) || isMessageEvent(event)) return { type: "news", event };
  if (isTerminal(run) && event.type !== "run.closed")
    return ignored(`run ${run.id} has ended: ${run.status.status}`);
  switch (event.type) {
    case "build.succeeded":
    case "build.failed":
    case "build.started":
    case "build.stopped":
      return receiveBuild(run, event);
    case "deployment.reported":
      return receiveReport(run, event);
    case "deployment.succeeded":
    case "deployment.failed":
      return receiveVerdict(run, event);
    case "approval.given":
    case "approval.refused":
      return receiveDecision(run, event);
    case "run.superseded":
    case "stage.deploying":
    case "stage.failed":
    case "gate.voided":
      return receiveTurn(run, event);
    default:
      return { type: "news", event };
  }
}

type TurnEvent = RunEventOf<"run.superseded" | "stage.deploying" | "stage.failed" | "gate.voided">;

/** Nothing claims the steps between stages: of two invocations that take one, the later hears what no longer holds. */
function receiveTurn(run: Run, event: TurnEvent): Received {
  const stage = currentStage(run);
  if (event.stage !== undefined && event.stage !== stage?.definition.name)
    return ignored(`${run.id} is no longer at stage ${event.stage}`);
  const status = stage?.state.status ?? "succeeded";
  return stage !== undefined && isInTurn(run, stage, event)
    ? { type: "news", event }
    : ignored(`stage ${stage?.definition.name} of ${run.id} is ${status}`);
}

function isInTurn(run: Run, stage: Stage, event: TurnEvent): boolean {
  const { status } = stage.state;
  const isRound = (round: number) => gateRound(run, stage.definition.name) === round;
  switch (event.type) {
    case "gate.voided":
      return event.round === undefined ? status === "deploying" : status === "gated" && isRound(event.round);
    case "stage.deploying":
      return status === "gated" && isRound(event.round ?? 0) && quorum(stage).reached;
    case "run.superseded":
    case "stage.failed":
      return status === "pending" || status === "waiting" || status === "gated";
  }
}

function receiveDecision(run: Run, event: RunEventOf<"approval.given" | "approval.refused">): Received {
  const stage = run.stages.find(({ definition }) => definition.name === event.stage);
  if (event.hookId !== undefined) {
    return stage !== undefined && openPause(stage)?.hookId === event.hookId
      ? { type: "news", event }
      : ignored(`stage ${event.stage} of ${run.id} waits for no answer to ${event.hookId}`);
  }
  if (stage?.state.status !== "gated")
    return ignored(`stage ${event.stage} of ${run.id} waits for no approval`);
  if (stage.gate?.release !== event.release)
    return ignored(`stage ${event.stage} of ${run.id} is about another release`);
  return event.type === "approval.given" && stage.gate.approvals.some((given) => isSameDecider(given, event))
    ? ignored(`${event.person} has approved already`)
    : { type: "news", event };
}

function ignored(reason: string): Received {
  return { type: "ignored", reason };
}

type BuildEvent = RunEventOf<"build.succeeded" | "build.failed" | "build.started" | "build.stopped">;

function receiveBuild(run: Run, event: BuildEvent): Received {
  const what = `${event.image} ${event.platform} attempt ${event.attempt}`;
  const build = run.builds.find(
    ({ image, platform }) => image === event.image && platform === event.platform,
  );
  if (build === undefined) return ignored(`run ${run.id} builds no ${event.image} for ${event.platform}`);
  if (build.attempt !== event.attempt) return ignored(`${what}: attempt ${build.attempt} is the current one`);
  if (isSettled(build.state)) return ignored(`${what} has ${build.state.status} already`);
  if (event.type === "build.started" && build.state.status === "running")
    return ignored(`${what} runs already`);
  const { state } = build;
  if (
    state.status === "running" &&
    "buildId" in event &&
    event.buildId !== undefined &&
    event.buildId !== state.buildId
  ) {
    return ignored(`${what} is build ${state.buildId}, not ${event.buildId}`);
  }
  return { type: "news", event: event.type === "build.failed" ? judged(run, build, event) : event };
}

/**
 * A failure is worth another attempt only if attempts are left, and if no sibling has failed for good. A build that was
 * asked to stop, and ended, is stopped.
 */
function judged(run: Run, build: Build, event: RunEventOf<"build.failed">): RunEvent {
  const {
    type: _type,
    failure: _failure,
    transient: _transient,
    log: _log,
    buildId: _buildId,
    ...key
  } = event;
  const lost = run.builds.some(({ state }) => state.status === "failed");
  if (lost && build.state.status === "running" && build.state.stop !== undefined)
    return { type: "build.stopped", ...key };
  return { ...event, transient: event.transient && !lost && build.attempt < MAX_ATTEMPTS };
}

function receiveReport(run: Run, event: RunEventOf<"deployment.reported">): Received {
  const deployment = findDeployment(run, event);
  if (deployment === undefined) return ignored(`run ${run.id} does not deploy ${event.service} now`);
  const { state } = deployment;
  const what = `the deployment of ${event.service}`;
  // Whose it is, nobody can say yet.
  if (state.status === "requested" && event.state !== "IN_PROGRESS") return { type: "news", event };
  const isAnother = "deploymentId" in state && state.deploymentId !== event.deploymentId;
  if ((state.status === "in-progress" || state.status === "baking") && event.state === "IN_PROGRESS") {
    return isAnother ? { type: "news", event } : ignored(`${what} has begun, as is known`);
  }
  if (state.status !== "in-progress") return ignored(`${what} is ${state.status}`);
  if (isAnother) return ignored(`${what} is ${state.deploymentId}, not ${event.deploymentId}`);
  return state.reported?.state === event.state
    ? ignored(`${event.service} was reported ${event.state} already`)
    : { type: "news", event };
}

function receiveVerdict(run: Run, event: RunEventOf<"deployment.succeeded" | "deployment.failed">): Received {
  const status = findDeployment(run, event)?.state.status;
  return status === undefined || status === "succeeded" || status === "failed"
    ? ignored(`the deployment of ${event.service} is ${status ?? "not begun"}`)
    : { type: "news", event };
}

function findDeployment(
  run: Run,
  key: { readonly stage: string; readonly cluster: string; readonly service: string },
) {
  const stage = run.stages.find(({ definition }) => definition.name === key.stage);
  if (stage === undefined) return undefined;
  return deploymentsOf(stage.state).find(
    ({ prepared }) => prepared.cluster === key.cluster && prepared.service === key.service,
  );
}
