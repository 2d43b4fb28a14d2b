import { ecrHost, type ImageReference, parseImage } from "../pipeline/image-reference.ts";
import { isAttestation, parseManifest, platformOfConfig } from "../pipeline/manifest.ts";
import type { ImagePlatforms } from "../pipeline/placement.ts";
import { platformName } from "../pipeline/platforms.ts";
import { anonymousReader } from "./anonymous-registry.ts";
import type { EffectContext } from "./context.ts";
import { ecrReader } from "./ecr-reader.ts";
import { CannotRead, type ImageReader } from "./image-reader.ts";

/** Milliseconds for all requests about an image at a registry that is not ECR. */
const PATIENCE_MS = 3_000;

/**
 * The platforms of images, each asked for once as long as the returned function lives: those in ECR through its API (one
 * BatchGetImage, and one GetDownloadUrlForLayer for an image that is no index), all others anonymously at their registries. What
 * cannot be had is unknown, with the reason. That an image is gone is said of the pipelines' own repositories only: of any
 * other, hosts may know more than this function may see.
 * @param listed what indexes in the pipelines' own repositories list, by `REPOSITORY@DIGEST`: that has to be there as well
 * @param patience milliseconds for an image at another registry
 * @returns a function that throws what may work another time at ECR
 */
export function imagePlatforms(
  { aws, settings }: Pick<EffectContext, "aws" | "settings">,
  listed: ReadonlyMap<string, readonly string[]> = new Map(),
  patience = PATIENCE_MS,
): (image: string) => Promise<ImagePlatforms> {
  const own = Object.values(settings.repositoryUris);
  const hosts = [...new Set(own.map((uri) => uri.split("/")[0] ?? ""))];
  const region = hosts.map((host) => ecrHost(host)?.region).find((one) => one !== undefined);
  const answers = new Map<string, Promise<ImagePlatforms>>();

  const ask = async (text: string): Promise<ImagePlatforms> => {
    const image = parseImage(text);
    if (image === undefined) return { unknown: "it is no image reference" };
    const ecr = ecrHost(image.host);
    if (!hosts.includes(image.host) && ecr === undefined) {
      return orUnknown(platformsOf(image, anonymousReader(image, patience)));
    }
    if (ecr !== undefined && region !== undefined && ecr.region !== region) {
      return { unknown: `it is in another Region, ${ecr.region}` };
    }
    const isOwn = own.includes(`${image.host}/${image.repository}`);
    const answer = platformsOf(image, ecrReader(aws, image, ecr?.account, isOwn ? listed.get(text) : []));
    return isOwn ? answer : orUnknown(answer);
  };
  return (image) => {
    const answer = answers.get(image) ?? ask(image);
    answers.set(image, answer);
    return answer;
  };
}

/** What is gone at somebody else's is only unknown here, and so is what he does not tell. */
async function orUnknown(answer: Promise<ImagePlatforms>): Promise<ImagePlatforms> {
  const found = await answer;
  return "gone" in found ? { unknown: found.gone } : found;
}

async function platformsOf(image: ImageReference, reader: ImageReader): Promise<ImagePlatforms> {
  try {
    const read = await reader.manifest(image.reference);
    if (read === undefined) return { gone: `there is no image ${image.reference} in ${image.repository}` };
    const manifest = parseManifest(read.text);
    if (manifest === undefined) return { unknown: "its manifest is of no known kind" };
    if (manifest.kind === "index") {
      const children = manifest.manifests.flatMap((entry) =>
        entry.platform === undefined || isAttestation(entry)
          ? []
          : [{ digest: entry.digest, platform: platformName(entry.platform) }],
      );
      const gone = goneChildren(image, children, read.missing);
      if (gone !== undefined) return { gone };
      const platforms = children.map(({ platform }) => platform);
      return platforms.length > 0
        ? { platforms: [...new Set(platforms)].sort() }
        : { unknown: "its index names no platform" };
    }
    const config = await reader.config(manifest.config.digest);
    const platform = config === undefined ? undefined : platformOfConfig(config);
    return platform === undefined
      ? { unknown: "its configuration names no platform" }
      : { platforms: [platform] };
  } catch (error) {
    if (error instanceof CannotRead) return { unknown: error.message };
    throw error;
  }
}

/** An index lists images that somebody may have deleted, or archived, since: no host of that platform could pull it. */
function goneChildren(
  { repository, reference }: ImageReference,
  children: readonly { readonly digest: string; readonly platform: string }[],
  missing: readonly string[],
): string | undefined {
  const gone = children
    .filter(({ digest }) => missing.includes(digest))
    .map(({ digest, platform }) => `the ${platform} image ${digest}`);
  if (gone.length === 0) return undefined;
  return `${gone.join(" and ")}, which ${reference} lists, ${gone.length === 1 ? "is" : "are"} gone from ${repository}`;
}
