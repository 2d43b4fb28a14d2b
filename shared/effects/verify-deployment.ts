import type { Deployment, Service, Task } from "@aws-sdk/client-ecs";
import type { Command } from "../pipeline/commands.ts";
import type { Failure, TaskCounts } from "../pipeline/events.ts";
import { deploymentReplaced, otherDigests, rolledBack, rolloutFailed } from "../pipeline/messages.ts";
import { deploymentsOf, type Run, type Stage } from "../pipeline/run.ts";
import { type EffectContext, facts, NOTHING, type Outcome } from "./context.ts";
import { findService } from "./prepare.ts";

type Verify = Extract<Command, { readonly type: "verify-deployment" }>;

/**
 * Says whether *our* deployment is the one that completed, and whether what runs is the release. Neither yet: nothing is
 * said, and the sweep asks again.
 */
export async function verifyDeployment(
  context: EffectContext,
  run: Run,
  stage: Stage,
  command: Verify,
): Promise<Outcome> {
  const { cluster, service, deploymentId } = command;
  const key = { stage: command.stage, cluster, service };
  const failed = (failure: Failure, back: boolean): Outcome =>
    facts({ type: "deployment.failed", at: context.now(), ...key, failure, rolledBack: back });
  const answer = await findService(context.aws, cluster, service);
  if ("failure" in answer) return failed(answer.failure, false);

  const ours = answer.found.deployments?.find(({ id }) => id === deploymentId);
  const fault = faultOf(answer.found, ours, stage, command);
  if (fault !== undefined) return failed(fault.failure, fault.rolledBack);
  if (ours?.rolloutState !== "COMPLETED") return NOTHING;

  const tasks = await tasksOf(context, cluster, service, deploymentId);
  const digests = releaseDigests(run, stage, command);
  const right = tasks.filter((task) => runsRelease(task, digests));
  const wrong = tasks.filter((task) => runsOther(task, digests)).length;
  if (wrong > 0) return failed(otherDigests(service, wrong), false);
  if (right.length < (answer.found.desiredCount ?? 0)) return NOTHING;
  return facts({
    type: "deployment.succeeded",
    at: context.now(),
    ...key,
    tasks: byArchitecture(right),
    // Of a service that wants no task, no digest has been seen running.
    digests: right.length === 0 ? [] : [...new Set(Object.values(digests).map(({ index }) => index))],
  });
}

function faultOf(
  service: Service,
  ours: Deployment | undefined,
  stage: Stage,
  command: Verify,
): { readonly failure: Failure; readonly rolledBack: boolean } | undefined {
  const primary = service.deployments?.find(({ status }) => status === "PRIMARY");
  if (ours?.status === "PRIMARY" && ours.rolloutState !== "FAILED") return undefined;
  const base = deploymentsOf(stage.state).find(
    ({ prepared }) => prepared.cluster === command.cluster && prepared.service === command.service,
  )?.prepared.baseTaskDefinition;
  const back =
    primary !== undefined && primary.id !== command.deploymentId && primary.taskDefinition === base;
  if (ours?.rolloutState === "FAILED") {
    const reason = ours.rolloutStateReason ?? "";
    return {
      failure: back ? rolledBack(command.service, reason) : rolloutFailed(command.service, reason),
      rolledBack: back,
    };
  }
  if (back)
    return { failure: rolledBack(command.service, primary.rolloutStateReason ?? ""), rolledBack: true };
  return {
    failure: deploymentReplaced(command.service, command.deploymentId, primary?.id, primary?.taskDefinition),
    rolledBack: false,
  };
}

/** The running tasks of one deployment: two calls per hundred tasks. */
async function tasksOf(
  context: EffectContext,
  cluster: string,
  serviceName: string,
  deploymentId: string,
): Promise<readonly Task[]> {
  const found: Task[] = [];
  let nextToken: string | undefined;
  do {
    const page = await context.aws.ecs.listTasks({
      cluster,
      serviceName,
      desiredStatus: "RUNNING",
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    const { taskArns = [] } = page;
    if (taskArns.length > 0) {
      const { tasks = [] } = await context.aws.ecs.describeTasks({ cluster, tasks: taskArns });
      found.push(...tasks.filter((task) => task.startedBy === deploymentId && task.lastStatus === "RUNNING"));
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

/** Per container: the index, and all digests that count as it (a host may name the platform's own image). */
function releaseDigests(
  run: Run,
  stage: Stage,
  command: Verify,
): Readonly<Record<string, { readonly index: string; readonly accepted: readonly string[] }>> {
  const target = stage.definition.deploy.find(
    ({ cluster, service }) => cluster === command.cluster && service === command.service,
  );
  const digests: Record<string, { index: string; accepted: readonly string[] }> = {};
  for (const [container, name] of Object.entries(target?.containers ?? {})) {
    const image = run.images.find(({ definition }) => definition.name === name);
    if (image?.state.status !== "published") continue;
    const { digest, children } = image.state;
    digests[container] = { index: digest, accepted: [digest, ...children] };
  }
  return digests;
}

function runsRelease(task: Task, digests: ReturnType<typeof releaseDigests>): boolean {
  return Object.entries(digests).every(([name, { accepted }]) => {
    const digest = task.containers?.find((container) => container.name === name)?.imageDigest;
    return digest !== undefined && accepted.includes(digest);
  });
}

/** Another digest has been seen; a container that does not name one yet is no sign of anything. */
function runsOther(task: Task, digests: ReturnType<typeof releaseDigests>): boolean {
  return Object.entries(digests).some(([name, { accepted }]) => {
    const digest = task.containers?.find((container) => container.name === name)?.imageDigest;
    return digest !== undefined && !accepted.includes(digest);
  });
}

function byArchitecture(tasks: readonly Task[]): TaskCounts {
  const counts: Record<string, number> = {};
  for (const task of tasks) {
    const architecture =
      task.attributes?.find(({ name }) => name === "ecs.cpu-architecture")?.value ?? "unknown";
    counts[architecture] = (counts[architecture] ?? 0) + 1;
  }
  return counts;
}
