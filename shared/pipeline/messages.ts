import type { Failure, Instant, Revision, RunEventOf } from "./events.ts";
import type { Problem } from "./problem.ts";
import type { Build, Image, Run, Stage } from "./run.ts";
import { isStageEnd } from "./run.ts";

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

export function buildsFailed(run: Run): string {
  const failed = run.builds.flatMap((build) =>
    build.state.status === "failed"
      ? [`${build.image} for ${build.platform}: ${sentence(build.state.failure)}`]
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

export function serviceChanged(service: string, taskDefinition: string): string {
  return `service ${service} has been changed to ${taskDefinition} since the stage was looked at`;
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

export function otherDigests(service: string, tasks: number): Failure {
  return {
    reason: `the deployment of service ${service} completed, but ${tasks} of its tasks run other images than the release`,
    remedy: "look at the containers' imageDigest in ECS, and push again",
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
  return names.length === 0 ? "the images are published" : `runs in ${names.join(", ")}`;
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
    case "expired":
      return `the approval of stage ${stage} expired at ${when(problem.at)}`;
  }
}

// ---- what a run waits for

/** What a run waits for, and why, as sentences; the last is the one that matters. */
export function explain(run: Run): readonly string[] {
  const { id, status } = run;
  const commit = `${refName(run.revision.ref)} ${short(run.revision.commit)} of ${run.revision.repository}`;
  const head = `${id} is ${status.status}: ${commit}`;
  switch (status.status) {
    case "succeeded":
    case "failed":
    case "stopped":
      return [head, status.reason];
    case "superseded":
      return [head, `${status.by} is newer and took its place`];
    case "building":
      return [head, ...run.images.flatMap(explainReused), ...run.builds.map(explainBuild)];
    case "publishing":
      return [head, "every platform is built; the image index is being published"];
    case "staging":
      return [head, ...run.images.flatMap(explainReused), ...run.stages.map(explainStage)];
  }
}

function explainReused({ definition, state }: Image): readonly string[] {
  if (state.status !== "published" || state.reusedFrom === undefined) return [];
  return [
    `${definition.name} is not built: none of its paths has changed since ${state.reusedFrom}, whose index is used`,
  ];
}

function explainBuild({ image, platform, attempt, retried, state }: Build): string {
  const again =
    retried.length === 0 ? "" : ` (attempt ${attempt}, after: ${retried.map(sentence).join(" · ")})`;
  const what = `${image} for ${platform}${again}`;
  switch (state.status) {
    case "pending":
      return `${what} is to be built`;
    case "requested":
      return `${what} is being handed to CodeBuild`;
    case "running":
      return `${what} builds since ${when(state.since)} as ${state.buildId}${state.stop === undefined ? "" : "; it is being stopped"}`;
    case "succeeded":
      return `${what} is built${state.built === "unpushed" ? "" : `: ${state.built.digest}`}`;
    case "stopped":
      return `${what} was stopped, since its sibling failed`;
    case "failed":
      return `${what} failed: ${sentence(state.failure)}`;
  }
}

function explainStage(stage: Stage): string {
  const { definition, state } = stage;
  const name = definition.name;
  switch (state.status) {
    case "pending":
      return `${name}: after the stages before it`;
    case "waiting":
      return `${name} waits: ${state.why}`;
    case "gated":
      return `${name} waits for ${explainGate(stage)}`;
    case "deploying":
      return `${name} deploys: ${state.deployments.map(({ prepared, state: { status } }) => `${prepared.service} ${status}`).join(", ")}`;
    case "succeeded":
      return `${name} runs the release`;
    default:
      return `${name} ${state.status}: ${sentence(state.failure)}`;
  }
}

function explainGate({ definition, gate }: Stage): string {
  const rule = definition.approval;
  if (rule === undefined || gate === undefined) return "its gate";
  const given = gate.approvals.map(({ person }) => person);
  const so = given.length === 0 ? "" : `, ${given.join(", ")} approved`;
  const voided = gate.voided.length === 0 ? "" : `; earlier approvals no longer count: ${gate.voided.at(-1)}`;
  return `${rule.required} approval${rule.required === 1 ? "" : "s"} from ${rule.from.join(" or ")}${so}, until ${when(gate.expiresAt)}${voided}`;
}
