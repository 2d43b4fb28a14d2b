import type { LogLocation, SkippedTag } from "./events.ts";
import { unsaid } from "./github-status.ts";
import type { RunHead } from "./head.ts";
import { explain, sentence } from "./messages.ts";
import {
  type Build,
  currentStage,
  deploymentsOf,
  type Image,
  isStageEnd,
  isTerminal,
  type Run,
  releaseOf,
  type Stage,
} from "./run.ts";

/** What the HTTP API says of a run; times are ISO 8601 in UTC, durations seconds. */
export interface RunView {
  readonly id: string;
  readonly pipeline: string;
  readonly sequence: number;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly supersededBy?: string | undefined;
  readonly repository: string;
  readonly ref: string;
  readonly commit: string;
  /** `push`, `pull-request`, `manual`, … */
  readonly trigger: string;
  readonly author?: string | undefined;
  readonly pusher?: string | undefined;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly release?: string | undefined;
  readonly images: readonly ImageView[];
  readonly stages: readonly StageView[];
  /** Why GitHub does not show everything as it is. */
  readonly reportProblem?: string | undefined;
  /** What it waits for, and why. */
  readonly explanation: readonly string[];
}

export interface ImageView {
  readonly name: string;
  readonly repository: string;
  readonly status: string;
  readonly indexDigest?: string | undefined;
  readonly uri?: string | undefined;
  readonly size?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly skippedTags?: readonly SkippedTag[] | undefined;
  /** The run that published it; it was not built anew because none of its paths changed. */
  readonly reusedFrom?: string | undefined;
  readonly platforms: readonly string[];
  readonly reason?: string | undefined;
  readonly builds: readonly BuildView[];
}

export interface BuildView {
  readonly platform: string;
  readonly status: string;
  readonly attempt: number;
  readonly buildId?: string | undefined;
  readonly digest?: string | undefined;
  readonly seconds?: number | undefined;
  readonly reason?: string | undefined;
  readonly retried: readonly string[];
  readonly log?: (LogLocation & { readonly lines: readonly string[] }) | undefined;
}

export interface StageView {
  readonly name: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly waitsBehind?: string | undefined;
  readonly gate?: GateView | undefined;
  readonly services: readonly ServiceView[];
}

export interface GateView {
  readonly open: boolean;
  readonly release: string;
  readonly from: readonly string[];
  readonly required: number;
  readonly approvals:
    | readonly { readonly person: string; readonly at: string; readonly comment?: string }[]
    | undefined;
  readonly openedAt: string;
  readonly expiresAt: string;
  readonly voided: readonly string[];
}

export interface ServiceView {
  readonly cluster: string;
  readonly service: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly images: Readonly<Record<string, { readonly from: string; readonly to: string }>>;
  readonly taskDefinition?: string | undefined;
  readonly deploymentId?: string | undefined;
  readonly imageDigest?: string | undefined;
  readonly tasks?: Readonly<Record<string, number>> | undefined;
}

const iso = (at: number) => new Date(at).toISOString();

export function viewOf(run: Run): RunView {
  const { status, revision, people } = run;
  return {
    id: run.id,
    pipeline: run.definition.name,
    sequence: run.sequence,
    status: status.status,
    reason: "reason" in status ? status.reason : undefined,
    supersededBy: "by" in status ? status.by : undefined,
    repository: revision.repository,
    ref: revision.ref,
    commit: revision.commit,
    trigger: run.trigger.type,
    author: people.author,
    pusher: people.pusher,
    startedAt: iso(run.startedAt),
    updatedAt: iso(run.updatedAt),
    release: releaseOf(run),
    images: run.images.map((image) => imageView(run, image)),
    stages: run.stages.map((stage) => stageView(run, stage)),
    reportProblem: run.reportProblem,
    explanation: explain(run),
  };
}

function imageView(run: Run, { definition, state }: Image): ImageView {
  const published = state.status === "published" ? state : undefined;
  return {
    name: definition.name,
    repository: definition.name,
    status: state.status,
    indexDigest: published?.digest,
    uri: published === undefined ? undefined : `${published.repositoryUri}@${published.digest}`,
    size: published?.size,
    tags: published?.tags,
    skippedTags: published?.skippedTags,
    reusedFrom: published?.reusedFrom,
    platforms: definition.platforms,
    reason: state.status === "failed" ? sentence(state.failure) : undefined,
    builds: run.builds.filter(({ image }) => image === definition.name).map(buildView),
  };
}

function buildView({ platform, attempt, retried, state }: Build): BuildView {
  return {
    platform,
    status: state.status,
    attempt,
    retried: retried.map(sentence),
    buildId: "buildId" in state ? state.buildId : undefined,
    digest: state.status === "succeeded" && state.built !== "unpushed" ? state.built.digest : undefined,
    seconds: state.status === "succeeded" ? (state.until - state.since) / 1000 : undefined,
    reason: state.status === "failed" ? sentence(state.failure) : undefined,
    log:
      state.status === "failed" && state.log !== undefined
        ? { ...state.log, lines: state.lines ?? [] }
        : undefined,
  };
}

function stageView(run: Run, stage: Stage): StageView {
  const { definition, state } = stage;
  return {
    name: definition.name,
    status: stageStatus(run, stage),
    reason: "failure" in state ? sentence(state.failure) : undefined,
    waitsBehind: state.status === "waiting" ? state.behind : undefined,
    gate: gateView(run, stage),
    services: serviceViews(stage),
  };
}

/** A stage that a terminal run never finished is not "waiting" or "gated" any more. */
function stageStatus(run: Run, { state }: Stage): string {
  return isTerminal(run) && !isStageEnd(state) ? "not reached" : state.status;
}

function gateView(run: Run, { definition, gate, state }: Stage): GateView | undefined {
  const rule = definition.approval;
  if (rule === undefined || gate === undefined) return undefined;
  return {
    open: state.status === "gated" && !isTerminal(run),
    release: gate.release,
    from: rule.from,
    required: rule.required,
    approvals: gate.approvals.map(({ person, at, comment }) => ({
      person,
      at: iso(at),
      ...(comment === undefined ? {} : { comment }),
    })),
    openedAt: iso(gate.openedAt),
    expiresAt: iso(gate.expiresAt),
    voided: gate.voided,
  };
}

function serviceViews({ definition, state }: Stage): readonly ServiceView[] {
  const deployments = deploymentsOf(state);
  return definition.deploy.map(({ cluster, service }) => {
    const found = deployments.find(
      ({ prepared }) => prepared.cluster === cluster && prepared.service === service,
    );
    if (found === undefined) return { cluster, service, status: "pending", images: {} };
    const deployment = found.state;
    return {
      cluster,
      service,
      status: deployment.status,
      reason: deployment.status === "failed" ? sentence(deployment.failure) : undefined,
      images: found.prepared.images,
      taskDefinition: "taskDefinition" in deployment ? deployment.taskDefinition : undefined,
      deploymentId: deployment.status === "in-progress" ? deployment.deploymentId : undefined,
      imageDigest: deployment.status === "succeeded" ? deployment.digests.join(",") : undefined,
      tasks: deployment.status === "succeeded" ? deployment.tasks : undefined,
    };
  });
}

/** The line about a run that lists show. */
export function headOf(run: Run, version: number): RunHead {
  const stage = currentStage(run)?.definition.name;
  return {
    runId: run.id,
    pipeline: run.definition.name,
    sequence: run.sequence,
    version,
    status: run.status.status,
    ...(run.status.status === "staging" && stage !== undefined ? { stage } : {}),
    commit: run.revision.commit,
    ref: run.revision.ref,
    startedAt: run.startedAt,
    updatedAt: run.updatedAt,
    active: !isTerminal(run) || (run.definition.mode === "queued" && !run.closed) || unsaid(run).length > 0,
  };
}
