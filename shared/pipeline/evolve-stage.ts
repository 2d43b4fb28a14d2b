import { isSameDecider } from "./approvals.ts";
import { isGated, type StageDefinition } from "./definition.ts";
import type { Instant, RunEvent, RunEventOf } from "./events.ts";
import { type DeploymentEvent, decidedPause, evolveDeployment } from "./evolve-deployment.ts";
import { serviceKey } from "./leaving.ts";
import { approvalExpired, refusal, wentBack } from "./messages.ts";
import type { Deployment, Gate, Stage, StageState } from "./run.ts";
import { deploymentsOf, isStageEnd } from "./run.ts";
import { isDone, isReturned, isUntouched, keepsRelease, toReturn, underWay } from "./steps.ts";

export type StageEvent = Extract<RunEvent, { readonly stage: string }>;
type OwnEvent = Exclude<StageEvent, DeploymentEvent>;

/**
 * Folds an event into the stage it is about.
 * @param release what the gate is bound to, should it open now
 */
export function evolveStage(stage: Stage, event: StageEvent, release: string): Stage {
  if ("service" in event) {
    return withState(
      stage,
      changeDeployments(stage, event.at, (one) =>
        isSame(one.prepared, event) ? evolveDeployment(one, event) : one,
      ),
    );
  }
  if ("hookId" in event && event.hookId !== undefined) {
    return withState(
      stage,
      changeDeployments(stage, event.at, (one) => decidedPause(one, event)),
    );
  }
  switch (event.type) {
    case "stage.entered":
      return isOpen(stage.state) ? entered(stage, event, release, []) : stage;
    case "gate.voided":
      return isVoidable(stage, event)
        ? entered(stage, event, release, [...(stage.gate?.voided ?? []), event.why])
        : stage;
    case "approval.given":
      return stage.state.status === "gated" ? approved(stage, event) : stage;
    case "approval.withdrawn":
    case "checks.reported":
    case "gate.overridden":
      return stage.state.status === "gated" && stage.gate !== undefined
        ? withGate(stage, evolveGate(stage.gate, event))
        : stage;
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
 * While somebody has claimed the deployment of the service that has changed, or while the gate is open on something else: what
 * is found out once more, or by whoever was overtaken, voids nothing. Nor is anybody asked again once another service has moved.
 */
function isVoidable(
  { definition, state }: Stage,
  { deployments: found, changed }: RunEventOf<"gate.voided">,
): boolean {
  if (state.status === "deploying") {
    const isClaimed = (one: Deployment) =>
      one.state.status === "requested" && (changed === undefined || serviceKey(one.prepared) === changed);
    const others = (one: Deployment) => changed === undefined || isUntouched(one) || isClaimed(one);
    return state.deployments.some(isClaimed) && (!isGated(definition) || state.deployments.every(others));
  }
  return (
    state.status === "gated" &&
    state.deployments.some(
      ({ prepared }) =>
        found.find((one) => isSame(one, prepared))?.baseTaskDefinition !== prepared.baseTaskDefinition,
    )
  );
}

/** With an approval rule, a window or checks the gate opens; without, the stage deploys at once. */
function entered(
  stage: Stage,
  event: RunEventOf<"stage.entered" | "gate.voided">,
  release: string,
  voided: readonly string[],
): Stage {
  const before = deploymentsOf(stage.state);
  const changed = "changed" in event ? event.changed : undefined;
  const deployments = event.deployments.map((prepared): Deployment => {
    const known = before.find((deployment) => isSame(deployment.prepared, prepared));
    if (known === undefined) return { prepared, state: { status: "pending" } };
    // What has begun goes on as it was looked at.
    const stays =
      changed === undefined
        ? known.state.status === "succeeded"
        : serviceKey(prepared) !== changed && !isUntouched(known);
    if (stays) return known;
    // A task that has run once has run.
    const { tasks } = known;
    return { prepared, state: { status: "pending" }, ...(tasks === undefined ? {} : { tasks }) };
  });
  if (!isGated(stage.definition)) {
    const since = stage.state.status === "deploying" ? stage.state.since : event.at;
    // Another may have failed meanwhile, and this may have been the last that was under way.
    const state = settled(stage.definition, { status: "deploying", since, deployments }, event.at);
    return { ...stage, state };
  }
  const gate: Gate = {
    release,
    openedAt: event.at,
    // Without an approval nobody can be late: the window and the checks have times of their own.
    expiresAt: event.at + (stage.definition.approval?.expiresAfter ?? FOR_EVER),
    approvals: [],
    voided,
  };
  return { ...stage, gate, state: { status: "gated", since: event.at, deployments } };
}

/** A hundred years: a date that everybody can still print. */
const FOR_EVER = 100 * 365 * 86_400_000;

type ServiceKey = { readonly cluster: string; readonly service: string };

function isSame(a: ServiceKey, b: ServiceKey): boolean {
  return a.cluster === b.cluster && a.service === b.service;
}

function withGate(stage: Stage, gate: Gate): Stage {
  return gate === stage.gate ? stage : { ...stage, gate };
}

function evolveGate(
  gate: Gate,
  event: RunEventOf<"approval.withdrawn" | "checks.reported" | "gate.overridden">,
): Gate {
  switch (event.type) {
    case "approval.withdrawn": {
      const approvals = gate.approvals.filter((given) => !isSameDecider(given, event));
      return approvals.length === gate.approvals.length ? gate : { ...gate, approvals };
    }
    case "checks.reported": {
      const { at, results } = event;
      // Of two who have asked at once, the later hears nothing new.
      if (gate.checked !== undefined && at <= gate.checked.at) return gate;
      return { ...gate, checked: { at, results }, checkingSince: gate.checkingSince ?? at };
    }
    case "gate.overridden": {
      const { person, identity, at, reason } = event;
      return gate.override === undefined ? { ...gate, override: { person, identity, at, reason } } : gate;
    }
  }
}

function approved(stage: Stage, event: RunEventOf<"approval.given">): Stage {
  const { gate } = stage;
  if (gate === undefined || gate.release !== event.release) return stage;
  if (gate.approvals.some((given) => isSameDecider(given, event))) return stage;
  const { person, identity, aliases, at, comment } = event;
  const approval = {
    ...{ person, identity, at },
    ...(aliases === undefined ? {} : { aliases }),
    ...(comment === undefined ? {} : { comment }),
  };
  return { ...stage, gate: { ...gate, approvals: [...gate.approvals, approval] } };
}

function evolveState(
  state: StageState,
  event: Exclude<
    OwnEvent,
    {
      type:
        | "stage.entered"
        | "gate.voided"
        | "approval.given"
        | "approval.withdrawn"
        | "checks.reported"
        | "gate.overridden";
    }
  >,
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
    case "stage.stopped":
      return isStageEnd(state) || state.status === "deploying"
        ? state
        : {
            status: "stopped",
            left: false,
            failure: { reason: "the run was stopped" },
            deployments: deploymentsOf(state),
          };
    case "stage.failed":
      return isStageEnd(state)
        ? state
        : { status: "failed", left: false, failure: event.failure, deployments: deploymentsOf(state) };
    case "stage.left":
      if (!isStageEnd(state) || state.left) return state;
      return {
        ...state,
        left: true,
        ...(event.problems === undefined ? {} : { problems: event.problems }),
      };
  }
}

/** Waiting for the same thing still is no news: a sweep that asks each minute adds nothing to the stream. */
function waited(state: StageState, { at, behind, why }: RunEventOf<"stage.waited">): StageState {
  if (!isOpen(state)) return state;
  if (state.status !== "waiting") return { status: "waiting", since: at, behind, why };
  return state.behind === behind && state.why === why ? state : { ...state, behind, why };
}

function changeDeployments(
  { definition, state }: Stage,
  at: Instant,
  change: (deployment: Deployment) => Deployment,
): StageState {
  if (state.status !== "deploying") return state;
  const deployments = state.deployments.map(change);
  const same = deployments.every((deployment, index) => deployment === state.deployments[index]);
  return same ? state : settled(definition, { ...state, deployments }, at);
}

/** A stage ends when every deployment is done; after a failure, when nothing is under way and all have gone back that must. */
function settled(
  definition: StageDefinition,
  state: Extract<StageState, { status: "deploying" }>,
  at: Instant,
): StageState {
  const { deployments, since } = state;
  const failed = deployments.flatMap((deployment) =>
    deployment.state.status === "failed" ? [{ ...deployment.state, prepared: deployment.prepared }] : [],
  );
  const [first] = failed;
  if (first === undefined) {
    return deployments.every((deployment) => isDone(definition, deployment))
      ? { status: "succeeded", left: false, since, until: at, deployments }
      : state;
  }
  if (underWay(definition, deployments).length > 0) return state;
  const back = toReturn(definition, deployments);
  if (!back.every(isReturned)) return state;
  const rolledBack = failed.some((one) => one.rolledBack) || back.length > 0;
  return {
    status: rolledBack ? "rolled-back" : "failed",
    left: false,
    failure:
      back.length === 0
        ? first.failure
        : wentBack(first.failure, back, (one) => keepsRelease(definition, one)),
    deployments,
  };
}
