import type { ImageDetail } from "@aws-sdk/client-ecr";
import type { LifecyclePolicy } from "../pipeline/lifecycle.ts";
import { type RepositoryImage, simulateLifecycle } from "../pipeline/lifecycle-simulation.ts";
import { parseManifest } from "../pipeline/manifest.ts";
import { INDEX_MEDIA_TYPES } from "../pipeline/media-types.ts";
import { type RetentionReport, retainedImages } from "../pipeline/retention.ts";
import { type EffectContext, isError } from "./context.ts";
import type { ImageInUse } from "./images-in-use.ts";
import type { Repository } from "./registry.ts";
import { repositoryOf } from "./repositories.ts";

type Context = Pick<EffectContext, "aws" | "settings" | "sha256" | "now">;

/**
 * What the generated policy does to the images of a repository as they are, against what ECS runs.
 * @param inUse of all repositories; those of this one are looked at
 * @throws what ECR answers when the repository is not there, or may not be read
 */
export async function retentionReport(
  context: Context,
  repositoryName: string,
  policy: LifecyclePolicy,
  inUse: readonly ImageInUse[],
): Promise<RetentionReport> {
  const repository = await repositoryOf(context, { name: repositoryName });
  const [images, applied] = await Promise.all([
    repositoryImages(context, repositoryName, repository),
    appliedPolicy(context, repositoryName),
  ]);
  const fates = simulateLifecycle(policy, images, context.now());
  const uri = context.settings.repositoryUris[repositoryName] ?? repositoryName;
  const used = digestsInUse(
    inUse.filter((one) => `${one.host}/${one.repository}` === uri),
    images,
  );
  const { images: retained, problems } = retainedImages(fates, used.digests);
  const state =
    applied === undefined ? "none" : sameJson(applied, JSON.stringify(policy)) ? "applied" : "other";
  return {
    repository: repositoryName,
    policy: state,
    rules: policy.rules,
    images: retained,
    problems: [...problems, ...used.problems, ...policyProblems(repositoryName, state)],
  };
}

function policyProblems(repository: string, state: RetentionReport["policy"]): readonly string[] {
  const remedy = "deploy the stack again";
  if (state === "applied") return [];
  return state === "none"
    ? [`${repository} has no lifecycle policy in ECR, so nothing expires: ${remedy}`]
    : [`${repository} has another lifecycle policy in ECR than the generated one: ${remedy}`];
}

async function repositoryImages(
  { aws }: Context,
  repositoryName: string,
  repository: Repository,
): Promise<readonly RepositoryImage[]> {
  const details: ImageDetail[] = [];
  let nextToken: string | undefined;
  do {
    const page = await aws.ecr.describeImages({
      repositoryName,
      maxResults: 1000,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    details.push(...(page.imageDetails ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  const indexes = details.flatMap(({ imageDigest, imageManifestMediaType = "" }) =>
    imageDigest !== undefined && INDEX_MEDIA_TYPES.includes(imageManifestMediaType) ? [imageDigest] : [],
  );
  const manifests = await repository.manifests(indexes);
  return details.flatMap(({ imageDigest, imageTags = [], imagePushedAt, subjectManifestDigest }) => {
    if (imageDigest === undefined) return [];
    const manifest = parseManifest(manifests.get(imageDigest)?.text ?? "");
    return [
      {
        digest: imageDigest,
        tags: imageTags,
        pushedAt: imagePushedAt?.getTime() ?? 0,
        children: manifest?.kind === "index" ? manifest.manifests.map(({ digest }) => digest) : [],
        ...(subjectManifestDigest === undefined ? {} : { subject: subjectManifestDigest }),
      },
    ];
  });
}

async function appliedPolicy({ aws }: Context, repositoryName: string): Promise<string | undefined> {
  try {
    const { lifecyclePolicyText } = await aws.ecr.getLifecyclePolicy({ repositoryName });
    return lifecyclePolicyText;
  } catch (error) {
    if (isError(error, "LifecyclePolicyNotFoundException")) return undefined;
    throw error;
  }
}

/** ECR hands a policy out in a spelling of its own: spaces, and the order of keys. */
function sameJson(a: string, b: string): boolean {
  const normal = (text: string) =>
    JSON.stringify(JSON.parse(text), (_key, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
        : value,
    );
  return normal(a) === normal(b);
}

/** By digest, the services that run it. A tag is what it names now. */
function digestsInUse(
  inUse: readonly ImageInUse[],
  images: readonly RepositoryImage[],
): { readonly digests: ReadonlyMap<string, readonly string[]>; readonly problems: readonly string[] } {
  const digests = new Map<string, readonly string[]>();
  const problems: string[] = [];
  for (const { reference, services } of inUse) {
    const digest = reference.startsWith("sha256:")
      ? reference
      : images.find(({ tags }) => tags.includes(reference))?.digest;
    if (digest === undefined)
      problems.push(`no image has the tag ${reference}, and ${services.join(", ")} runs it`);
    else digests.set(digest, [...new Set([...(digests.get(digest) ?? []), ...services])]);
  }
  return { digests, problems };
}
