import { isSamePerson } from "./approvals.ts";
import type { DeploymentKey, Instant, PreparedDeployment, RunEvent, RunEventOf } from "./events.ts";
import { approvalExpired, refusal } from "./messages.ts";
import type { Deployment, DeploymentState, Gate, Stage, StageState } from "./run.ts";
import { deploymentsOf, isStageEnd } from "./run.ts";

type DeploymentEvent = Extract<RunEvent, DeploymentKey>;
export type StageEvent = Extract<RunEvent, { readonly stage: string }>;
type OwnEvent = Exclude<StageEvent, DeploymentEvent>;

/**
 * Folds an event into the stage it is about.
 * @param release what the gate is bound to, should it open now
 */
export function evolveStage(stage: Stage, event: StageEvent, release: string): Stage {
  if ("service" in event) return withState(stage, evolveDeployments(stage.state, event));
  switch (event.type) {
    case "stage.entered":
      return isOpen(stage.state) ? entered(stage, event, release, []) : stage;
    case "gate.voided":
      return isVoidable(stage.state, event.deployments)
        ? entered(stage, event, release, [...(stage.gate?.voided ?? []), event.why])
        : stage;
    case "approval.given":
      return stage.state.status === "gated" ? approved(stage, event) : stage;
    default:
      return withState(stage, evolveState(stage.state, event));
  }
}

function withState(stage: Stage, state: StageState): Stage {
  return state === stage.state ? stage : { ...stage, state };
}

function isOpen(state: StageState): boolean {
  return state.status === "pending" || state.status === "waiting";
}

/**
 * While somebody has claimed a deployment, or while the gate is open on something else: what is found out once more, or
 * by whoever was overtaken, voids nothing.
 */
function isVoidable(state: StageState, found: readonly PreparedDeployment[]): boolean {
  if (state.status === "deploying") {
    return state.deployments.some((deployment) => deployment.state.status === "requested");
  }
  return (
    state.status === "gated" &&
    state.deployments.some(
      ({ prepared }) =>
        found.find((one) => isSame(one, prepared))?.baseTaskDefinition !== prepared.baseTaskDefinition,
    )
  );
}

/** With an approval rule the gate opens; without, the stage deploys at once. */
function entered(
  stage: Stage,
  event: { readonly at: Instant; readonly deployments: readonly PreparedDeployment[] },
  release: string,
  voided: readonly string[],
): Stage {
  const before = deploymentsOf(stage.state);
  const deployments = event.deployments.map((prepared): Deployment => {
    const done = before.find((deployment) => isSame(deployment.prepared, prepared));
    return done?.state.status === "succeeded" ? done : { prepared, state: { status: "pending" } };
  });
  const rule = stage.definition.approval;
  if (rule === undefined) {
    return { ...stage, state: { status: "deploying", since: event.at, deployments } };
  }
  const gate: Gate = {
    release,
    openedAt: event.at,
    expiresAt: event.at + rule.expiresAfter,
    approvals: [],
    voided,
  };
  return { ...stage, gate, state: { status: "gated", since: event.at, deployments } };
}

type ServiceKey = { readonly cluster: string; readonly service: string };

function isSame(a: ServiceKey, b: ServiceKey): boolean {
  return a.cluster === b.cluster && a.service === b.service;
}

function approved(stage: Stage, event: RunEventOf<"approval.given">): Stage {
  const { gate } = stage;
  if (gate === undefined || gate.release !== event.release) return stage;
  if (gate.approvals.some(({ person }) => isSamePerson(person, event.person))) return stage;
  const { person, identity, at, comment } = event;
  const approval = { person, identity, at, ...(comment === undefined ? {} : { comment }) };
  return { ...stage, gate: { ...gate, approvals: [...gate.approvals, approval] } };
}

function evolveState(
  state: StageState,
  event: Exclude<OwnEvent, { type: "stage.entered" | "gate.voided" | "approval.given" }>,
): StageState {
  switch (event.type) {
    case "stage.waited":
      return waited(state, event);
    case "approval.refused": {
      if (state.status !== "gated") return state;
      return { status: "refused", left: false, failure: refusal(event), deployments: state.deployments };
    }
    case "approval.expired":
      return state.status === "gated"
        ? {
            status: "expired",
            left: false,
            failure: approvalExpired(),
            deployments: state.deployments,
          }
        : state;
    case "stage.deploying":
      return state.status === "gated"
        ? { status: "deploying", since: event.at, deployments: state.deployments }
        : state;
    case "stage.failed":
      return isStageEnd(state)
        ? state
        : { status: "failed", left: false, failure: event.failure, deployments: deploymentsOf(state) };
    case "stage.left":
      return isStageEnd(state) && !state.left ? { ...state, left: true } : state;
  }
}

/** Waiting for the same thing still is no news: a sweep that asks each minute adds nothing to the stream. */
function waited(state: StageState, { at, behind, why }: RunEventOf<"stage.waited">): StageState {
  if (!isOpen(state)) return state;
  if (state.status !== "waiting") return { status: "waiting", since: at, behind, why };
  return state.behind === behind && state.why === why ? state : { ...state, behind, why };
}

function evolveDeployments(state: StageState, event: DeploymentEvent): StageState {
  if (state.status !== "deploying") return state;
  let same = true;
  const deployments = state.deployments.map((deployment) => {
    if (!isSame(deployment.prepared, event)) return deployment;
    const next = evolveDeployment(deployment.state, event);
    same &&= next === deployment.state;
    return { ...deployment, state: next };
  });
  return same ? state : settled({ ...state, deployments }, event.at);
}

/** A stage ends with its first failed deployment, or when every one has succeeded. */
function settled(state: Extract<StageState, { status: "deploying" }>, at: Instant): StageState {
  for (const { state: deployment } of state.deployments) {
    if (deployment.status !== "failed") continue;
    const { failure, rolledBack } = deployment;
    return {
      status: rolledBack ? "rolled-back" : "failed",
      left: false,
      failure,
      deployments: state.deployments,
    };
  }
  return state.deployments.every((deployment) => deployment.state.status === "succeeded")
    ? { status: "succeeded", left: false, since: state.since, until: at, deployments: state.deployments }
    : state;
}

function evolveDeployment(state: DeploymentState, event: DeploymentEvent): DeploymentState {
  switch (event.type) {
    case "deployment.requested":
      return state.status === "pending" || state.status === "requested"
        ? { status: "requested", since: event.at, lease: event.lease }
        : state;
    case "deployment.started":
      return state.status === "pending" || state.status === "requested"
        ? {
            status: "in-progress",
            taskDefinition: event.taskDefinition,
            deploymentId: event.deploymentId,
            since: event.at,
          }
        : state;
    case "deployment.reported":
      return state.status === "in-progress" && state.deploymentId === event.deploymentId
        ? { ...state, reported: { state: event.state, reason: event.reason } }
        : state;
    case "deployment.succeeded":
      return state.status === "in-progress"
        ? {
            status: "succeeded",
            taskDefinition: state.taskDefinition,
            tasks: event.tasks,
            digests: event.digests,
          }
        : state;
    case "deployment.failed":
      return state.status === "succeeded" || state.status === "failed"
        ? state
        : {
            status: "failed",
            failure: event.failure,
            rolledBack: event.rolledBack,
            ...(state.status === "in-progress" ? { taskDefinition: state.taskDefinition } : {}),
          };
  }
}
