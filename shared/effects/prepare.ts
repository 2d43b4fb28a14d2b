import type { Service } from "@aws-sdk/client-ecs";
import { capacityFrom, isSameCapacity, sameProviderFault, strategyItems } from "../pipeline/capacity.ts";
import { constrainedTo } from "../pipeline/constraints.ts";
import type { Capacity, EcsDeployment, StageDefinition } from "../pipeline/definition.ts";
import type { Failure, PreparedDeployment } from "../pipeline/events.ts";
import { externalServiceFault } from "../pipeline/external-service.ts";
import { fargateSizeFault } from "../pipeline/fargate-size.ts";
import { serviceKey } from "../pipeline/leaving.ts";
import type { Run } from "../pipeline/run.ts";
import { liveRelease, type StageLock } from "../pipeline/stage-lock.ts";
import {
  imageChanges,
  releaseTaskDefinition,
  type TaskDefinitionDocument,
  withoutReadOnly,
} from "../pipeline/task-definition.ts";
import { taskDefinitionChanges } from "../pipeline/task-definition-diff.ts";
import { refusalOf } from "./access-denied.ts";
import { alarmFault } from "./alarms.ts";
import { architectureGate } from "./architecture-gate.ts";
import { type EffectContext, isError } from "./context.ts";
import { type Found, findService } from "./find-service.ts";
import { type LookContext, lookOnce } from "./look-once.ts";
import { rollbackProblems } from "./rehearsal.ts";
import { describeTaskDefinition, releaseSource } from "./release-source.ts";
import { readStageLock } from "./stage-lock.ts";

/**
 * All deployments of a stage side by side; the first failure is the stage's. What may not be looked at is one: asking again
 * would not help.
 */
export async function prepareStage(
  context: EffectContext,
  run: Run,
  stage: StageDefinition,
): Promise<Found<readonly PreparedDeployment[]>> {
  try {
    return await lookAtStage(context, run, stage);
  } catch (error) {
    if (!isError(error, "AccessDeniedException")) throw error;
    return { failure: refusalOf(`AWS refused to say what stage ${stage.name} would change`, error) };
  }
}

async function lookAtStage(
  context: EffectContext,
  run: Run,
  stage: StageDefinition,
): Promise<Found<readonly PreparedDeployment[]>> {
  const lock = readStageLock(context.store, run.definition.name, stage.name);
  // Whoever needs it hears of an error; nobody does when a service is missing.
  lock.catch(() => undefined);
  const once = lookOnce(context, run);
  const [prepared, alarms] = await Promise.all([
    Promise.all(stage.deploy.map((target) => prepareDeployment(once, run, stage, target, lock))),
    alarmFault(context.aws, [...new Set(stage.deploy.flatMap((target) => target.alarms ?? []))]),
  ]);
  const found: PreparedDeployment[] = [];
  for (const one of prepared) {
    if ("failure" in one) return one;
    found.push(one.found);
  }
  return alarms === undefined ? { found } : { failure: alarms };
}

/**
 * What a deployment would change, seen from the service as it is now. Where people are asked first, also whether its hosts
 * could run it, and whether there is a way back; elsewhere the deployment itself looks, a moment later.
 */
async function prepareDeployment(
  context: LookContext,
  run: Run,
  stage: StageDefinition,
  target: EcsDeployment,
  locked: Promise<{ readonly lock: StageLock }>,
): Promise<Found<PreparedDeployment>> {
  const { aws } = context;
  const { cluster, service } = target;
  const answer = await findService(aws, cluster, service);
  if ("failure" in answer) return answer;
  const current = answer.found;
  const { taskDefinition: base = "", serviceArn = "" } = current;
  const newest = target.taskDefinition?.from === "family" ? await newestOfFamily(context, base) : undefined;
  if (newest !== undefined && "failure" in newest) return newest;
  const from = given("fromTaskDefinition", newest?.found);
  const key = { cluster, service, baseTaskDefinition: base, ...from };
  const [before, source, { lock }] = await Promise.all([
    describeTaskDefinition(aws, base),
    releaseSource(context, run, target, key),
    locked,
  ]);
  if ("failure" in source) return source;
  const fault = containerFault(source.found.base, base, service, source.found.images);
  if (fault !== undefined) return { failure: fault };
  const next = releaseTaskDefinition(source.found.base, source.found.images);
  const capacity = capacityChange(current, target, lock);
  const twice = namedTwice(target, capacity.baseCapacity);
  if (twice !== undefined) return { failure: { ...twice, reason: `service ${service}: ${twice.reason}` } };
  const external = externalServiceFault(current, next, providersOf(target, capacity.capacity));
  if (external !== undefined) return { failure: external };
  const size = fargateSizeFault(next, isOnFargate(current, capacity.capacity));
  if (size !== undefined) return { failure: { ...size, reason: `service ${service}: ${size.reason}` } };
  const strategy = capacity.capacity === undefined ? undefined : strategyItems(capacity.capacity);
  const asked = stage.approval !== undefined;
  const [gate, problems] = await Promise.all([
    asked ? architectureGate(context, target, current, next, strategy) : undefined,
    asked ? rollbackProblems(aws, before) : undefined,
  ]);
  if (gate !== undefined && "failure" in gate) return gate;
  const { images } = imageChanges(before, source.found.images);
  const changes = taskDefinitionChanges(withImages(before, source.found.images), next);
  return {
    found: {
      ...key,
      serviceArn,
      images,
      ...(changes.length === 0 ? {} : { changes }),
      ...capacity,
      ...given("baseConstrainTo", constrainedTo(current.placementConstraints)),
      ...gate?.found,
      ...(problems === undefined ? {} : { rollbackProblems: problems }),
    },
  };
}

/** The capacity providers that the release, or a step after it, is to give weights to. */
function providersOf({ shift = [] }: EcsDeployment, capacity: Capacity = {}): readonly string[] {
  return [...Object.keys(capacity), ...shift.flatMap(({ weights }) => Object.keys(weights))];
}

/** Two names of one provider in the pipeline: its name and its ARN, say. ECS would be told two things of it. */
function namedTwice({ capacity = {}, shift = [] }: EcsDeployment, base: Capacity = {}): Failure | undefined {
  const reason = [
    sameProviderFault(base, Object.keys(capacity)),
    ...shift.map(({ weights }) => sameProviderFault({ ...base, ...capacity }, Object.keys(weights))),
  ].find((fault) => fault !== undefined);
  return reason === undefined ? undefined : { reason, remedy: "name it once in `capacity` and `shift`" };
}

/** By its launch type, or by the strategy it is about to have. */
function isOnFargate({ launchType, capacityProviderStrategy }: Service, next?: Capacity): boolean {
  const providers = Object.keys(next ?? capacityFrom(capacityProviderStrategy) ?? {});
  return launchType === "FARGATE" || providers.some((name) => /^FARGATE(?:_SPOT)?$/.test(name));
}

/** The images are shown by themselves. */
function withImages(
  document: TaskDefinitionDocument,
  images: Readonly<Record<string, string>>,
): TaskDefinitionDocument {
  return withoutReadOnly(releaseTaskDefinition(document, images));
}

function containerFault(
  document: TaskDefinitionDocument,
  base: string,
  service: string,
  release: Readonly<Record<string, string>>,
) {
  const { missing, containers } = imageChanges(document, release);
  if (missing.length === 0) return undefined;
  const name = document.taskDefinitionArn ?? base;
  return {
    reason: `task definition ${name} of service ${service} has no container ${missing.join(", ")}; it has ${containers.join(", ")}`,
    remedy: "mend `containers` in the pipeline, or the task definition",
  };
}

async function newestOfFamily({ aws }: EffectContext, arn: string): Promise<Found<string>> {
  const family = /task-definition\/([^:]+)/.exec(arn)?.[1] ?? arn;
  const { taskDefinitionArns = [] } = await aws.ecs.listTaskDefinitions({
    familyPrefix: family,
    status: "ACTIVE",
    sort: "DESC",
    maxResults: 1,
  });
  const [found] = taskDefinitionArns;
  if (found !== undefined) return { found };
  return {
    failure: {
      reason: `all revisions of task definition ${family} are INACTIVE: the family has no newest to start from`,
      remedy: "register one, or take `taskDefinition: family` out of the pipeline",
    },
  };
}

/** The pipeline's strategy; else what the service had before an architecture was quarantined; else its own. */
function capacityChange(
  current: Service,
  target: EcsDeployment,
  lock: StageLock,
): { readonly baseCapacity?: Capacity; readonly capacity?: Capacity } {
  const now = capacityFrom(current.capacityProviderStrategy);
  const before = liveRelease(lock)?.quarantined?.[serviceKey(target)]?.capacity;
  const wanted = target.capacity ?? before;
  return {
    ...given("baseCapacity", now),
    ...(wanted === undefined || isSameCapacity(wanted, now) ? {} : { capacity: wanted }),
  };
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
