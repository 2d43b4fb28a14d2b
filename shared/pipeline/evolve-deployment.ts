import { isSameDecider } from "./approvals.ts";
import type { RunEvent, RunEventOf, TaskKey } from "./events.ts";
import { taskFailed } from "./messages.ts";
import type { Deployment, DeploymentState, OneOffState, PauseState, Return } from "./run.ts";
import { taskName } from "./steps.ts";

/** What happens to one deployment of a stage. */
export type DeploymentEvent = Extract<RunEvent, { readonly service: string; readonly stage: string }>;

/** Folds an event into the deployment it is about; the same object when nothing changes by it. */
export function evolveDeployment(deployment: Deployment, event: DeploymentEvent): Deployment {
  switch (event.type) {
    case "task.requested":
    case "task.started":
    case "task.reported":
    case "task.ended":
      return evolveTask(deployment, event);
    case "return.requested":
    case "return.started":
    case "return.ended":
      return evolveReturn(deployment, event);
    case "deployment.step-done":
      return stepDone(deployment, event);
    case "deployment.quarantined":
      return quarantined(deployment, event);
    case "deployment.started": {
      const isLate = event.step !== undefined && event.step !== (deployment.step ?? 0);
      if (isLate || event.deploymentId === deployment.failedDeployment) return deployment;
      const next = withState(deployment, evolveState(deployment.state, event));
      return next === deployment || event.found === undefined
        ? next
        : { ...next, prepared: { ...next.prepared, ...event.found } };
    }
    case "deployment.reported": {
      const { failedDeployment, doneDeployment } = deployment;
      const isLate = [failedDeployment, doneDeployment].includes(event.deploymentId);
      return isLate && (event.state === "IN_PROGRESS" || deployment.state.status === "requested")
        ? deployment
        : withState(deployment, reported(deployment.state, event));
    }
    case "deployment.paused": {
      // One hook may pause at several stages.
      const name = `${event.hookId} ${event.lifecycleStage}`;
      const { pauses = [] } = deployment;
      const next = withState(deployment, evolveState(deployment.state, event));
      return pauses.includes(name) || next === deployment
        ? deployment
        : { ...next, pauses: [...pauses, name] };
    }
    default:
      return withState(deployment, evolveState(deployment.state, event));
  }
}

function withState(deployment: Deployment, state: DeploymentState): Deployment {
  return state === deployment.state ? deployment : { ...deployment, state };
}

type StateEvent = Exclude<
  DeploymentEvent,
  {
    type:
      | `task.${string}`
      | `return.${string}`
      | "deployment.step-done"
      | "deployment.quarantined"
      | "deployment.reported";
  }
>;

function evolveState(state: DeploymentState, event: StateEvent): DeploymentState {
  switch (event.type) {
    case "deployment.requested":
      return isToDo(state)
        ? {
            ...{ status: "requested", since: event.at, lease: event.lease, ...revisionOf(state) },
            ...(state.status === "requested" && state.ended !== undefined ? { ended: state.ended } : {}),
          }
        : state;
    case "deployment.started": {
      const { taskDefinition, deploymentId, at } = event;
      if (!isToDo(state)) return state;
      const { ended = [] } = state.status === "requested" ? state : {};
      const known = ended.find((one) => one.deploymentId === deploymentId);
      const reported = known === undefined ? {} : { reported: { state: known.state, reason: known.reason } };
      return { status: "in-progress", taskDefinition, deploymentId, since: at, ...reported };
    }
    case "deployment.paused":
    case "pause.answer-requested":
    case "pause.answered":
      return evolvePause(state, event);
    case "deployment.baking": {
      if (state.status !== "in-progress" || isAboutAnother(state, event)) return state;
      const { taskDefinition, deploymentId } = state;
      return {
        status: "baking",
        taskDefinition,
        deploymentId,
        since: event.at,
        until: event.until,
        ...seen(event),
      };
    }
    case "deployment.succeeded":
      return (state.status === "in-progress" || state.status === "baking") && !isAboutAnother(state, event)
        ? { status: "succeeded", taskDefinition: state.taskDefinition, ...seen(event) }
        : state;
    case "deployment.failed":
      return state.status === "succeeded" || state.status === "failed" || isAboutAnother(state, event)
        ? state
        : {
            status: "failed",
            failure: event.failure,
            rolledBack: event.rolledBack,
            ...(event.undo === undefined ? {} : { undo: event.undo }),
            ...("deploymentId" in state ? { deploymentId: state.deploymentId } : {}),
            ...revisionOf(state),
            ...(event.verdict === undefined ? {} : { verdict: event.verdict }),
          };
  }
}

/** More deployments than a service has while one claim lasts. */
const MOST_ENDED = 5;

/** What ECS says of a deployment of the service, ours or not. */
function reported(state: DeploymentState, event: RunEventOf<"deployment.reported">): DeploymentState {
  const { deploymentId, state: told, reason } = event;
  if (told === "IN_PROGRESS") {
    const isNews =
      (state.status === "in-progress" || state.status === "baking") &&
      ![state.deploymentId, state.another].includes(deploymentId);
    return isNews ? { ...state, another: deploymentId } : state;
  }
  if (state.status === "in-progress" && state.deploymentId === deploymentId)
    return { ...state, reported: { state: told, reason } };
  if (state.status !== "requested") return state;
  // Its end may be told sooner than whoever has begun it could say which it is.
  const { ended = [] } = state;
  if (ended.some((one) => one.deploymentId === deploymentId && one.state === told)) return state;
  const others = ended.filter((one) => one.deploymentId !== deploymentId);
  return { ...state, ended: [...others, { deploymentId, state: told, reason }].slice(-MOST_ENDED) };
}

/** Said by whoever looked at an earlier step. */
function isAboutAnother(
  state: DeploymentState,
  { deploymentId }: { readonly deploymentId?: string },
): boolean {
  if (deploymentId === undefined) return false;
  return "deploymentId" in state ? state.deploymentId !== deploymentId : isToDo(state);
}

function isToDo(state: DeploymentState): boolean {
  return state.status === "pending" || state.status === "requested";
}

function revisionOf(state: DeploymentState): { readonly taskDefinition?: string } {
  return state.taskDefinition === undefined ? {} : { taskDefinition: state.taskDefinition };
}

function seen({ tasks, digests, verdict }: RunEventOf<"deployment.baking" | "deployment.succeeded">) {
  return { tasks, digests, ...(verdict === undefined ? {} : { verdict }) };
}

/** The next step begins with the revision of this one. */
function stepDone(deployment: Deployment, { at, step }: RunEventOf<"deployment.step-done">): Deployment {
  const { state } = deployment;
  if (state.status !== "in-progress" && state.status !== "baking") return deployment;
  if (step !== (deployment.step ?? 0)) return deployment;
  const { taskDefinition, deploymentId } = state;
  const next = { status: "pending", since: at, taskDefinition } as const;
  return { ...deployment, step: step + 1, doneDeployment: deploymentId, state: next };
}

/** Once only: what fails without the architecture as well has failed. */
function quarantined(
  deployment: Deployment,
  { at, quarantine, deploymentId }: RunEventOf<"deployment.quarantined">,
): Deployment {
  const { state } = deployment;
  if (deployment.quarantine !== undefined || isAboutAnother(state, { deploymentId })) return deployment;
  if (state.status !== "in-progress" && state.status !== "baking") return deployment;
  const { taskDefinition } = state;
  const next = { status: "pending", since: at, taskDefinition } as const;
  return { ...deployment, quarantine, failedDeployment: deploymentId, state: next };
}

function evolvePause(
  state: DeploymentState,
  event: RunEventOf<"deployment.paused" | "pause.answer-requested" | "pause.answered">,
): DeploymentState {
  if (state.status !== "in-progress") return state;
  const { pause } = state;
  if (event.type === "deployment.paused") {
    // As long as it waits it is the same, whatever it is called.
    if (pause?.hookId === event.hookId && pause.answered === undefined) return state;
    const { serviceDeploymentArn, hookId, lifecycleStage, expiresAt, at } = event;
    return {
      ...state,
      pause: { serviceDeploymentArn, hookId, lifecycleStage, expiresAt, since: at, approvals: [] },
    };
  }
  if (pause === undefined || pause.hookId !== event.hookId || pause.answered !== undefined) return state;
  if (event.type === "pause.answer-requested") {
    return { ...state, pause: { ...pause, answering: { since: event.at, lease: event.lease } } };
  }
  return { ...state, pause: { ...pause, answered: event.action } };
}

/** What our people say to a pause. */
export function decidedPause(
  deployment: Deployment,
  event: RunEventOf<"approval.given" | "approval.refused">,
): Deployment {
  const { state } = deployment;
  if (state.status !== "in-progress" || state.pause === undefined) return deployment;
  const { pause } = state;
  if (pause.hookId !== event.hookId || pause.answered !== undefined || pause.refusedBy !== undefined)
    return deployment;
  const next = decided(pause, event);
  return next === pause ? deployment : { ...deployment, state: { ...state, pause: next } };
}

function decided(pause: PauseState, event: RunEventOf<"approval.given" | "approval.refused">): PauseState {
  const { type, person, identity, aliases, at, comment } = event;
  if (type === "approval.refused") return { ...pause, refusedBy: { person, identity } };
  if (pause.approvals.some((given) => isSameDecider(given, event))) return pause;
  const approval = {
    ...{ person, identity, at },
    ...(aliases === undefined ? {} : { aliases }),
    ...(comment === undefined ? {} : { comment }),
  };
  return { ...pause, approvals: [...pause.approvals, approval] };
}

type TaskEvent = Extract<DeploymentEvent, TaskKey>;

function evolveTask(deployment: Deployment, event: TaskEvent): Deployment {
  const name = taskName(event);
  const before = deployment.tasks?.[name];
  const task = oneOff(before, event);
  if (task === before || task === undefined) return deployment;
  const next = { ...deployment, tasks: { ...deployment.tasks, [name]: task } };
  if (event.type === "task.started" && deployment.state.status === "pending") {
    return { ...next, state: { ...deployment.state, taskDefinition: event.taskDefinition } };
  }
  if (task.status !== "failed") return next;
  // After the release is out, too: the service goes back with the others, if the pipeline says so.
  const failure = taskFailed(event, task.failure);
  return {
    ...next,
    state: { status: "failed", failure, rolledBack: false, ...revisionOf(deployment.state) },
  };
}

function oneOff(state: OneOffState | undefined, event: TaskEvent): OneOffState | undefined {
  if (state?.status === "succeeded" || state?.status === "failed") return state;
  switch (event.type) {
    case "task.requested":
      return state?.status === "running"
        ? state
        : { status: "requested", since: event.at, lease: event.lease };
    case "task.started":
      return state?.status === "running"
        ? state
        : { status: "running", taskArn: event.taskArn, since: event.at, reported: false };
    case "task.reported":
      return state?.status === "running" && state.taskArn === event.taskArn && !state.reported
        ? { ...state, reported: true }
        : state;
    case "task.ended":
      return event.failure === undefined
        ? { status: "succeeded", lines: event.lines }
        : { status: "failed", failure: event.failure, lines: event.lines };
  }
}

function evolveReturn(
  deployment: Deployment,
  event: RunEventOf<"return.requested" | "return.started" | "return.ended">,
): Deployment {
  const back = returned(deployment.back, event);
  return back === undefined || back === deployment.back ? deployment : { ...deployment, back };
}

function returned(
  back: Return | undefined,
  event: RunEventOf<"return.requested" | "return.started" | "return.ended">,
): Return | undefined {
  if (back?.status === "succeeded" || back?.status === "failed") return back;
  switch (event.type) {
    case "return.requested":
      return back?.status === "in-progress"
        ? back
        : { status: "requested", since: event.at, lease: event.lease };
    case "return.started":
      return back?.status === "in-progress"
        ? back
        : { status: "in-progress", deploymentId: event.deploymentId, since: event.at };
    case "return.ended":
      return event.failure === undefined
        ? { status: "succeeded" }
        : { status: "failed", failure: event.failure };
  }
}
