import type { Command } from "../pipeline/commands.ts";
import type { RunEventOf, SkippedTag } from "../pipeline/events.ts";
import {
  ACCEPTED_MEDIA_TYPES,
  type Child,
  childFault,
  INDEX_MEDIA_TYPE,
  imageIndex,
} from "../pipeline/image-index.ts";
import type { Run } from "../pipeline/run.ts";
import { tagsFor } from "../pipeline/tags.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";
import { changePipeline } from "./pipeline-stream.ts";

/**
 * Publishes the index over an image's platforms: one BatchGetImage to see that the children are what their builds said,
 * one PutImage per tag, side by side. The same bytes again are a no-op, also under immutable tags.
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
    const children = await fetchChildren(context, run, image.name);
    if (typeof children === "string") return failed(children);
    const fault = children.map(childFault).find((text) => text !== undefined);
    if (fault !== undefined) return failed(fault);

    const manifest = imageIndex(children, run.revision.commit);
    const digest = `sha256:${context.sha256(manifest)}`;
    const { tags, skipped } = tagsFor(image.tags, run.revision);
    const put = await putTags(context, image.name, manifest, digest, tags);
    const event: RunEventOf<"index.published"> = {
      type: "index.published",
      at: context.now(),
      image: image.name,
      repositoryUri: context.settings.repositoryUris[image.name] ?? image.name,
      digest,
      size: new TextEncoder().encode(manifest).length,
      mediaType: INDEX_MEDIA_TYPE,
      tags: put.tags,
      skippedTags: [...skipped, ...put.skipped],
      children: children.map(({ built }) => built.digest),
    };
    if (image.paths.length > 0) await remember(context, run, event);
    return facts(event);
  } catch (error) {
    if (isError(error, "RepositoryNotFoundException")) {
      return failed(
        `the ECR repository ${image.name} does not exist`,
        "deploy the stack again: it creates one per image",
      );
    }
    if (
      isError(
        error,
        "ReferencedImagesNotFoundException",
        "LimitExceededException",
        "InvalidParameterException",
      )
    ) {
      return failed(`ECR refused the index of ${image.name}: ${error.message}`);
    }
    throw error;
  }
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

/** The children as the registry holds them, with their own hashes; or what is missing. */
async function fetchChildren(
  context: EffectContext,
  run: Run,
  image: string,
): Promise<readonly Child[] | string> {
  const builds = run.builds.flatMap(({ image: name, platform, state }) =>
    name === image && state.status === "succeeded" && state.built !== "unpushed"
      ? [{ platform, built: state.built }]
      : [],
  );
  const { images = [] } = await context.aws.ecr.batchGetImage({
    repositoryName: image,
    imageIds: builds.map(({ built }) => ({ imageDigest: built.digest })),
    acceptedMediaTypes: [...ACCEPTED_MEDIA_TYPES],
  });
  const children: Child[] = [];
  for (const { platform, built } of builds) {
    const found = images.find(({ imageId }) => imageId?.imageDigest === built.digest);
    const manifest = found?.imageManifest;
    if (manifest === undefined)
      return `the ${platform} image ${built.digest} is not in the repository ${image}`;
    children.push({
      platform,
      built,
      manifest,
      digest: `sha256:${context.sha256(manifest)}`,
      size: new TextEncoder().encode(manifest).length,
    });
  }
  return children;
}

/** Puts the index under every tag; under its digest alone when no tag could be given, so that it is published all the same. */
async function putTags(
  context: EffectContext,
  repositoryName: string,
  imageManifest: string,
  imageDigest: string,
  wanted: readonly string[],
): Promise<{ readonly tags: readonly string[]; readonly skipped: readonly SkippedTag[] }> {
  const put = async (imageTag: string | undefined): Promise<SkippedTag | undefined> => {
    try {
      await context.aws.ecr.putImage({
        repositoryName,
        imageManifest,
        imageManifestMediaType: INDEX_MEDIA_TYPE,
        imageDigest,
        ...(imageTag === undefined ? {} : { imageTag }),
      });
    } catch (error) {
      if (isError(error, "ImageTagAlreadyExistsException")) {
        return { tag: imageTag ?? "", why: "the tag is immutable and names another image" };
      }
      if (!isError(error, "ImageAlreadyExistsException")) throw error;
    }
    return undefined;
  };
  const skipped = (await Promise.all(wanted.map(put))).filter((tag) => tag !== undefined);
  const tags = wanted.filter((tag) => !skipped.some((skip) => skip.tag === tag));
  if (tags.length === 0) await put(undefined);
  return { tags, skipped };
}
