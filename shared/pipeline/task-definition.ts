import type { DeploymentKey } from "./events.ts";

/** A task definition as ECS describes and registers it; only the fields that a release touches are named. */
export interface TaskDefinitionDocument {
  readonly taskDefinitionArn?: string | undefined;
  readonly containerDefinitions?: readonly ContainerDocument[] | undefined;
  readonly [field: string]: unknown;
}

export interface ContainerDocument {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly [field: string]: unknown;
}

/**
 * What DescribeTaskDefinition returns and RegisterTaskDefinition does not take.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
 */
const READ_ONLY = [
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
  "deleteRequestedAt",
];

/** The images of the named containers, now and in the release. Containers that do not exist are listed as missing. */
export function imageChanges(
  base: TaskDefinitionDocument,
  release: Readonly<Record<string, string>>,
): {
  readonly images: Readonly<Record<string, { readonly from: string; readonly to: string }>>;
  readonly missing: readonly string[];
  readonly containers: readonly string[];
} {
  const images: Record<string, { from: string; to: string }> = {};
  const missing: string[] = [];
  const containers = base.containerDefinitions ?? [];
  for (const [name, to] of Object.entries(release)) {
    const container = containers.find((candidate) => candidate.name === name);
    if (container === undefined) missing.push(name);
    else images[name] = { from: container.image ?? "", to };
  }
  return {
    images,
    missing,
    containers: containers.flatMap(({ name }) => (name === undefined ? [] : [name])),
  };
}

/**
 * The next revision: the base with the release's images and nothing else changed. Fields we do not know are kept,
 * those that only ECS may set are dropped.
 */
export function releaseTaskDefinition(
  base: TaskDefinitionDocument,
  release: Readonly<Record<string, string>>,
): TaskDefinitionDocument {
  const kept = withoutReadOnly(base);
  const containerDefinitions = (base.containerDefinitions ?? []).map((container) => {
    const { name } = container;
    return name !== undefined && Object.hasOwn(release, name)
      ? { ...container, image: release[name] }
      : container;
  });
  return { ...kept, containerDefinitions };
}

/** Without what only ECS may set. */
export function withoutReadOnly(document: TaskDefinitionDocument): TaskDefinitionDocument {
  return Object.fromEntries(
    Object.entries(document).filter(([field, value]) => value !== undefined && !READ_ONLY.includes(field)),
  );
}

/**
 * The tags by which a revision is found again: ECS's RegisterTaskDefinition knows no client token. The base is among them,
 * so that a revision made from what has been changed since is not taken for the one that was approved.
 */
export function revisionTags(
  run: { readonly id: string; readonly revision: { readonly commit: string } },
  { stage, cluster, service }: DeploymentKey,
  base: TaskDefinitionDocument,
): Readonly<Record<string, string>> {
  return {
    "tandem:run": run.id,
    "tandem:commit": run.revision.commit,
    "tandem:stage": stage,
    // Two services may begin from the same revision, and map its containers differently.
    "tandem:service": `${cluster}/${service}`,
    "tandem:base": base.taskDefinitionArn ?? "",
  };
}

/** Whether a revision has the release's images already. */
export function runsAlready(base: TaskDefinitionDocument, images: Readonly<Record<string, string>>): boolean {
  return Object.entries(images).every(
    ([name, image]) =>
      base.containerDefinitions?.find((container) => container.name === name)?.image === image,
  );
}
