import type { Container, Task } from "@aws-sdk/client-ecs";
import { z } from "zod";
import { redact } from "../pipeline/redact.ts";
import type { Aws } from "./aws.ts";

/** Kinds of failures whose log is looked at. */
const MOST = 4;
const LINES = 5;
const LONGEST = 120;

/** A stopped task, and the architecture of its host. */
export interface Stopped {
  readonly task: Task;
  readonly architecture: string | undefined;
}

/**
 * What failed containers said last, where ECS itself gives no reason: of an `exec format error` it only knows the exit code. One
 * task of each kind (architecture, container, exit code) is looked at, the newest: at most four GetLogEvents, and one
 * DescribeTaskDefinition for where the logs are. A log that is not at CloudWatch, or may not be read, says nothing.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
 * @returns the words of a container of one of these tasks
 */
export async function lastWords(
  aws: Aws,
  stopped: readonly Stopped[],
): Promise<(one: Stopped, container: Container) => string | undefined> {
  const kinds = new Map<string, { readonly one: Stopped; readonly container: Container }>();
  const newestFirst = [...stopped].sort((a, b) => stoppedAt(b.task) - stoppedAt(a.task));
  for (const one of newestFirst) {
    const container = one.task.containers?.find(isSilent);
    if (container === undefined) continue;
    const key = kindOf(one, container);
    if (!kinds.has(key) && kinds.size < MOST) kinds.set(key, { one, container });
  }
  const words = new Map<string, string>();
  const arn = [...kinds.values()][0]?.one.task.taskDefinitionArn;
  if (arn === undefined) return () => undefined;
  const logs = await logsOf(aws, arn);
  await Promise.all(
    [...kinds].map(async ([key, { one, container }]) => {
      const said = await lastLine(aws, logs.get(container.name ?? ""), one.task, container);
      if (said !== undefined) words.set(key, said);
    }),
  );
  return (one, container) => (isSilent(container) ? words.get(kindOf(one, container)) : undefined);
}

const stoppedAt = (task: Task) => task.stoppedAt?.getTime() ?? Number.POSITIVE_INFINITY;
const kindOf = ({ architecture }: Stopped, { name, exitCode }: Container) =>
  [architecture, name, exitCode].join("\n");

/** 137 and 143 are those that ECS has stopped with the one that failed. */
function isSilent({ exitCode = 0, reason }: Container): boolean {
  return reason === undefined && ![0, 137, 143].includes(exitCode);
}

const loggingSchema = z.array(
  z.looseObject({
    name: z.string().optional(),
    logConfiguration: z
      .looseObject({ logDriver: z.string().optional(), options: z.record(z.string(), z.string()).optional() })
      .optional(),
  }),
);

/** By container, its log group and the prefix of its streams. */
async function logsOf(
  aws: Aws,
  taskDefinition: string,
): Promise<ReadonlyMap<string, { readonly group: string; readonly prefix: string }>> {
  const { taskDefinition: found } = await aws.ecs.describeTaskDefinition({ taskDefinition });
  const containers = loggingSchema.parse(found?.containerDefinitions ?? []);
  return new Map(
    containers.flatMap(({ name = "", logConfiguration: { logDriver, options = {} } = {} }) => {
      const [group, prefix] = [options["awslogs-group"], options["awslogs-stream-prefix"]];
      return logDriver === "awslogs" && group !== undefined && prefix !== undefined
        ? [[name, { group, prefix }]]
        : [];
    }),
  );
}

async function lastLine(
  aws: Aws,
  log: { readonly group: string; readonly prefix: string } | undefined,
  { taskArn = "" }: Task,
  { name = "" }: Container,
): Promise<string | undefined> {
  if (log === undefined) return undefined;
  try {
    const { events = [] } = await aws.logs.getLogEvents({
      logGroupName: log.group,
      logStreamName: `${log.prefix}/${name}/${taskArn.split("/").at(-1)}`,
      limit: LINES,
      startFromHead: false,
    });
    const last = events.map(({ message = "" }) => message.trim()).findLast((line) => line !== "");
    return last === undefined ? undefined : redact(last).slice(0, LONGEST);
  } catch {
    // A log that is not there, or may not be read, has no lines: the verdict is known without.
    return undefined;
  }
}
