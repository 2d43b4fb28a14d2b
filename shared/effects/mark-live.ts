import { fixedLiveTag, liveTag, releaseTag } from "../pipeline/lifecycle.ts";
import type { Run } from "../pipeline/run.ts";
import { type EffectContext, isError } from "./context.ts";
import type { NewManifest, Repository } from "./registry.ts";
import { repositoryOf } from "./repositories.ts";

/**
 * Tells ECR what a stage runs now, by tags that the repository's lifecycle policy keeps: one moves along, one stays on the
 * release. To be called when a stage has succeeded, also after going back to an earlier release; doing it again changes
 * nothing. Only images with `retention` are tagged: of the others ECR expires nothing.
 * @returns what could not be done, for the log: the stage has succeeded all the same
 * @throws what another try may mend, e.g. throttling
 */
export async function markLive(
  context: EffectContext,
  run: Run,
  stageName: string,
): Promise<readonly string[]> {
  const stage = run.stages.find(({ definition }) => definition.name === stageName)?.definition;
  const deployed = new Set(stage?.deploy.flatMap(({ containers }) => Object.values(containers)));
  const marked = await Promise.all(
    run.images.map(async ({ definition, state }) => {
      const { name, retention, registry } = definition;
      if (state.status !== "published" || !deployed.has(name)) return [];
      if (retention === undefined || registry !== undefined) return [];
      return mark(await repositoryOf(context, definition), state.digest, run, stageName, name);
    }),
  );
  return marked.flat();
}

async function mark(
  repository: Repository,
  digest: string,
  run: Run,
  stage: string,
  image: string,
): Promise<readonly string[]> {
  const pipeline = run.definition.name;
  try {
    const found = (await repository.manifests([digest])).get(digest);
    if (found === undefined) return [`${image}@${digest} runs in ${stage}, but is gone from its repository`];
    const mediaType = mediaTypeOf(found.text);
    const manifest: NewManifest = { text: found.text, mediaType, digest };
    const [live] = await Promise.all([
      repository.put(manifest, liveTag(pipeline, stage)),
      repository.put(manifest, releaseTag(pipeline, stage, run.sequence)),
    ]);
    // Where tags are immutable the moving one cannot move: one of its own keeps the image, for good.
    if (live === "immutable") await repository.put(manifest, fixedLiveTag(pipeline, stage, run.sequence));
    return [];
  } catch (error) {
    if (!isError(error, "RepositoryNotFoundException", "LimitExceededException", "InvalidParameterException"))
      throw error;
    return [`${image}@${digest} could not be marked as what ${stage} runs: ${error.message}`];
  }
}

/** What Tandem publishes says its own type. */
function mediaTypeOf(text: string): string {
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest === "object" && manifest !== null && "mediaType" in manifest) {
    if (typeof manifest.mediaType === "string") return manifest.mediaType;
  }
  throw new Error("an index names no media type");
}
