import type { Task } from "@aws-sdk/client-ecs";
import type { Command } from "../pipeline/commands.ts";
import type { Failure } from "../pipeline/events.ts";
import { redact } from "../pipeline/redact.ts";
import type { Deployment, Run, Stage } from "../pipeline/run.ts";
import type { TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import { refusalOf } from "./access-denied.ts";
import { type EffectContext, facts, isError, NOTHING, type Outcome } from "./context.ts";
import { isPermanent, subjectOf } from "./deploy.ts";
import { findService } from "./find-service.ts";
import { lookOnce } from "./look-once.ts";
import { placeOneOff } from "./one-off-place.ts";
import { describeTaskDefinition, nextDocument, type ReleaseSource, releaseSource } from "./release-source.ts";
import { findRevision, registerRevision } from "./revision.ts";

type RunTask = Extract<Command, { readonly type: "run-task" }>;
type AskTask = Extract<Command, { readonly type: "ask-task" }>;

/** Lines of a log that are kept. */
const LINES = 40;

/** What ECS shows as `startedBy`; events of tasks that bear it come to us. */
export function startedBy(runId: string): string {
  return `tandem/${runId}`.slice(0, 128);
}

/**
 * Runs a task once, with the release's revision, where the service's tasks run. ECS knows the token for a day, so that a claim
 * taken over finds the task of the lost attempt.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
 */
export async function runOneOff(
  context: EffectContext,
  run: Run,
  stage: Stage,
  command: RunTask,
): Promise<Outcome> {
  const { cluster, service, when, index, definition } = command;
  const key = { stage: command.stage, cluster, service, when, index };
  const failed = (failure: Failure): Outcome =>
    facts({ type: "task.ended", at: context.now(), ...key, failure, lines: [] });
  try {
    const { target, deployment } = subjectOf(stage, command);
    const [answer, source] = await Promise.all([
      findService(context.aws, cluster, service),
      releaseSource(context, run, target, deployment.prepared),
    ]);
    if ("failure" in answer) return failed(answer.failure);
    if ("failure" in source) return failed(source.failure);
    const current = answer.found;
    const document = nextDocument(source.found);
    const place = await placeOneOff(lookOnce(context, run), {
      target,
      deployment,
      current,
      document,
      definition,
    });
    if ("failure" in place) return failed(place.failure);
    const taskDefinition = await revisionFor(context, run, deployment, command, source.found, document);
    const token = context.sha256([run.id, command.stage, cluster, service, when, String(index)].join("\n"));
    const { tasks = [], failures = [] } = await context.aws.ecs.runTask({
      cluster,
      taskDefinition,
      count: 1,
      clientToken: token.slice(0, 64),
      startedBy: startedBy(run.id),
      group: `tandem:${definition.run}`,
      overrides: {
        containerOverrides: [{ name: definition.container, command: [...definition.command] }],
      },
      ...place.found,
      ...(current.networkConfiguration === undefined
        ? {}
        : { networkConfiguration: current.networkConfiguration }),
      ...(current.platformVersion === undefined ? {} : { platformVersion: current.platformVersion }),
    });
    const taskArn = tasks[0]?.taskArn;
    if (taskArn === undefined) {
      const why = failures.map(({ reason, detail }) => [reason, detail].filter(Boolean).join(": "));
      return failed({
        reason: `task ${definition.run} could not be placed: ${why.join(", ") || "no reason given"}`,
      });
    }
    return facts({ type: "task.started", at: context.now(), ...key, taskArn, taskDefinition });
  } catch (error) {
    if (!isPermanent(error) && !isError(error, "ConflictException")) throw error;
    return failed(refusalOf(`ECS refused to run task ${definition.run}`, error));
  }
}

/** The release's revision: that of the task before or of the deployment, a lost attempt's, or a new one. */
async function revisionFor(
  context: EffectContext,
  run: Run,
  { state }: Deployment,
  command: RunTask,
  source: ReleaseSource,
  document: TaskDefinitionDocument,
): Promise<string> {
  const known = "taskDefinition" in state ? state.taskDefinition : undefined;
  const lost = command.lease === 0 ? undefined : await findRevision(context, run, command, source.base);
  return (
    known ?? source.restore ?? lost ?? (await registerRevision(context, run, command, source.base, document))
  );
}

/** Whether a task has come to its end, and how; one that is late is stopped. */
export async function askOneOff(context: EffectContext, command: AskTask): Promise<Outcome> {
  const { stage, cluster, service, when, index, definition, taskArn, late } = command;
  const key = { stage, cluster, service, when, index };
  const ended = (failure: Failure | undefined, lines: readonly string[]): Outcome =>
    facts({
      type: "task.ended",
      at: context.now(),
      ...key,
      lines,
      ...(failure === undefined ? {} : { failure }),
    });
  const { tasks = [] } = await context.aws.ecs.describeTasks({ cluster, tasks: [taskArn] });
  const [task] = tasks;
  if (task === undefined) {
    return ended({ reason: `ECS knows nothing of task ${definition.run} (${taskArn}) any more` }, []);
  }
  if (task.lastStatus !== "STOPPED") {
    if (!late) return NOTHING;
    const reason = `Tandem: ${definition.run} took longer than ${definition.timeoutMinutes} minutes`;
    await context.aws.ecs.stopTask({ cluster, task: taskArn, reason });
    return ended(
      {
        reason: `task ${definition.run} took longer than ${definition.timeoutMinutes} minutes, and was stopped`,
      },
      await linesOf(context, task, definition.container),
    );
  }
  const lines = await linesOf(context, task, definition.container);
  return ended(failureOf(task, definition.run, definition.container), lines);
}

function failureOf(task: Task, name: string, container: string): Failure | undefined {
  const ran = task.containers?.find((one) => one.name === container);
  if (ran?.exitCode === 0) return undefined;
  const code = ran?.exitCode === undefined ? "without an exit code" : `with exit code ${ran.exitCode}`;
  const why = ran?.reason ?? task.stoppedReason;
  return {
    reason: `task ${name} ended ${code}${why === undefined ? "" : ` (${why})`}`,
    remedy: "read its log, mend, and push again",
  };
}

/**
 * The log's last lines, where the container writes to CloudWatch Logs: stream `PREFIX/CONTAINER/TASK`.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
 */
async function linesOf(context: EffectContext, task: Task, container: string): Promise<readonly string[]> {
  try {
    const document = await describeTaskDefinition(context.aws, task.taskDefinitionArn ?? "");
    const options = logOptions(document, container);
    const id = task.taskArn?.split("/").at(-1);
    if (options === undefined || id === undefined) return [];
    const { events = [] } = await context.aws.logs.getLogEvents({
      logGroupName: options.group,
      logStreamName: `${options.prefix}/${container}/${id}`,
      limit: LINES,
      startFromHead: false,
    });
    return events.map(({ message = "" }) => redact(message.trimEnd()).slice(0, 500));
  } catch {
    // A log that may not be read has no lines: the outcome of the task is known without.
    return [];
  }
}

function logOptions(
  document: TaskDefinitionDocument,
  container: string,
): { readonly group: string; readonly prefix: string } | undefined {
  const found = document.containerDefinitions?.find(({ name }) => name === container)?.logConfiguration;
  if (typeof found !== "object" || found === null || !("options" in found)) return undefined;
  const options: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(found.options ?? {}));
  const [group, prefix] = [options["awslogs-group"], options["awslogs-stream-prefix"]];
  return typeof group === "string" && typeof prefix === "string" ? { group, prefix } : undefined;
}
