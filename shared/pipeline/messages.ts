import type { CheckResult, Failure, Instant, Revision, RunEventOf, TaskKey } from "./events.ts";
import type { Problem } from "./problem.ts";
import type { Build, Deployment, Run, Stage, StageEnd } from "./run.ts";
import { isStageEnd, quarantinesOf } from "./run.ts";
import { type Verdict, verdictSentence } from "./verdict.ts";
import type { WindowState } from "./window.ts";

/** Every sentence that a person reads about a run, in one place. */

const short = (commit: string) => commit.slice(0, 7);

/** `main` of `refs/heads/main`. */
export function refName(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, "");
}

/** UTC, to the minute. */
export function when(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export function sentence({ reason, remedy }: Failure): string {
  return remedy === undefined ? reason : `${reason}; ${remedy}`;
}

// ---- accepting

export function alreadyRun(revision: Revision, runId: string): string {
  return `commit ${short(revision.commit)} of ${refName(revision.ref)} has its run already: ${runId}`;
}

export function branchGone(revision: Revision): string {
  const number = /^refs\/pull\/(\d+)\/head$/.exec(revision.ref)?.[1];
  if (number !== undefined) return `pull request ${number} of ${revision.repository} has been closed since`;
  return `${refName(revision.ref)} of ${revision.repository} has been deleted since`;
}

export function notTheTip(revision: Revision, tip: string): string {
  return `commit ${short(revision.commit)} is no longer the tip of ${refName(revision.ref)}: ${short(tip)} is`;
}

export function noBranch(pipeline: string): string {
  return `${pipeline} follows no branch by its name; say which one to build`;
}

export function branchUnknown(repository: string, branch: string): string {
  return `${repository} has no branch "${branch}"`;
}

export function skippedByMessage(): string {
  return "the commit message asks to skip it";
}

export function authorIgnored(author: string): string {
  return `commits of ${author} are ignored`;
}

export function noPathChanged(globs: readonly string[]): string {
  return `no changed file matches the paths ${globs.join(", ")}`;
}

// ---- building and publishing

/** Why a build failed: CodeBuild's words, and before them those of Tandem's own buildspec, when it has said why itself. */
export function buildFailure({ failure, lines = [] }: Extract<Build["state"], { status: "failed" }>): string {
  const own = lines.findLast((line) => line.startsWith("tandem: "))?.slice("tandem: ".length, 400);
  return own === undefined ? sentence(failure) : `${own.trim()} (${sentence(failure)})`;
}

export function buildsFailed(run: Run): string {
  const failed = run.builds.flatMap((build) =>
    build.state.status === "failed"
      ? [`${build.image} for ${build.platform}: ${buildFailure(build.state)}`]
      : [],
  );
  return `building failed: ${failed.join(" · ")}`;
}

export function publishFailed(run: Run): string {
  const failed = run.images.flatMap(({ definition, state }) =>
    state.status === "failed" ? [`${definition.name}: ${sentence(state.failure)}`] : [],
  );
  return `publishing failed: ${failed.join(" · ")}`;
}

// ---- stages

export function stageHeld(runId: string): string {
  return `the stage is held since ${runId} was rolled back; somebody must release it`;
}

export function stageBusy(runId: string): string {
  return `${runId} has the stage`;
}

export function approvalExpired(): Failure {
  return { reason: "nobody approved it in time", remedy: "push again to ask anew" };
}

export function refusal(event: RunEventOf<"approval.refused">): Failure {
  return { reason: `${event.person} refused it${event.comment === undefined ? "" : `: ${event.comment}`}` };
}

export function stoppedBy(person: string, reason: string): Failure {
  return { reason: `${person} stopped the run: ${reason}` };
}

export function checksTimedOut(results: readonly CheckResult[]): Failure {
  const failed = results.filter(({ state }) => state === "failed");
  return {
    reason: `its checks did not pass in time: ${failed.map(checkText).join(" · ")}`,
    remedy: "mend what they say, and push again",
  };
}

export function checkText({ name, why }: CheckResult): string {
  return why === undefined ? name : `${name}: ${why}`;
}

/** Why a window is closed, and until when. */
export function closedWindow({ why, until }: Extract<WindowState, { readonly open: false }>): string {
  return `its window is closed (${why}), ${until === undefined ? "and does not open within a year" : `until ${when(until)}`}`;
}

export function serviceChanged(service: string, taskDefinition: string): string {
  return `service ${service} has been changed to ${taskDefinition} since the stage was looked at`;
}

export function serviceTaken(service: string, taskDefinition: string): Failure {
  return {
    reason: `somebody else changed service ${service} to ${taskDefinition} while the release was on its way`,
    remedy: "find out who, and push again",
  };
}

export function notBegun(service: string): Failure {
  return { reason: `service ${service} was not moved: another service of the stage had failed before` };
}

const because = (reason: string) => (reason === "" ? "" : `: ${reason}`);

export function rolledBack(service: string, reason: string): Failure {
  return {
    reason: `ECS rolled service ${service} back${because(reason)}`,
    remedy: "the stage is held: read the stopped tasks' reasons, mend, and release the hold",
  };
}

export function rolloutFailed(service: string, reason: string): Failure {
  return {
    reason: `the deployment of service ${service} failed${because(reason)}`,
    remedy: "read the stopped tasks' reasons in ECS, mend, and push again",
  };
}

export function deploymentReplaced(
  service: string,
  ours: string,
  theirs: string | undefined,
  taskDefinition: string | undefined,
): Failure {
  const by = theirs === undefined ? "it is gone" : `${theirs} (${taskDefinition}) took its place`;
  return {
    reason: `our deployment ${ours} of service ${service} did not complete: ${by}`,
    remedy: "push again",
  };
}

/** ECS starts tasks that end again and again, and calls it running. */
export function keepsFailing(service: string): Failure {
  return {
    reason: `the tasks of service ${service} end again and again`,
    remedy: "read the stopped tasks' reasons, mend, and push again",
  };
}

/** What became of each architecture belongs to the reason. */
export function withVerdict({ reason, remedy }: Failure, verdict: Verdict): Failure {
  // Tasks that never were say nothing.
  const seen = verdict.filter(
    ({ running, attempts, architecture }) => running + attempts > 0 || architecture !== "unknown",
  );
  const text = seen.length === 0 ? "" : verdictSentence(seen);
  return {
    reason: text === "" ? reason : `${reason} · ${text}`,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

export function alarmRang(service: string, { reason, remedy }: Failure): Failure {
  return {
    reason: `while the release settled on service ${service}: ${reason}`,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

export function taskFailed({ when, service }: TaskKey, { reason, remedy }: Failure): Failure {
  const what = `${when === "before" ? "before" : "after"} the deployment of service ${service}: ${reason}`;
  return { reason: what, ...(remedy === undefined ? {} : { remedy }) };
}

/** Which services went back after another's failure, and which could not. */
export function wentBack(
  { reason, remedy }: Failure,
  back: readonly Deployment[],
  keeps: (deployment: Deployment) => boolean,
): Failure {
  const names = back.map((deployment) => {
    const { prepared, back: state } = deployment;
    if (state?.status === "failed")
      return `${prepared.service} could not go back (${sentence(state.failure)})`;
    return keeps(deployment)
      ? `${prepared.service} keeps the release, with the weights before`
      : `${prepared.service} went back`;
  });
  return { reason: `${reason} · ${names.join(", ")}`, ...(remedy === undefined ? {} : { remedy }) };
}

/** Why a stage is to be held once the run has left it; undefined when the next may enter. */
export function heldAfter({ trigger, id }: Run, end: StageEnd): string | undefined {
  if (trigger.type === "rollback" && end.status !== "stopped")
    return `${trigger.by} went back to ${trigger.to}: ${trigger.reason}`;
  return end.status === "rolled-back" ? `${id} was rolled back: ${end.failure.reason}` : undefined;
}

export function pauseRefused(service: string, person: string, lifecycleStage: string): Failure {
  return {
    reason: `${person} sent the deployment of service ${service} back at ${lifecycleStage}`,
    remedy: "the stage is held: mend what was wrong, and release the hold",
  };
}

export function notHeld(service: string): Failure {
  return {
    reason: `the release did not hold on service ${service}: tasks are missing`,
    remedy: "read the stopped tasks' reasons in ECS, mend, and push again",
  };
}

export function stageEnded(_run: Run, stage: Stage): string {
  const { state, definition } = stage;
  if (!isStageEnd(state) || state.status === "succeeded") return `stage ${definition.name} ended`;
  return `stage ${definition.name} ${state.status}: ${sentence(state.failure)}`;
}

export function builtOnly(run: Run): string {
  const platforms = run.builds.map(({ image, platform }) => `${image} for ${platform}`);
  const done = platforms.length === 0 ? "no image has changed" : `built ${platforms.join(", ")}`;
  return `${done}; pull requests are not deployed`;
}

export function allStagesSucceeded(run: Run): string {
  const names = run.stages.map(({ definition }) => definition.name);
  if (names.length === 0) return "the images are published";
  const without = quarantinesOf(run).map(
    ({ stage, deployment, quarantine }) =>
      `${deployment.prepared.service} in ${stage} without ${quarantine.architecture}`,
  );
  const degraded = without.length === 0 ? "" : `; degraded: ${without.join(", ")}`;
  return `runs in ${names.join(", ")}${degraded}`;
}

// ---- approvals

export function approvalProblem(run: Run, stage: string, problem: Problem): string {
  switch (problem.code) {
    case "unknown-stage":
      return `pipeline ${run.definition.name} has no stage "${stage}"; it has ${problem.stages.join(", ")}`;
    case "no-approval":
      return `stage ${stage} of ${run.id} asks for no approval`;
    case "not-waiting":
      return `stage ${stage} of ${run.id} does not wait for an approval: it is ${problem.status}`;
    case "other-release":
      return `stage ${stage} of ${run.id} is about the release ${problem.release}; look at it again before you decide`;
    case "not-a-member":
      return `only members of ${problem.groups.join(", ")} decide on stage ${stage}`;
    case "self-approval":
      return `you are the ${problem.as} of this commit; somebody else must approve it`;
    case "changed":
      return `stage ${stage} of ${run.id} has changed since you looked: ${problem.changed.join("; ")}; look at it again before you decide`;
    case "not-given":
      return `you have not approved stage ${stage} of ${run.id}: there is nothing to withdraw`;
    case "no-override":
      return `stage ${stage} of ${run.id} has no window and no checks that could be overridden now`;
    case "ended":
      return `${run.id} has ended: it is ${problem.status}`;
    case "expired":
      return `the approval of stage ${stage} expired at ${when(problem.at)}`;
  }
}
