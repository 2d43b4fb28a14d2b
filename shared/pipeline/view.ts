import type { StageDefinition, WindowRule } from "./definition.ts";
import type { Instant, LogLocation, SkippedTag } from "./events.ts";
import { explain } from "./explain.ts";
import type { RunHead } from "./head.ts";
import { standingOf } from "./lost-approvals.ts";
import { buildFailure, closedWindow, sentence } from "./messages.ts";
import { messageProblems, unsent } from "./messages-due.ts";
import { unsaid } from "./reports.ts";
import {
  type Build,
  currentStage,
  deploymentsOf,
  type Gate,
  type Image,
  isStageEnd,
  isTerminal,
  quarantinesOf,
  type Run,
  releaseOf,
  type Stage,
} from "./run.ts";
import { type ServiceView, serviceView } from "./service-view.ts";
import { windowState } from "./window.ts";

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
  /** Why the commit's host does not show everything as it is. */
  readonly reportProblem?: string | undefined;
  /** Channels that were not told of it, and why. */
  readonly messageProblems?: readonly string[] | undefined;
  /** What the release does without: "web in production without arm64". */
  readonly degraded?: readonly string[] | undefined;
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
  /** How often it has been voided; sent back with a decision, so that it is about what was seen. */
  readonly round: number;
  /** Window and checks, with what they say. */
  readonly conditions: readonly ConditionView[];
  readonly override?: { readonly person: string; readonly at: string; readonly reason: string } | undefined;
}

export interface ConditionView {
  readonly name: string;
  readonly state: "met" | "waiting" | "failed" | "overridden";
  readonly why?: string | undefined;
  /** When the window opens. */
  readonly until?: string | undefined;
}

const iso = (at: number) => new Date(at).toISOString();

/** @param now what the clock says; a window is open or not by it */
export function viewOf(run: Run, now: Instant = run.updatedAt): RunView {
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
    stages: run.stages.map((stage) => stageView(run, stage, now)),
    reportProblem: run.reportProblem,
    messageProblems: unheard(run),
    degraded: degradations(run),
    explanation: explain(run, now),
  };
}

function unheard(run: Run): readonly string[] | undefined {
  const problems = messageProblems(run);
  return problems.length === 0 ? undefined : problems;
}

function degradations(run: Run): readonly string[] | undefined {
  const without = quarantinesOf(run).map(
    ({ stage, deployment, quarantine }) =>
      `${deployment.prepared.service} in ${stage} without ${quarantine.architecture}`,
  );
  return without.length === 0 ? undefined : without;
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
    reason: state.status === "failed" ? buildFailure(state) : undefined,
    log:
      state.status === "failed" && state.log !== undefined
        ? { ...state.log, lines: state.lines ?? [] }
        : undefined,
  };
}

function stageView(run: Run, stage: Stage, now: Instant): StageView {
  const { definition, state } = stage;
  return {
    name: definition.name,
    status: stageStatus(run, stage),
    reason: "failure" in state ? sentence(state.failure) : undefined,
    waitsBehind: state.status === "waiting" ? state.behind : undefined,
    gate: gateView(run, stage, now),
    services: serviceViews(stage),
  };
}

/** A stage that a terminal run never finished is not "waiting" or "gated" any more. */
function stageStatus(run: Run, { state }: Stage): string {
  return isTerminal(run) && !isStageEnd(state) ? "not reached" : state.status;
}

function gateView(run: Run, stage: Stage, now: Instant): GateView | undefined {
  const { definition, gate, state } = stage;
  const rule = definition.approval;
  if (gate === undefined) return undefined;
  const { approvals, voided } = standingOf(run, stage);
  const { override } = gate;
  return {
    open: state.status === "gated" && !isTerminal(run),
    release: gate.release,
    from: rule?.from ?? [],
    required: rule?.required ?? 0,
    approvals: approvals.map(({ person, at, comment }) => ({
      person,
      at: iso(at),
      ...(comment === undefined ? {} : { comment }),
    })),
    openedAt: iso(gate.openedAt),
    expiresAt: iso(gate.expiresAt),
    voided,
    round: gate.voided.length,
    conditions: conditionsOf(definition, gate, now),
    override:
      override === undefined
        ? undefined
        : { person: override.person, at: iso(override.at), reason: override.reason },
  };
}

function serviceViews({ definition, state }: Stage): readonly ServiceView[] {
  const deployments = deploymentsOf(state);
  return definition.deploy.map((target) => {
    const { cluster, service } = target;
    const found = deployments.find(
      ({ prepared }) => prepared.cluster === cluster && prepared.service === service,
    );
    return found === undefined
      ? { cluster, service, status: "pending", images: {} }
      : serviceView(target, found);
  });
}

function conditionsOf(definition: StageDefinition, gate: Gate, now: Instant): readonly ConditionView[] {
  const { window, checks = [] } = definition;
  const overridden = gate.override !== undefined;
  const windows = window === undefined ? [] : [windowView(window, now, overridden)];
  const results = gate.checked?.results ?? [];
  const views = results.map(({ name, state, why }): ConditionView => {
    const met = state === "passed" ? "met" : overridden ? "overridden" : "failed";
    return { name, state: met, why };
  });
  const asked = checks.length > 0 && results.length === 0;
  return [
    ...windows,
    ...views,
    ...(asked
      ? [{ name: `${checks.length} checks`, state: overridden ? "overridden" : "waiting" } as const]
      : []),
  ];
}

function windowView(window: WindowRule, now: Instant, overridden: boolean): ConditionView {
  const state = windowState(window, now);
  if (state.open) return { name: "window", state: "met" };
  return {
    name: "window",
    state: overridden ? "overridden" : "waiting",
    why: closedWindow(state),
    until: state.until === undefined ? undefined : iso(state.until),
  };
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
    active:
      !isTerminal(run) ||
      (run.definition.mode === "queued" && !run.closed) ||
      unsaid(run).length > 0 ||
      unsent(run).length > 0,
  };
}
