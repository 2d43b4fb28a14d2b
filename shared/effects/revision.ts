import type { RegisterTaskDefinitionCommandInput } from "@aws-sdk/client-ecs";
import type { DeploymentKey } from "../pipeline/events.ts";
import type { Run } from "../pipeline/run.ts";
import { revisionTags, type TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import type { EffectContext } from "./context.ts";

/**
 * Registers the release's revision. ECS takes no client token here, so the revision carries the run in its tags, and a claim
 * that is taken over looks for it first.
 * @param base what the tags say it was made from
 * @param document what is registered, without the fields that only ECS sets
 * @returns its ARN
 */
export async function registerRevision(
  context: EffectContext,
  run: Run,
  key: DeploymentKey,
  base: TaskDefinitionDocument,
  document: TaskDefinitionDocument,
): Promise<string> {
  const tags = revisionTags(run, key, base);
  const { taskDefinition } = await context.aws.ecs.registerTaskDefinition({
    // What DescribeTaskDefinition gave is what RegisterTaskDefinition takes, less the fields that only ECS sets.
    ...(document as unknown as RegisterTaskDefinitionCommandInput),
    tags: [...ownTags(document, tags), ...Object.entries(tags).map(([key, value]) => ({ key, value }))],
  });
  if (taskDefinition?.taskDefinitionArn === undefined)
    throw new Error("RegisterTaskDefinition answered without an ARN");
  return taskDefinition.taskDefinitionArn;
}

/** Those that a file gives its revision stay, beside ours. */
function ownTags(
  { tags }: TaskDefinitionDocument,
  ours: Readonly<Record<string, string>>,
): { key: string; value: string }[] {
  if (!Array.isArray(tags)) return [];
  return tags.flatMap((tag: unknown) => {
    if (typeof tag !== "object" || tag === null || !("key" in tag) || typeof tag.key !== "string") return [];
    const value = "value" in tag && typeof tag.value === "string" ? tag.value : "";
    return Object.hasOwn(ours, tag.key) ? [] : [{ key: tag.key, value }];
  });
}

/** The newest revision of the family that carries this run, stage and base in its tags. */
export async function findRevision(
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
