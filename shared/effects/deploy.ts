import type {
  CapacityProviderStrategyItem,
  Deployment,
  RegisterTaskDefinitionCommandInput,
  Service,
} from "@aws-sdk/client-ecs";
import type { Command } from "../pipeline/commands.ts";
import type { EcsDeployment } from "../pipeline/definition.ts";
import type { DeploymentKey, Failure, PreparedDeployment, RunEvent } from "../pipeline/events.ts";
import { serviceChanged } from "../pipeline/messages.ts";
import { deploymentsOf, type Run, type Stage } from "../pipeline/run.ts";
import {
  releaseTaskDefinition,
  revisionTags,
  type TaskDefinitionDocument,
} from "../pipeline/task-definition.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";
import { findEndedDeployment } from "./find-deployment.ts";
import { describeBase, findService, prepareStage, releaseImages } from "./prepare.ts";

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

/**
 * Registers the release's task definition and points the service at it. ECS takes no client token here, so the revision
 * carries the run in its tags, and a claim taken over looks for it (and for its deployment) before it acts.
 */
export async function deploy(
  context: EffectContext,
  run: Run,
  stage: Stage,
  command: Deploy,
): Promise<Outcome> {
  const { cluster, service } = command;
  const target = stage.definition.deploy.find((one) => one.cluster === cluster && one.service === service);
  const prepared = deploymentsOf(stage.state).find(
    (one) => one.prepared.cluster === cluster && one.prepared.service === service,
  )?.prepared;
  if (target === undefined || prepared === undefined) {
    throw new Error(`stage ${command.stage} of ${run.id} does not deploy ${cluster}/${service}`);
  }
  const failed = (failure: Failure, rolledBack = false): Outcome =>
    facts({
      type: "deployment.failed",
      at: context.now(),
      stage: command.stage,
      cluster,
      service,
      failure,
      rolledBack,
    });
  try {
    const [answer, expected] = await Promise.all([
      findService(context.aws, cluster, service),
      describeBase(context.aws, prepared.baseTaskDefinition),
    ]);
    if ("failure" in answer) return failed(answer.failure);
    const current = answer.found;
    const lost = command.lease === 0 ? undefined : await findRevision(context, run, command, expected);
    if (lost !== undefined && current.taskDefinition !== lost) {
      const since = stage.state.status === "deploying" ? stage.state.since : run.startedAt;
      const ended = await findEndedDeployment(context.aws, { cluster, service }, lost, since);
      if (ended !== undefined) return failed(ended.failure, ended.rolledBack);
    }
    if (current.taskDefinition !== prepared.baseTaskDefinition && current.taskDefinition !== (lost ?? "")) {
      const prepared = await prepareStage(context.aws, run, stage.definition);
      return "failure" in prepared
        ? failed(prepared.failure)
        : voided(context, stage, current, prepared.found);
    }
    const { completed, ...ours } = await move(context, run, command, target, current, expected, lost);
    const key = { at: context.now(), stage: command.stage, cluster, service };
    const event: RunEvent = {
      type: "deployment.started",
      ...key,
      serviceArn: current.serviceArn ?? "",
      ...ours,
    };
    if (!completed) return facts(event);
    const { deploymentId } = ours;
    const reason = "the service runs the release already";
    return facts(event, { type: "deployment.reported", ...key, deploymentId, state: "COMPLETED", reason });
  } catch (error) {
    if (!isError(error, ...PERMANENT) || CROWDED.test(error.message)) throw error;
    return failed({ reason: `ECS refused to deploy ${service} in ${cluster}: ${error.message}` });
  }
}

/** The service no longer is what was seen: what would change is shown anew, and approvals of the old no longer count. */
function voided(
  context: EffectContext,
  stage: Stage,
  service: Service,
  deployments: readonly PreparedDeployment[],
): Outcome {
  const why = serviceChanged(service.serviceName ?? "", service.taskDefinition ?? "");
  const { name } = stage.definition;
  return facts({ type: "gate.voided", at: context.now(), stage: name, why, deployments });
}

interface Moved {
  readonly taskDefinition: string;
  readonly deploymentId: string;
  /** Nothing had to be changed: ECS will send no event. */
  readonly completed: boolean;
}

async function move(
  context: EffectContext,
  run: Run,
  key: DeploymentKey,
  target: EcsDeployment,
  current: Service,
  base: TaskDefinitionDocument,
  lost: string | undefined,
): Promise<Moved> {
  const strategy = strategyOf(target, current);
  const images = releaseImages(run, target);
  const same = lost === undefined && runsAlready(base, images);
  const taskDefinition = same
    ? (current.taskDefinition ?? "")
    : (lost ?? (await register(context, run, key, base, images)));
  if (current.taskDefinition === taskDefinition && strategy === undefined) {
    return moved(current.deployments, taskDefinition);
  }
  const { service } = await context.aws.ecs.updateService({
    cluster: target.cluster,
    service: target.service,
    taskDefinition,
    ...(strategy === undefined ? {} : { capacityProviderStrategy: strategy, forceNewDeployment: same }),
  });
  return moved(service?.deployments, taskDefinition);
}

function runsAlready(base: TaskDefinitionDocument, images: Readonly<Record<string, string>>): boolean {
  return Object.entries(images).every(
    ([name, image]) =>
      base.containerDefinitions?.find((container) => container.name === name)?.image === image,
  );
}

/** The strategy the pipeline wants, if the service has another. */
function strategyOf(target: EcsDeployment, current: Service): CapacityProviderStrategyItem[] | undefined {
  if (target.capacity === undefined) return undefined;
  const wanted = Object.entries(target.capacity).map(([capacityProvider, { base, weight }]) => ({
    capacityProvider,
    base,
    weight,
  }));
  const text = (items: readonly CapacityProviderStrategyItem[]) =>
    items
      .map(({ capacityProvider, base = 0, weight = 0 }) => `${capacityProvider}:${base}:${weight}`)
      .sort()
      .join();
  return text(wanted) === text(current.capacityProviderStrategy ?? []) ? undefined : wanted;
}

function moved(deployments: readonly Deployment[] | undefined, taskDefinition: string): Moved {
  const ours = deployments?.find((one) => one.status === "PRIMARY" && one.taskDefinition === taskDefinition);
  if (ours?.id === undefined) throw new Error(`ECS names no primary deployment of ${taskDefinition}`);
  return { taskDefinition, deploymentId: ours.id, completed: ours.rolloutState === "COMPLETED" };
}

async function register(
  context: EffectContext,
  run: Run,
  key: DeploymentKey,
  base: TaskDefinitionDocument,
  images: Readonly<Record<string, string>>,
): Promise<string> {
  const tags = revisionTags(run, key, base);
  const document = releaseTaskDefinition(base, images);
  const { taskDefinition } = await context.aws.ecs.registerTaskDefinition({
    // What DescribeTaskDefinition gave is what RegisterTaskDefinition takes, less the fields that only ECS sets.
    ...(document as unknown as RegisterTaskDefinitionCommandInput),
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  });
  if (taskDefinition?.taskDefinitionArn === undefined)
    throw new Error("RegisterTaskDefinition answered without an ARN");
  return taskDefinition.taskDefinitionArn;
}

/** The newest revision of the family that carries this run, stage and base in its tags. */
async function findRevision(
  context: EffectContext,
  run: Run,
  key: DeploymentKey,
  base: TaskDefinitionDocument,
): Promise<string | undefined> {
  const family = typeof base.family === "string" ? base.family : "";
  const { taskDefinitionArns = [] } = await context.aws.ecs.listTaskDefinitions({
    familyPrefix: family,
    sort: "DESC",
    maxResults: 10,
  });
  const wanted = Object.entries(revisionTags(run, key, base));
  for (const arn of taskDefinitionArns) {
    const { tags = [] } = await context.aws.ecs.describeTaskDefinition({
      taskDefinition: arn,
      include: ["TAGS"],
    });
    if (wanted.every(([key, value]) => tags.some((tag) => tag.key === key && tag.value === value)))
      return arn;
  }
  return undefined;
}
