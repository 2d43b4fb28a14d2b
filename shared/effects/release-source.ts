import type { EcsDeployment } from "../pipeline/definition.ts";
import type { PreparedDeployment } from "../pipeline/events.ts";
import { serviceKey } from "../pipeline/leaving.ts";
import { refName } from "../pipeline/messages.ts";
import type { Run } from "../pipeline/run.ts";
import { releaseTaskDefinition, type TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import { readTaskDefinition } from "../pipeline/task-definition-file.ts";
import type { Aws } from "./aws.ts";
import { type EffectContext, isError } from "./context.ts";
import type { Found } from "./find-service.ts";
import { repositoryFile } from "./repository-file.ts";

/** What the release's revision is made from. */
export interface ReleaseSource {
  /** The service's revision, the family's newest, or the file; with the ARN it stands for. */
  readonly base: TaskDefinitionDocument;
  /** Container to `REPOSITORY@DIGEST`. */
  readonly images: Readonly<Record<string, string>>;
  /** How many values change beside the images. */
  readonly changes: number;
  /** A revision that is used as it is: a rollback's. */
  readonly restore?: string;
}

/** `REPOSITORY@DIGEST` of every container the deployment names. */
export function releaseImages(run: Run, deployment: EcsDeployment): Readonly<Record<string, string>> {
  const images: Record<string, string> = {};
  for (const [container, name] of Object.entries(deployment.containers)) {
    const image = run.images.find(({ definition }) => definition.name === name);
    if (image?.state.status === "published")
      images[container] = `${image.state.repositoryUri}@${image.state.digest}`;
  }
  return images;
}

/** What is to be registered. */
export function nextDocument({ base, images }: ReleaseSource): TaskDefinitionDocument {
  return releaseTaskDefinition(base, images);
}

export async function describeTaskDefinition(aws: Aws, arn: string): Promise<TaskDefinitionDocument> {
  const { taskDefinition } = await aws.ecs.describeTaskDefinition({ taskDefinition: arn });
  return Object.fromEntries(Object.entries(taskDefinition ?? {}));
}

/** As it was prepared: the same again for every attempt. */
export async function releaseSource(
  context: EffectContext,
  run: Run,
  target: EcsDeployment,
  prepared: Pick<
    PreparedDeployment,
    "cluster" | "service" | "baseTaskDefinition" | "fromTaskDefinition" | "changes"
  >,
): Promise<Found<ReleaseSource>> {
  const images = releaseImages(run, target);
  const changes = prepared.changes?.length ?? 0;
  const restore = run.restore?.[serviceKey(prepared)];
  const kept = restore === undefined ? undefined : await keptRevision(context.aws, restore);
  if (restore !== undefined && kept !== undefined) {
    return {
      found: { base: kept, images, changes: 1, ...(kept.status === "ACTIVE" ? { restore } : {}) },
    };
  }
  const from = target.taskDefinition;
  if (from?.from === "file") {
    const text = await repositoryFile(context, run.definition.source, run.revision.commit, from.file);
    if ("failure" in text) return text;
    const read = readTaskDefinition(from.file, text.found, { ...variablesOf(run), ...from.variables });
    if ("failure" in read) return read;
    // For the tags: two bases, two revisions.
    const base = { ...read.document, taskDefinitionArn: prepared.baseTaskDefinition };
    return { found: { base, images, changes } };
  }
  const base = await describeTaskDefinition(
    context.aws,
    prepared.fromTaskDefinition ?? prepared.baseTaskDefinition,
  );
  return { found: { base, images, changes } };
}

/** A revision that has been deleted since is made anew from what the service runs, with the release's images. */
async function keptRevision(aws: Aws, arn: string): Promise<TaskDefinitionDocument | undefined> {
  try {
    return await describeTaskDefinition(aws, arn);
  } catch (error) {
    if (!isError(error, "ClientException", "InvalidParameterException")) throw error;
    return undefined;
  }
}

/** What every file may name without being given it. */
function variablesOf(run: Run): Readonly<Record<string, string>> {
  return {
    TANDEM_COMMIT: run.revision.commit,
    TANDEM_REF: refName(run.revision.ref),
    TANDEM_RUN: run.id,
  };
}
