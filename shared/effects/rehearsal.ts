import type { ImageFailure } from "@aws-sdk/client-ecr";
import { ecrHost, parseImage } from "../pipeline/image-reference.ts";
import { parseManifest } from "../pipeline/manifest.ts";
import { ACCEPTED_MEDIA_TYPES } from "../pipeline/media-types.ts";
import type { TaskDefinitionDocument } from "../pipeline/task-definition.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

/** What a service would go back to. */
export interface RollbackTarget {
  /** ARN of the revision. */
  readonly taskDefinition: string;
  /** Images that have to be there, too, besides those of its containers: `REPOSITORY@DIGEST`. */
  readonly images?: readonly string[];
}

/**
 * Rehearses going back: whether the revision is still there, and its images with everything they list. One that is INACTIVE
 * will do: the same is registered once more.
 * @returns why it would not work, for people; empty when it would
 */
export async function rollbackReady(
  aws: Pick<Aws, "ecr" | "ecs">,
  { taskDefinition, images = [] }: RollbackTarget,
): Promise<readonly string[]> {
  try {
    const { taskDefinition: document } = await aws.ecs.describeTaskDefinition({ taskDefinition });
    const { status: _status, ...rest } = Object.fromEntries(Object.entries(document ?? {}));
    return await rollbackProblems(aws, rest, images);
  } catch (error) {
    if (!isError(error, "ClientException", "InvalidParameterException")) throw error;
    return [`the task definition ${taskDefinition} does not exist any more`];
  }
}

/**
 * The same of a revision that has been described already, and would have to be used as it is.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-definition-state.html: an INACTIVE revision starts no new
 * deployment. https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_image.html: nobody can pull an archived image.
 */
export async function rollbackProblems(
  aws: Pick<Aws, "ecr">,
  document: TaskDefinitionDocument,
  images: readonly string[] = [],
): Promise<readonly string[]> {
  const { taskDefinitionArn = "the task definition", status, containerDefinitions = [] } = document;
  const named = containerDefinitions.flatMap(({ image }) => (image === undefined ? [] : [image]));
  const found = await Promise.all(
    [...byRepository([...named, ...images])].map(([, place]) => repositoryProblems(aws.ecr, place)),
  );
  return [
    ...(status === undefined || status === "ACTIVE"
      ? []
      : [`${taskDefinitionArn} is ${String(status)}: no deployment can use it`]),
    ...found.flat(),
  ];
}

interface Place {
  readonly repositoryName: string;
  readonly registryId?: string;
  readonly references: readonly string[];
}

/** The images that are in ECR, by repository; what is elsewhere is not Tandem's to rehearse. */
function byRepository(images: readonly string[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const text of new Set(images)) {
    const image = parseImage(text);
    if (image === undefined) continue;
    const ecr = ecrHost(image.host);
    // The laptop's ECR is at the loopback; what it keeps for ECR Public is not asked for by its API.
    const local =
      /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(image.host) && !image.repository.includes("ecr.aws/");
    if (ecr === undefined && !local) continue;
    const key = `${image.host}/${image.repository}`;
    places.set(key, {
      repositoryName: image.repository,
      ...(ecr === undefined ? {} : { registryId: ecr.account }),
      references: [...(places.get(key)?.references ?? []), image.reference],
    });
  }
  return places;
}

/** Three calls for a repository: its images, what they list, and whether any of it is archived. */
async function repositoryProblems(
  ecr: Aws["ecr"],
  { references, ...where }: Place,
): Promise<readonly string[]> {
  const { repositoryName } = where;
  try {
    const images = await get(ecr, where, references);
    const children = [...new Set(images.found.flatMap(({ children }) => children))];
    const listed = children.length === 0 ? NOTHING : await get(ecr, where, children);
    const there = [...images.found, ...listed.found].map(({ digest }) => digest);
    return [
      ...images.missing.map((one) => `the image ${one} is gone from ${repositoryName}`),
      ...listed.missing.map(
        (one) => `the image ${one}, which an index lists, is gone from ${repositoryName}`,
      ),
      ...(await archived(ecr, where, there)),
    ];
  } catch (error) {
    if (isError(error, "RepositoryNotFoundException")) {
      return [`the repository ${repositoryName} does not exist any more`];
    }
    // Somebody else's account: what may not be looked at is no sign of anything.
    if (isError(error, "AccessDeniedException")) return [];
    throw error;
  }
}

type Where = Omit<Place, "references">;

interface Looked {
  readonly found: readonly { readonly digest: string; readonly children: readonly string[] }[];
  readonly missing: readonly string[];
}
const NOTHING: Looked = { found: [], missing: [] };

async function get(ecr: Aws["ecr"], where: Where, references: readonly string[]): Promise<Looked> {
  const { images = [], failures = [] } = await ecr.batchGetImage({
    ...where,
    imageIds: references.map(imageId),
    acceptedMediaTypes: [...ACCEPTED_MEDIA_TYPES],
  });
  return {
    found: images.flatMap(({ imageId: id, imageManifest = "" }) => {
      const manifest = parseManifest(imageManifest);
      const children = manifest?.kind === "index" ? manifest.manifests.map(({ digest }) => digest) : [];
      return id?.imageDigest === undefined ? [] : [{ digest: id.imageDigest, children }];
    }),
    missing: failures.map(nameOf),
  };
}

const imageId = (reference: string) =>
  reference.startsWith("sha256:") ? { imageDigest: reference } : { imageTag: reference };

const nameOf = ({ imageId: id }: ImageFailure): string => id?.imageDigest ?? id?.imageTag ?? "(unnamed)";

async function archived(
  ecr: Aws["ecr"],
  where: Where,
  digests: readonly string[],
): Promise<readonly string[]> {
  if (digests.length === 0) return [];
  const { imageDetails = [] } = await ecr.describeImages({
    ...where,
    imageIds: digests.map((imageDigest) => ({ imageDigest })),
  });
  return imageDetails
    .filter(({ imageStatus }) => imageStatus !== undefined && imageStatus !== "ACTIVE")
    .map(
      ({ imageDigest, imageStatus }) =>
        `the image ${imageDigest} of ${where.repositoryName} is ${imageStatus}: restore it before it is needed`,
    );
}
