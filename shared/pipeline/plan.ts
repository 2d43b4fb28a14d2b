import type { Command } from "./commands.ts";
import type { Instant } from "./events.ts";
import { isSettled } from "./evolve-build.ts";
import {
  allStagesSucceeded,
  buildsFailed,
  builtOnly,
  publishFailed,
  sentence,
  stageEnded,
  stoppedBy,
} from "./messages.ts";
import { messagesDue } from "./messages-due.ts";
import { deployStage } from "./plan-deployments.ts";
import { planGate } from "./plan-gate.ts";
import { reportsDue } from "./reports.ts";
import type { Build, Image, Run, Stage } from "./run.ts";
import { currentStage, isBuildOnly, isStageEnd, isTerminal } from "./run.ts";
import { isStale, nextLease, SILENCE_MILLISECONDS } from "./silence.ts";

/** What should be done with a run, given its state: nothing when it is terminal, or waits for somebody or something. */
export function plan(run: Run, now: Instant): readonly Command[] {
  const reports = reportsDue(run, (claim) => isStale(claim, now));
  const messages = messagesDue(run, now, (claim) => isStale(claim, now));
  return [
    ...deliver(run, now),
    ...(reports === undefined ? [] : [{ type: "report" as const, ...reports }]),
    ...(messages === undefined ? [] : [{ type: "send-messages" as const, ...messages }]),
  ];
}

/** What brings the commit on its way; the host and the channels are told of it beside that. */
function deliver(run: Run, now: Instant): readonly Command[] {
  if (isTerminal(run)) return run.definition.mode === "queued" && !run.closed ? [{ type: "close-run" }] : [];
  if (run.status.status === "building" && run.builds.some(({ state }) => state.status !== "succeeded")) {
    const over = run.stop !== undefined || run.builds.some(({ state }) => state.status === "failed");
    return over ? windUp(run, now) : build(run, now);
  }
  if (run.stop !== undefined) {
    const stopping = stop(run, now);
    if (stopping !== undefined) return stopping;
  }
  if (isBuildOnly(run)) return [finished(now, "succeeded", builtOnly(run))];
  if (run.images.some(({ state }) => state.status !== "published")) return publish(run, now);
  const stage = currentStage(run);
  return stage === undefined
    ? [finished(now, "succeeded", allStagesSucceeded(run))]
    : advanceStage(run, stage, now);
}

function finished(at: Instant, outcome: "succeeded" | "failed" | "stopped", reason: string): Command {
  return { type: "record", event: { type: "run.finished", at, outcome, reason } };
}

/** Every platform of every image at once; silent ones are asked about together. */
function build(run: Run, now: Instant): readonly Command[] {
  return [...run.builds.flatMap((b) => startBuild(run, b, now, true)), ...askBuilds(run, now)];
}

function startBuild(run: Run, build: Build, now: Instant, start: boolean): readonly Command[] {
  const { state, platform, attempt } = build;
  const image = run.images.find(({ definition }) => definition.name === build.image)?.definition;
  if (image === undefined) return [];
  if (state.status === "pending" && start) {
    return [{ type: "start-build", image, platform, attempt, lease: 0, start }];
  }
  if (state.status === "requested" && isStale(state, now)) {
    return [{ type: "start-build", image, platform, attempt, lease: state.lease + 1, start }];
  }
  return [];
}

function askBuilds(run: Run, now: Instant): readonly Command[] {
  const builds = run.builds.flatMap(({ image, platform, attempt, state }) =>
    state.status === "running" && now - state.since >= SILENCE_MILLISECONDS
      ? [{ image, platform, attempt, buildId: state.buildId }]
      : [],
  );
  return builds.length === 0 ? [] : [{ type: "ask-builds", builds }];
}

/** After a failure: stop the siblings, read the log, and only then say that the run has failed. */
function windUp(run: Run, now: Instant): readonly Command[] {
  const commands = run.builds.flatMap((b) => [
    ...startBuild(run, b, now, false),
    ...stopBuild(b, now),
    ...readLog(b),
  ]);
  const pending = run.builds.some(({ state }) => !isSettled(state) && state.status !== "pending");
  if (pending || commands.length > 0) return [...commands, ...askBuilds(run, now)];
  const failed = run.builds.some(({ state }) => state.status === "failed");
  return [failed ? finished(now, "failed", buildsFailed(run)) : stopped(run, now)];
}

function stopped({ stop }: Run, now: Instant): Command {
  return finished(now, "stopped", sentence(stoppedBy(stop?.person ?? "somebody", stop?.reason ?? "")));
}

/**
 * Somebody wants the run to end: between stages, or before one deploys, it does. What is under way in ECS or ECR comes to
 * its end first.
 * @returns undefined while something has to
 */
function stop(run: Run, now: Instant): readonly Command[] | undefined {
  if (run.images.some(({ state }) => state.status === "publishing" && !isStale(state, now))) return [];
  if (run.images.some(({ state }) => state.status !== "published")) return [stopped(run, now)];
  const stage = currentStage(run);
  if (stage === undefined) return undefined;
  const { status } = stage.state;
  switch (status) {
    // Also of a stage that is not entered yet: somebody may be about to, and what has been taken is given up again.
    case "pending":
    case "waiting":
    case "gated":
      return [{ type: "record", event: { type: "stage.stopped", at: now, stage: stage.definition.name } }];
    case "stopped":
      return isStageEnd(stage.state) && stage.state.left ? [stopped(run, now)] : undefined;
    default:
      return undefined;
  }
}

function stopBuild({ image, platform, attempt, state }: Build, now: Instant): readonly Command[] {
  if (state.status !== "running") return [];
  if (state.stop !== undefined && !isStale(state.stop, now)) return [];
  const lease = nextLease(state.stop);
  return [{ type: "stop-build", image, platform, attempt, buildId: state.buildId, lease }];
}

function readLog({ image, platform, attempt, state }: Build): readonly Command[] {
  return state.status === "failed" && state.log !== undefined && state.lines === undefined
    ? [{ type: "read-build-log", image, platform, attempt, log: state.log }]
    : [];
}

function publish(run: Run, now: Instant): readonly Command[] {
  if (run.images.some(({ state }) => state.status === "failed")) {
    const busy = run.images.some(({ state }) => state.status === "publishing" && !isStale(state, now));
    if (busy) return [];
    return [finished(now, "failed", publishFailed(run))];
  }
  return run.images.flatMap((image) => publishImage(image, now));
}

function publishImage({ definition, state }: Image, now: Instant): readonly Command[] {
  if (state.status === "unpublished") return [{ type: "publish-index", image: definition, lease: 0 }];
  if (state.status === "publishing" && isStale(state, now)) {
    return [{ type: "publish-index", image: definition, lease: state.lease + 1 }];
  }
  return [];
}

function advanceStage(run: Run, stage: Stage, now: Instant): readonly Command[] {
  const { state } = stage;
  const name = stage.definition.name;
  if (isStageEnd(state)) return endStage(run, stage, now);
  switch (state.status) {
    case "pending":
    case "waiting":
      return [{ type: "enter-stage", stage: name }];
    case "gated":
      return planGate(stage, state.since, now);
    case "deploying":
      return deployStage(stage, state.deployments, now, run.stop !== undefined);
  }
}

function endStage(run: Run, stage: Stage, now: Instant): readonly Command[] {
  const { state } = stage;
  if (!isStageEnd(state)) return [];
  if (!state.left) return [{ type: "leave-stage", stage: stage.definition.name, outcome: state.status }];
  return [finished(now, "failed", stageEnded(run, stage))];
}
