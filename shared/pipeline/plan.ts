import { quorum } from "./approvals.ts";
import type { Command } from "./commands.ts";
import type { Instant } from "./events.ts";
import { isSettled } from "./evolve-build.ts";
import { reportsDue } from "./github-status.ts";
import { allStagesSucceeded, buildsFailed, builtOnly, publishFailed, stageEnded } from "./messages.ts";
import type { Build, Claim, Deployment, Image, Run, Stage } from "./run.ts";
import { currentStage, deploymentsOf, isBuildOnly, isStageEnd, isTerminal } from "./run.ts";

/**
 * How long a claim is its claimer's alone: longer than any function may run (`timeout` in serverless.yml), shorter
 * than CodeBuild keeps an idempotency token (5 minutes) and than the sweep's period.
 */
export const LEASE_MILLISECONDS = 50_000;

/** How long a build or deployment may be silent before it is asked about. */
export const SILENCE_MILLISECONDS = 50_000;

/** What should be done with a run, given its state: nothing when it is terminal, or waits for somebody or something. */
export function plan(run: Run, now: Instant): readonly Command[] {
  const due = reportsDue(run, (claim) => isStale(claim, now));
  return [...deliver(run, now), ...(due === undefined ? [] : [{ type: "report" as const, ...due }])];
}

/** What brings the commit on its way; GitHub is told of it beside that. */
function deliver(run: Run, now: Instant): readonly Command[] {
  if (isTerminal(run)) return run.definition.mode === "queued" && !run.closed ? [{ type: "close-run" }] : [];
  if (run.status.status === "building" && run.builds.some(({ state }) => state.status !== "succeeded")) {
    return run.builds.some(({ state }) => state.status === "failed") ? windUp(run, now) : build(run, now);
  }
  if (isBuildOnly(run)) return [finished(now, "succeeded", builtOnly(run))];
  if (run.images.some(({ state }) => state.status !== "published")) return publish(run, now);
  const stage = currentStage(run);
  return stage === undefined
    ? [finished(now, "succeeded", allStagesSucceeded(run))]
    : advanceStage(run, stage, now);
}

function finished(at: Instant, outcome: "succeeded" | "failed", reason: string): Command {
  return { type: "record", event: { type: "run.finished", at, outcome, reason } };
}

function isStale(claim: Claim, now: Instant): boolean {
  return now - claim.since >= LEASE_MILLISECONDS;
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
  return [finished(now, "failed", buildsFailed(run))];
}

function stopBuild({ image, platform, attempt, state }: Build, now: Instant): readonly Command[] {
  if (state.status !== "running") return [];
  if (state.stop !== undefined && !isStale(state.stop, now)) return [];
  const lease = state.stop === undefined ? 0 : state.stop.lease + 1;
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
      if (quorum(stage).reached) return [{ type: "begin-stage", stage: name }];
      if (stage.gate !== undefined && now >= stage.gate.expiresAt) {
        return [{ type: "record", event: { type: "approval.expired", at: now, stage: name } }];
      }
      return now - state.since >= SILENCE_MILLISECONDS || isReopened(stage)
        ? [{ type: "check-stage", stage: name }]
        : [];
    case "deploying":
      return deployNext(name, deploymentsOf(state), now);
  }
}

/** The stage had begun to deploy, and waits for approvals again. */
function isReopened({ gate }: Stage): boolean {
  return gate !== undefined && gate.voided.length > 0;
}

function endStage(run: Run, stage: Stage, now: Instant): readonly Command[] {
  const { state } = stage;
  if (!isStageEnd(state)) return [];
  if (!state.left) return [{ type: "leave-stage", stage: stage.definition.name, outcome: state.status }];
  return [finished(now, "failed", stageEnded(run, stage))];
}

/** In order, one after another: the first that has not succeeded. */
function deployNext(stage: string, deployments: readonly Deployment[], now: Instant): readonly Command[] {
  const next = deployments.find(({ state }) => state.status !== "succeeded");
  if (next === undefined) return [];
  const { state } = next;
  const { cluster, service } = next.prepared;
  switch (state.status) {
    case "pending":
      return [{ type: "deploy", stage, cluster, service, lease: 0 }];
    case "requested":
      return isStale(state, now) ? [{ type: "deploy", stage, cluster, service, lease: state.lease + 1 }] : [];
    case "in-progress":
      return state.reported !== undefined || now - state.since >= SILENCE_MILLISECONDS
        ? [{ type: "verify-deployment", stage, cluster, service, deploymentId: state.deploymentId }]
        : [];
    case "failed":
    case "succeeded":
      return [];
  }
}
