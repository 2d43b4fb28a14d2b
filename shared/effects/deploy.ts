import type { Service } from "@aws-sdk/client-ecs";
import { capacityFrom, capacityOf, isSameCapacity, strategyItems } from "../pipeline/capacity.ts";
import type { Command } from "../pipeline/commands.ts";
import { type EcsDeployment, isGated } from "../pipeline/definition.ts";
import type { Failure, PreparedDeployment, RunEvent } from "../pipeline/events.ts";
import { serviceKey } from "../pipeline/leaving.ts";
import { notBegun, serviceTaken } from "../pipeline/messages.ts";
import { type Deployment, deploymentsOf, type Run, type Stage } from "../pipeline/run.ts";
import { isUntouched } from "../pipeline/steps.ts";
import { runsAlready } from "../pipeline/task-definition.ts";
import { refusalOf } from "./access-denied.ts";
import { architectureGate } from "./architecture-gate.ts";
import { activeInstances } from "./container-instances.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";
import { findEndedDeployment, findEndedNewest } from "./find-deployment.ts";
import { findService } from "./find-service.ts";
import { type LookContext, lookOnce } from "./look-once.ts";
import { nextDocument, type ReleaseSource, releaseSource } from "./release-source.ts";
import { findRevision, registerRevision } from "./revision.ts";
import { updateService } from "./update-service.ts";
import { voidGate } from "./void-gate.ts";

type Deploy = Extract<Command, { readonly type: "deploy" }>;

/** Errors that trying again does not mend. */
const PERMANENT = [
  "ClientException",
  "InvalidParameterException",
  "ServiceNotFoundException",
  "ServiceNotActiveException",
  "ClusterNotFoundException",
  "AccessDeniedException",
  "PlatformTaskDefinitionIncompatibilityException",
  "PlatformUnknownException",
  "UnsupportedFeatureException",
];

/** Two registrations in one family at once: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html */
const CROWDED = /too many concurrent attempts/i;

/** Whether ECS has refused for good, so that asking again would not help. */
export function isPermanent(error: unknown): error is Error {
  return isError(error, ...PERMANENT) && !CROWDED.test(error.message);
}

/** What the stage's definition and the run's state say of one service. */
export function subjectOf(
  stage: Stage,
  { cluster, service }: { readonly cluster: string; readonly service: string },
): { readonly target: EcsDeployment; readonly deployment: Deployment } {
  const target = stage.definition.deploy.find((one) => one.cluster === cluster && one.service === service);
  const deployment = deploymentsOf(stage.state).find(
    ({ prepared }) => prepared.cluster === cluster && prepared.service === service,
  );
  if (target === undefined || deployment === undefined) {
    throw new Error(`stage ${stage.definition.name} does not deploy ${cluster}/${service} in this run`);
  }
  return { target, deployment };
}

/**
 * Makes one step of a deployment: registers the release's task definition and points the service at it, or changes the weights
 * of its capacity providers. A claim taken over looks for what the lost attempt has done before it acts.
 */
export async function deploy(
  context: EffectContext,
  run: Run,
  stage: Stage,
  command: Deploy,
): Promise<Outcome> {
  const { cluster, service } = command;
  const key = { stage: command.stage, cluster, service };
  const failed = (failure: Failure, rolledBack = false): Outcome =>
    facts({ type: "deployment.failed", at: context.now(), ...key, failure, rolledBack });
  try {
    const { target, deployment } = subjectOf(stage, command);
    const once = lookOnce(context, run);
    // Needed in a moment, and known by the cluster alone: whoever needs it hears of an error.
    if (target.capacity !== undefined || deployment.prepared.baseCapacity !== undefined)
      activeInstances(once.aws, cluster).catch(() => undefined);
    const [answer, source] = await Promise.all([
      findService(context.aws, cluster, service),
      releaseSource(context, run, target, deployment.prepared),
    ]);
    if ("failure" in answer) return failed(answer.failure);
    if ("failure" in source) return failed(source.failure);
    const move: Move = { context: once, run, stage, command, target, deployment, source: source.found };
    return await (isFollowUp(deployment) ? moveOn(move, answer.found) : release(move, answer.found));
  } catch (error) {
    if (!isPermanent(error)) throw error;
    return failed(refusalOf(`ECS refused to deploy ${service} in ${cluster}`, error));
  }
}

interface Move {
  readonly context: LookContext;
  readonly run: Run;
  readonly stage: Stage;
  readonly command: Deploy;
  readonly target: EcsDeployment;
  readonly deployment: Deployment;
  readonly source: ReleaseSource;
}

/** A shift of weights, or the release once more without an architecture. */
function isFollowUp({ step = 0, quarantine }: Deployment): boolean {
  return step > 0 || quarantine !== undefined;
}

/** The release itself: from what was seen when the gate opened, and from nothing else. */
async function release(move: Move, current: Service): Promise<Outcome> {
  const { context, command, deployment, source } = move;
  const { prepared, state } = deployment;
  const { cluster, service } = command;
  const known = "taskDefinition" in state ? state.taskDefinition : undefined;
  const lost = known ?? (command.lease === 0 ? undefined : await lostRevision(move));
  const ended = command.lease > 0 && lost !== undefined ? await endOfLost(move, current, lost) : undefined;
  if (ended !== undefined) {
    const { stage: name } = command;
    return facts({ type: "deployment.failed", at: context.now(), stage: name, cluster, service, ...ended });
  }
  if (isTooLate(move) && current.taskDefinition !== lost) return refused(move, notBegun(service));
  if (current.taskDefinition !== prepared.baseTaskDefinition && current.taskDefinition !== (lost ?? "")) {
    return voided(move, current);
  }
  const same = lost === undefined && source.changes === 0 && runsAlready(source.base, source.images);
  const stays = same && (source.base.status !== "INACTIVE" || !isMoved(move, current));
  const [gate, taskDefinition] = await Promise.all([
    architectureGate(context, move.target, current, nextDocument(source), strategyOf(prepared)),
    // A revision that is not used in the end harms nobody: it is registered while the hosts are looked at.
    stays ? (current.taskDefinition ?? "") : (lost ?? source.restore ?? register(move)),
  ]);
  if ("failure" in gate) return refused(move, gate.failure);
  const seen = prepared.hosts === undefined ? { ...prepared, ...gate.found } : prepared;
  if (seen.constrainTo !== gate.found.constrainTo) return voided(move, current);
  const found = prepared.hosts === undefined ? gate.found : undefined;
  return started({ ...move, deployment: { ...deployment, prepared: seen } }, current, taskDefinition, found);
}

/** Whether tasks are to be elsewhere, which takes a revision that may still be deployed. */
function isMoved({ target, deployment, command }: Move, { capacityProviderStrategy }: Service): boolean {
  return !isSameCapacity(
    capacityOf(target, deployment, command.step),
    capacityFrom(capacityProviderStrategy),
  );
}

/** What became of the deployment that a lost attempt has begun, and that the service no longer shows. */
async function endOfLost(move: Move, current: Service, lost: string) {
  const { context, command, target, deployment } = move;
  const { cluster, service, step } = command;
  if (current.taskDefinition !== lost)
    return findEndedDeployment(context.aws, { cluster, service }, lost, sinceOf(move));
  // The same revision once more, with other weights: only they tell whether it is still there.
  const wanted = capacityOf(target, deployment, step);
  if (isSameCapacity(wanted, capacityFrom(current.capacityProviderStrategy))) return undefined;
  if (wanted === undefined || lost !== deployment.prepared.baseTaskDefinition) return undefined;
  return findEndedNewest(context.aws, { cluster, service }, lost, wanted, sinceOf(move));
}

/** The revision that a lost attempt has pointed the service at, or was about to. */
function lostRevision({ context, run, command, source }: Move): Promise<string | undefined> {
  return source.restore === undefined
    ? findRevision(context, run, command, source.base)
    : Promise.resolve(source.restore);
}

/** Another service has failed since the deployment was claimed: what the lost attempt has not begun is not begun any more. */
function isTooLate({ stage, command }: Move): boolean {
  return command.lease > 0 && deploymentsOf(stage.state).some(({ state }) => state.status === "failed");
}

function refused({ context, command }: Move, failure: Failure): Outcome {
  const { stage, cluster, service } = command;
  const key = { at: context.now(), stage, cluster, service };
  return facts({ type: "deployment.failed", ...key, failure, rolledBack: false });
}

/** Nothing of the stage can have begun before. */
function sinceOf({ run, stage }: Move): number {
  return stage.state.status === "deploying" ? stage.state.since : run.startedAt;
}

function strategyOf({ capacity }: PreparedDeployment) {
  return capacity === undefined ? undefined : strategyItems(capacity);
}

async function register({ context, run, command, source }: Move): Promise<string> {
  return registerRevision(context, run, command, source.base, nextDocument(source));
}

/** What was already released, with other weights; somebody else's change in between is not overwritten. */
async function moveOn(move: Move, current: Service): Promise<Outcome> {
  const { command, deployment } = move;
  const { state, prepared } = deployment;
  const ours = "taskDefinition" in state ? state.taskDefinition : undefined;
  if (ours === undefined) throw new Error(`step ${command.step} of ${command.service} has no revision`);
  const mine = current.taskDefinition === ours || current.taskDefinition === prepared.baseTaskDefinition;
  if (!mine) return refused(move, serviceTaken(command.service, current.taskDefinition ?? ""));
  if (command.lease > 0) {
    const wanted = capacityOf(move.target, deployment, command.step);
    const { cluster, service } = command;
    const isBegun =
      current.taskDefinition === ours &&
      isSameCapacity(wanted, capacityFrom(current.capacityProviderStrategy));
    const ended =
      isBegun || wanted === undefined
        ? undefined
        : await findEndedNewest(move.context.aws, { cluster, service }, ours, wanted, sinceOf(move));
    const key = { at: move.context.now(), stage: command.stage, cluster, service };
    if (ended !== undefined) return facts({ type: "deployment.failed", ...key, ...ended });
    if (!isBegun && isTooLate(move)) return refused(move, notBegun(service));
  }
  return command.step === 0 ? started(move, current, ours) : shifted(move, current, ours);
}

/** Other weights bring other hosts, which have to fit as those before did; the verdict tells of them, too. */
async function shifted(move: Move, current: Service, ours: string): Promise<Outcome> {
  const { context, command, target, deployment, source } = move;
  const { prepared } = deployment;
  const wanted = capacityOf(target, deployment, command.step);
  const strategy = wanted === undefined ? undefined : strategyItems(wanted);
  const gate = await architectureGate(context, target, current, nextDocument(source), strategy);
  if ("failure" in gate) return refused(move, gate.failure);
  const { hosts, constrainTo, notes } = gate.found;
  // Where only hosts that fit are left, nothing more is to be confined, and what is confined already stays so.
  if (constrainTo !== undefined && constrainTo !== prepared.constrainTo) {
    const reason = notes?.[0] ?? `service ${command.service} would have to be confined to ${constrainTo}`;
    return refused(move, { reason, remedy: "release images for all its hosts before its tasks are moved" });
  }
  return started(move, current, ours, hosts === undefined ? undefined : { hosts });
}

async function started(
  move: Move,
  current: Service,
  taskDefinition: string,
  found?: Partial<PreparedDeployment>,
): Promise<Outcome> {
  const { context, command, target, deployment, stage } = move;
  const capacity = isMoved(move, current) ? capacityOf(target, deployment, command.step) : undefined;
  const { deploymentId, completed } = await updateService(context.aws, {
    current,
    target,
    stage: stage.definition,
    prepared: deployment.prepared,
    taskDefinition,
    capacity,
  });
  const key = { at: context.now(), stage: command.stage, cluster: command.cluster, service: command.service };
  const event: RunEvent = {
    type: "deployment.started",
    ...key,
    step: command.step,
    serviceArn: current.serviceArn ?? "",
    taskDefinition,
    deploymentId,
    ...(found === undefined ? {} : { found }),
  };
  if (!completed) return facts(event);
  const reason = "the service runs the release already";
  return facts(event, { type: "deployment.reported", ...key, deploymentId, state: "COMPLETED", reason });
}

/**
 * The service no longer is what was seen: what would change is shown anew, and approvals of the old no longer count. Once
 * another service has moved, nobody waits for approvals in between: the stage fails, and goes back as the pipeline says.
 */
async function voided(move: Move, service: Service): Promise<Outcome> {
  const { context, run, stage, command } = move;
  const others = deploymentsOf(stage.state).filter(
    ({ prepared }) => serviceKey(prepared) !== serviceKey(command),
  );
  if (isGated(stage.definition) && !others.every(isUntouched)) {
    return refused(move, serviceTaken(command.service, service.taskDefinition ?? ""));
  }
  const voided = await voidGate(context, run, stage, command, service);
  return "failure" in voided ? refused(move, voided.failure) : facts(voided.event);
}
