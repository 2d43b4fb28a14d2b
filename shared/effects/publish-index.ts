import type { Command } from "../pipeline/commands.ts";
import type { ImageDefinition } from "../pipeline/definition.ts";
import type { RunEventOf, SkippedTag } from "../pipeline/events.ts";
import { type BuiltChild, imageIndex } from "../pipeline/image-index.ts";
import { indexAnnotations } from "../pipeline/index-annotations.ts";
import { liveTag } from "../pipeline/lifecycle.ts";
import { INDEX_MEDIA_TYPE } from "../pipeline/media-types.ts";
import type { Run } from "../pipeline/run.ts";
import { tagsFor } from "../pipeline/tags.ts";
import { refusalOf } from "./access-denied.ts";
import { checkChildren } from "./check-children.ts";
import { claimTags } from "./claim-tags.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";
import { changePipeline } from "./pipeline-stream.ts";
import type { NewManifest, Repository } from "./registry.ts";
import { repositoryOf, repositoryUri } from "./repositories.ts";

/**
 * Publishes the index over an image's platforms. At ECR that is one BatchGetImage to see that the children are what their
 * builds said, and one PutImage per tag, side by side: a tag never names an index that is not whole, since the registry
 * takes one only when it has its children. The same bytes again are a no-op, also under immutable tags.
 */
export async function publishIndex(
  context: EffectContext,
  run: Run,
  { image }: Extract<Command, { readonly type: "publish-index" }>,
): Promise<Outcome> {
  const failed = (reason: string, remedy?: string): Outcome =>
    facts({
      type: "index.failed",
      at: context.now(),
      image: image.name,
      failure: { reason, ...(remedy === undefined ? {} : { remedy }) },
    });
  try {
    const repository = await repositoryOf(context, image);
    const builds = builtChildren(run, image.name);
    const { tags, skipped, origins } = tagsFor(image.tags, run.revision);
    const [children, taken] = await Promise.all([
      checkChildren(repository, image, builds),
      claimTags(context, run, image, origins),
    ]);
    if ("fault" in children) return failed(children.fault);

    const committedAt = builds.find(({ built }) => built.committedAt !== undefined)?.built.committedAt;
    const text = imageIndex(
      children.ok,
      indexAnnotations(run.revision, sourceUrl(context, run), committedAt),
    );
    const manifest = { text, mediaType: INDEX_MEDIA_TYPE, digest: `sha256:${context.sha256(text)}` };
    const free = tags.filter((tag) => !taken.some((skip) => skip.tag === tag));
    const put = await putTags(repository, manifest, free, ownTags(run, image), run.revision.commit);
    const event: RunEventOf<"index.published"> = {
      type: "index.published",
      at: context.now(),
      image: image.name,
      repositoryUri: repositoryUri(context.settings, image),
      digest: manifest.digest,
      size: new TextEncoder().encode(text).length,
      mediaType: INDEX_MEDIA_TYPE,
      tags: put.tags,
      skippedTags: [...skipped, ...taken, ...put.skipped],
      children: children.ok.map((part) => part.image.digest),
    };
    if (image.paths.length > 0) await remember(context, run, event);
    return facts(event);
  } catch (error) {
    if (isError(error, "RepositoryNotFoundException")) {
      return failed(`the ECR repository ${image.name} does not exist`, missingRemedy(image));
    }
    if (isFinal(error, image)) {
      const { reason, remedy } = refusalOf(`ECR refused the index of ${image.name}`, error);
      return failed(reason, remedy);
    }
    throw error;
  }
}

/** A permission that a role lacks, it lacks for good; a registry's token is another at the next try. */
function isFinal(error: unknown, { registry }: ImageDefinition): error is Error {
  if (isError(error, "AccessDeniedException")) return registry === undefined;
  return isError(
    error,
    "ReferencedImagesNotFoundException",
    "LimitExceededException",
    "InvalidParameterException",
  );
}

function missingRemedy({ name, registry }: ImageDefinition): string {
  return registry === undefined
    ? "deploy the stack again: it creates one per image"
    : `create it: aws ecr-public create-repository --region us-east-1 --repository-name ${name}`;
}

/** Where the commit can be looked at. */
function sourceUrl({ settings }: EffectContext, { definition: { source } }: Run): string {
  return source.type === "github"
    ? `${settings.githubUrl}/${source.repository}`
    : settings.codecommitUrl + source.repository;
}

/**
 * Later runs that need not build the image take its newest index: ECR may not expire that one. Where tags are immutable, one of
 * its own keeps it.
 */
function ownTags(
  run: Run,
  { paths, retention }: ImageDefinition,
): readonly (readonly [moving: string, fixed: string])[] {
  if (retention === undefined || paths.length === 0) return [];
  const tag = liveTag(run.definition.name);
  return [[tag, `${tag}.${run.sequence}`]];
}

/** What the image's builds have pushed. */
function builtChildren(run: Run, image: string): readonly BuiltChild[] {
  return run.builds.flatMap(({ image: name, platform, state }) =>
    name === image && state.status === "succeeded" && state.built !== "unpushed"
      ? [{ platform, built: state.built }]
      : [],
  );
}

/** Kept with the pipeline, for runs that need not build this image; an older run never replaces a newer one's. */
async function remember(
  context: EffectContext,
  run: Run,
  event: RunEventOf<"index.published">,
): Promise<void> {
  const { image, repositoryUri, digest, size, mediaType, children } = event;
  const { id: runId, sequence } = run;
  const index = {
    runId,
    sequence,
    commit: run.revision.commit,
    repositoryUri,
    digest,
    size,
    mediaType,
    children,
  };
  await changePipeline(context.store, run.definition.name, ({ published }) =>
    (published[image]?.sequence ?? 0) >= sequence ? undefined : { type: "index.published", image, index },
  );
}

/**
 * Puts the index under every tag; under the commit's when none of them could be given, and under its digest alone when not
 * even that, so that it is published all the same.
 */
async function putTags(
  repository: Repository,
  manifest: NewManifest,
  wanted: readonly string[],
  own: readonly (readonly [moving: string, fixed: string])[],
  commit: string,
): Promise<{ readonly tags: readonly string[]; readonly skipped: readonly SkippedTag[] }> {
  const put = async (tag: string): Promise<SkippedTag | undefined> => {
    if ((await repository.put(manifest, tag)) === "stored") return undefined;
    // The same digest is a success, whatever a registry calls it.
    const named = await repository.tagged(tag);
    if (named === manifest.digest) return undefined;
    return { tag, why: `the tag is immutable and names ${named ?? "another image"}` };
  };
  const [skipped] = await Promise.all([
    Promise.all(wanted.map(put)).then((all) => all.filter((tag) => tag !== undefined)),
    ...own.map(async ([moving, fixed]) => {
      if ((await repository.put(manifest, moving)) === "immutable") await repository.put(manifest, fixed);
    }),
  ]);
  const tags = wanted.filter((tag) => !skipped.some((skip) => skip.tag === tag));
  if (tags.length > 0) return { tags, skipped };
  const collided = wanted.includes(commit) ? { tag: commit, why: "" } : await put(commit);
  if (collided === undefined) return { tags: [commit], skipped };
  await repository.put(manifest);
  return { tags, skipped };
}
