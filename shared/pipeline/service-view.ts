import type { Capacity, EcsDeployment } from "./definition.ts";
import type { FieldChange } from "./events.ts";
import { sentence } from "./messages.ts";
import type { Deployment, DeploymentState } from "./run.ts";
import { stepsOf, taskName } from "./steps.ts";
import { type ArchitectureVerdict, verdictSentence } from "./verdict.ts";

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
  /** What else changes in the task definition. */
  readonly changes?: readonly FieldChange[] | undefined;
  /** The capacity provider strategy before and, when it changes, with the release. */
  readonly capacity?:
    | { readonly from?: Capacity | undefined; readonly to?: Capacity | undefined }
    | undefined;
  /** Architecture to the capacity providers, or the launch type, that bring it. */
  readonly hosts?: Readonly<Partial<Record<string, readonly string[]>>> | undefined;
  readonly notes?: readonly string[] | undefined;
  /** Why going back would not work; empty when it would. */
  readonly rollbackProblems?: readonly string[] | undefined;
  /** The release, by the architecture of its hosts. */
  readonly verdict?: readonly ArchitectureVerdict[] | undefined;
  /** The same in one line: "x86_64 6/6, arm64 0/2: exit 255 (exec format error)". */
  readonly verdictText?: string | undefined;
  readonly quarantine?:
    | { readonly architecture: string; readonly providers: readonly string[]; readonly reason: string }
    | undefined;
  /** Which step of how many; absent when there is one only. */
  readonly step?: { readonly done: number; readonly of: number } | undefined;
  readonly bakesUntil?: string | undefined;
  /** ECS waits for an answer here. */
  readonly pause?: PauseView | undefined;
  readonly oneOffTasks?: readonly OneOffView[] | undefined;
  /** On the way back to what it was. */
  readonly back?: { readonly status: string; readonly reason?: string | undefined } | undefined;
}

export interface PauseView {
  readonly lifecycleStage: string;
  readonly open: boolean;
  readonly approvals: readonly string[];
  readonly expiresAt: string;
}

export interface OneOffView {
  readonly run: string;
  readonly when: "before" | "after";
  readonly status: string;
  readonly taskArn?: string | undefined;
  readonly reason?: string | undefined;
  readonly log?: readonly string[] | undefined;
}

const iso = (at: number) => new Date(at).toISOString();

/** What the HTTP API says of one service of a stage. */
export function serviceView(target: EcsDeployment, deployment: Deployment): ServiceView {
  const { prepared, state, quarantine, back } = deployment;
  const { baseCapacity, capacity } = prepared;
  const verdict = "verdict" in state ? state.verdict : undefined;
  const seen = state.status === "succeeded" || state.status === "baking" ? state : undefined;
  const steps = stepsOf(target);
  return {
    cluster: prepared.cluster,
    service: prepared.service,
    status: state.status,
    reason: state.status === "failed" ? sentence(state.failure) : undefined,
    images: prepared.images,
    taskDefinition: "taskDefinition" in state ? state.taskDefinition : undefined,
    deploymentId: "deploymentId" in state ? state.deploymentId : undefined,
    imageDigest: seen?.digests.join(","),
    tasks: seen?.tasks,
    changes: prepared.changes,
    capacity:
      baseCapacity === undefined && capacity === undefined ? undefined : { from: baseCapacity, to: capacity },
    hosts: prepared.hosts,
    notes: prepared.notes,
    rollbackProblems: prepared.rollbackProblems,
    verdict,
    verdictText: verdict === undefined ? undefined : verdictSentence(verdict),
    quarantine:
      quarantine === undefined
        ? undefined
        : {
            architecture: quarantine.architecture,
            providers: quarantine.providers,
            reason: sentence(quarantine.failure),
          },
    step:
      steps === 1
        ? undefined
        : { done: state.status === "succeeded" ? steps : (deployment.step ?? 0), of: steps },
    bakesUntil: state.status === "baking" ? iso(state.until) : undefined,
    pause: pauseView(state),
    oneOffTasks: oneOffViews(target, deployment),
    back:
      back === undefined
        ? undefined
        : { status: back.status, reason: back.status === "failed" ? sentence(back.failure) : undefined },
  };
}

function pauseView(state: DeploymentState): PauseView | undefined {
  if (state.status !== "in-progress" || state.pause === undefined) return undefined;
  const { lifecycleStage, approvals, expiresAt, answered, refusedBy } = state.pause;
  return {
    lifecycleStage,
    open: answered === undefined && refusedBy === undefined,
    approvals: approvals.map(({ person }) => person),
    expiresAt: iso(expiresAt),
  };
}

function oneOffViews(target: EcsDeployment, { tasks }: Deployment): readonly OneOffView[] | undefined {
  const views = (["before", "after"] as const).flatMap((when) =>
    (target[when] ?? []).map(({ run }, index): OneOffView => {
      const state = tasks?.[taskName({ when, index })];
      return {
        run,
        when,
        status: state?.status ?? "pending",
        taskArn: state?.status === "running" ? state.taskArn : undefined,
        reason: state?.status === "failed" ? sentence(state.failure) : undefined,
        log: state !== undefined && "lines" in state ? state.lines : undefined,
      };
    }),
  );
  return views.length === 0 ? undefined : views;
}
