import type { Deployment, Service } from "@aws-sdk/client-ecs";
import { capacityFrom, capacityOf } from "../pipeline/capacity.ts";
import type { Command } from "../pipeline/commands.ts";
import type { CpuArchitecture, EcsDeployment } from "../pipeline/definition.ts";
import type { Failure, Quarantine, RunEvent, Seen } from "../pipeline/events.ts";
import {
  alarmRang,
  deploymentReplaced,
  keepsFailing,
  notHeld,
  pauseRefused,
  rolledBack,
  rolloutFailed,
  withVerdict,
} from "../pipeline/messages.ts";
import type { Run, Stage, Deployment as StageDeployment } from "../pipeline/run.ts";
import { ecsBakes } from "../pipeline/service-update.ts";
import { expectedTasks } from "../pipeline/shares.ts";
import { bakeMinutesOf, stepsOf } from "../pipeline/steps.ts";
import {
  crashLooping,
  digestProblem,
  failedArchitectures,
  type ReleaseDigests,
  type Verdict,
  verdictOf,
} from "../pipeline/verdict.ts";
import { alarmFault } from "./alarms.ts";
import { type EffectContext, facts, NOTHING, type Outcome } from "./context.ts";
import { subjectOf } from "./deploy.ts";
import { findPause } from "./find-pause.ts";
import { findService } from "./find-service.ts";
import { isRolledOut } from "./rolled-out.ts";
import { describeServiceTasks } from "./tasks.ts";

type Verify = Extract<Command, { readonly type: "verify-deployment" }>;

/** How long tasks may be missing once the time is over that the release has to hold. */
const PATIENCE_MILLISECONDS = 10 * 60_000;

/**
 * Says whether *our* deployment is the one that completed, whether what runs is the release, and how it fares on each
 * architecture. Neither yet: nothing is said, and the sweep asks again.
 */
export async function verifyDeployment(
  context: EffectContext,
  run: Run,
  stage: Stage,
  command: Verify,
): Promise<Outcome> {
  const { cluster, service, deploymentId } = command;
  const key = { stage: command.stage, cluster, service };
  const { deployment, target } = subjectOf(stage, command);
  const failed = (
    failure: Failure,
    back: boolean,
    verdict?: Verdict,
    more: { readonly undo?: true } = {},
  ): Outcome =>
    facts({
      type: "deployment.failed",
      at: context.now(),
      ...key,
      deploymentId,
      failure: verdict === undefined ? failure : withVerdict(failure, verdict),
      rolledBack: back,
      ...more,
      ...(verdict === undefined ? {} : { verdict }),
    });
  // ECS is done with it: where the pipeline would have ECS go back, going back is ours.
  const undo = target.circuitBreaker?.rollback === false ? {} : ({ undo: true } as const);
  const without = (failure: Failure, verdict: Verdict): Outcome | undefined => {
    const quarantine = quarantineFor(deployment, target.onArchitectureFailure, verdict, failure);
    if (quarantine === undefined) return undefined;
    const at = context.now();
    return facts({ type: "deployment.quarantined", at, ...key, deploymentId, quarantine, verdict });
  };
  const crashed = (verdict: Verdict): Outcome => {
    const failure = keepsFailing(service);
    return without(failure, verdict) ?? failed(failure, false, verdict, undo);
  };
  const answer = await findService(context.aws, cluster, service);
  if ("failure" in answer) return failed(answer.failure, false);
  const current = answer.found;

  const ours = current.deployments?.find(({ id }) => id === deploymentId);
  const fault = faultOf(current, ours, deployment, command);
  if (fault !== undefined) {
    const { failure, rolledBack, replaced } = fault;
    if (replaced) return failed(await saidWhose(context, failure, current), rolledBack);
    const verdict = await verdictAbout(context, current, deployment, target, deploymentId);
    return without(failure, verdict) ?? failed(failure, rolledBack, verdict);
  }
  if (!(await isRolledOut(context.aws, { cluster, service }, current, ours))) {
    // Without its circuit breaker ECS would try for ever, and say nothing.
    const guarded = current.deploymentConfiguration?.deploymentCircuitBreaker?.enable === true;
    const soFar = guarded ? [] : await verdictAbout(context, current, deployment, target, deploymentId);
    if (crashLooping(soFar).length > 0) return crashed(soFar);
    return findPause(context, current, deployment, key);
  }

  const verdict = await verdictAbout(context, current, deployment, target, deploymentId);
  const digests = releaseDigests(run, target.containers);
  const wrong = digestProblem(service, verdict, digests);
  if (wrong !== undefined) return failed(wrong, false, verdict);
  const running = verdict.reduce((sum, one) => sum + one.running, 0);
  const desired = current.desiredCount ?? 0;
  // A container that names no digest yet is no sign of anything.
  const known = Object.keys(digests).every((container) => seenDigests(verdict, container) >= desired);
  if (running < desired || !known) {
    const { state } = deployment;
    if (running < desired && crashLooping(verdict).length > 0) return crashed(verdict);
    // ECS starts them again and again, for ever: what has to hold does not.
    if (state.status !== "baking" || context.now() < state.until + PATIENCE_MILLISECONDS) return NOTHING;
    const failure = notHeld(service);
    return without(failure, verdict) ?? failed(failure, false, verdict, undo);
  }
  const rings = await alarmFault(context.aws, target.alarms ?? []);
  if (rings !== undefined) return failed(alarmRang(service, rings), false, verdict, undo);
  const seen: Seen = {
    tasks: Object.fromEntries(
      verdict.flatMap((one) => (one.running === 0 ? [] : [[one.architecture, one.running]])),
    ),
    // Of a service that wants no task, no digest has been seen running.
    digests: running === 0 ? [] : indexDigests(run, target.containers),
    verdict,
  };
  return facts(await nextOf(context, deployment, stage, command, seen, current));
}

/** The release holds: it bakes for a while, then the next step comes, and after the last it has succeeded. */
async function nextOf(
  context: EffectContext,
  deployment: StageDeployment,
  stage: Stage,
  command: Verify,
  seen: Seen,
  current: Service,
): Promise<RunEvent> {
  const { cluster, service, deploymentId } = command;
  const { target } = subjectOf(stage, command);
  const key = { at: context.now(), stage: command.stage, cluster, service };
  const { state, step = 0 } = deployment;
  const configuration = Object.fromEntries(Object.entries(current.deploymentConfiguration ?? {}));
  // Where ECS itself has kept both revisions for that long, the time is over.
  const minutes = step === 0 && ecsBakes(target, configuration) ? 0 : bakeMinutesOf(target, step);
  if (state.status === "in-progress" && minutes > 0) {
    const until = key.at + minutes * 60_000;
    return { type: "deployment.baking", ...key, deploymentId, until, ...seen };
  }
  if (state.status === "baking" && key.at < state.until) {
    // Looked at, and nothing speaks against it: no news.
    return { type: "deployment.baking", ...key, deploymentId, until: state.until, ...seen };
  }
  return step + 1 < stepsOf(target)
    ? { type: "deployment.step-done", ...key, step }
    : { type: "deployment.succeeded", ...key, deploymentId, ...seen };
}

interface Fault {
  readonly failure: Failure;
  readonly rolledBack: boolean;
  /** Somebody else's deployment has taken the place of ours: our tasks say nothing about it. */
  readonly replaced: boolean;
}

function faultOf(
  service: Service,
  ours: Deployment | undefined,
  { prepared, state }: StageDeployment,
  command: Verify,
): Fault | undefined {
  const primary = service.deployments?.find(({ status }) => status === "PRIMARY");
  if (ours?.status === "PRIMARY" && ours.rolloutState !== "FAILED") return undefined;
  const revision = "taskDefinition" in state ? state.taskDefinition : undefined;
  const base = prepared.baseTaskDefinition;
  // What was before: the base, or of a later step our own revision with the weights before it, which only its reason tells
  // from somebody else's deployment. ECS may also know an older revision as the last that was well.
  const back =
    primary !== undefined &&
    primary.id !== command.deploymentId &&
    ((primary.taskDefinition === base && revision !== base) ||
      (([base, revision].includes(primary.taskDefinition) || ours?.rolloutState === "FAILED") &&
        isRollback(primary)));
  const refused = refusal(command.service, state);
  if (ours?.rolloutState === "FAILED") {
    const reason = ours.rolloutStateReason ?? "";
    return {
      failure:
        refused ?? (back ? rolledBack(command.service, reason) : rolloutFailed(command.service, reason)),
      rolledBack: back,
      replaced: false,
    };
  }
  if (back) {
    const failure = refused ?? rolledBack(command.service, primary.rolloutStateReason ?? "");
    return { failure, rolledBack: true, replaced: false };
  }
  const failure = deploymentReplaced(
    command.service,
    command.deploymentId,
    primary?.id,
    primary?.taskDefinition,
  );
  return { failure, rolledBack: false, replaced: true };
}

/** ECS says nobody's name of a deployment, but who registered the revision it brings. */
async function saidWhose(
  { aws }: EffectContext,
  failure: Failure,
  { taskDefinition }: Service,
): Promise<Failure> {
  try {
    const found = await aws.ecs.describeTaskDefinition({ taskDefinition });
    const by = found.taskDefinition?.registeredBy;
    return by === undefined ? failure : { ...failure, reason: `${failure.reason}, registered by ${by}` };
  } catch {
    return failure;
  }
}

/** Our people have sent it back: ECS only knows that somebody has. */
function refusal(service: string, state: StageDeployment["state"]): Failure | undefined {
  if (state.status !== "in-progress" || state.pause?.answered !== "ROLLBACK") return undefined;
  const { refusedBy, lifecycleStage } = state.pause;
  return refusedBy === undefined ? undefined : pauseRefused(service, refusedBy.person, lifecycleStage);
}

function isRollback({ rolloutStateReason = "" }: Deployment): boolean {
  return /roll(?:ing|ed)?[ -]?back/i.test(rolloutStateReason);
}

async function verdictAbout(
  { aws }: EffectContext,
  service: Service,
  deployment: StageDeployment,
  target: EcsDeployment,
  deploymentId: string,
): Promise<Verdict> {
  const { prepared, step = 0 } = deployment;
  const { cluster, service: name, hosts = {} } = prepared;
  const tasks = await describeServiceTasks(aws, { cluster, service: name, deploymentId, hosts });
  const desired = service.desiredCount ?? 0;
  // As our deployment wanted them: ECS may have gone back to other weights since.
  const ours = service.deployments?.find(({ id }) => id === deploymentId)?.capacityProviderStrategy;
  const wanted = capacityFrom(ours) ?? capacityOf(target, deployment, step) ?? prepared.baseCapacity;
  const strategy = wanted ?? capacityFrom(service.capacityProviderStrategy);
  const byArchitecture = expectedTasks(hosts, strategy, desired);
  return verdictOf(tasks, { desired, ...(byArchitecture === undefined ? {} : { byArchitecture }) });
}

/** When the release runs on one architecture and fails on the other, and the pipeline would rather go on than back. */
function quarantineFor(
  { prepared, quarantine }: StageDeployment,
  policy: "fail" | "quarantine" | undefined,
  verdict: Verdict,
  failure: Failure,
): Quarantine | undefined {
  if (policy !== "quarantine" || quarantine !== undefined) return undefined;
  const [architecture, ...others] = failedArchitectures(verdict).filter(isCpuArchitecture);
  if (architecture === undefined || others.length > 0) return undefined;
  const capacity = prepared.capacity ?? prepared.baseCapacity ?? {};
  const hosts: Readonly<Partial<Record<CpuArchitecture, readonly string[]>>> = prepared.hosts ?? {};
  const other = architecture === "arm64" ? hosts.x86_64 : hosts.arm64;
  // A provider with hosts of both kinds cannot be told to do without one by its weight.
  const providers = (hosts[architecture] ?? []).filter(
    (name) => Object.hasOwn(capacity, name) && !(other ?? []).includes(name),
  );
  const rest = Object.keys(capacity).filter((name) => !providers.includes(name));
  if (providers.length === 0 || rest.length === 0) return undefined;
  return { architecture, providers, failure: withVerdict(failure, verdict) };
}

/** How many running tasks name the digest of a container. */
function seenDigests(verdict: Verdict, container: string): number {
  const seen = verdict.flatMap(({ digests }) => digests.filter((one) => one.container === container));
  return seen.reduce((sum, { tasks }) => sum + tasks, 0);
}

function isCpuArchitecture(name: string): name is CpuArchitecture {
  return name === "x86_64" || name === "arm64";
}

/** By container, all digests that count as the release: the index, and its platforms' images, which a host may name. */
function releaseDigests(run: Run, containers: Readonly<Record<string, string>>): ReleaseDigests {
  return Object.fromEntries(
    Object.entries(containers).flatMap(([container, name]) => {
      const image = run.images.find(({ definition }) => definition.name === name);
      if (image?.state.status !== "published") return [];
      return [[container, [image.state.digest, ...image.state.children]]];
    }),
  );
}

function indexDigests(run: Run, containers: Readonly<Record<string, string>>): readonly string[] {
  const names = Object.values(containers);
  const digests = run.images.flatMap(({ definition, state }) =>
    names.includes(definition.name) && state.status === "published" ? [state.digest] : [],
  );
  return [...new Set(digests)];
}
