import type { Aws } from "../../shared/effects/aws.ts";
import type { Platform } from "../../shared/pipeline/definition.ts";
import type { BuiltImage, RunEventOf } from "../../shared/pipeline/events.ts";
import { buildSucceeded, built, digest } from "../pipeline/given.ts";
import { awsError, sha256 } from "./fakes.ts";

const configOf = (platform: Platform) => digest(`config of ${platform}`);
export const manifestOf = (platform: Platform) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: configOf(platform), size: 2 },
    layers: [],
  });

/** A successful build whose digest really is its manifest's. */
export function succeeded(
  platform: Platform,
  change: Partial<BuiltImage> = {},
): RunEventOf<"build.succeeded"> & { readonly built: BuiltImage } {
  const manifest = manifestOf(platform);
  return {
    ...buildSucceeded(platform),
    built: { ...built(platform), digest: `sha256:${sha256(manifest)}`, size: manifest.length, ...change },
  };
}

/** A registry that holds the manifests of both platforms, and these tags. */
export function registry(
  options: { readonly immutable?: Readonly<Record<string, string>>; readonly missing?: Platform } = {},
): Pick<Aws["ecr"], "batchGetImage" | "getDownloadUrlForLayer" | "putImage"> {
  const platforms = (["linux/amd64", "linux/arm64"] as const).filter(
    (platform) => platform !== options.missing,
  );
  const put: string[] = [];
  return {
    batchGetImage: async ({ imageIds = [] }) => ({
      images: [...platforms.map(manifestOf), ...put].flatMap((imageManifest) => {
        const imageDigest = `sha256:${sha256(imageManifest)}`;
        return imageIds.some((id) => id.imageDigest === imageDigest)
          ? [{ imageId: { imageDigest }, imageManifest }]
          : [];
      }),
    }),
    getDownloadUrlForLayer: () => Promise.reject(awsError("LayersNotFoundException")),
    putImage: async ({ imageTag = "", imageManifest = "" }) => {
      put.push(imageManifest);
      const taken = options.immutable?.[imageTag];
      if (taken === undefined) return {};
      throw awsError(
        taken === `sha256:${sha256(imageManifest)}`
          ? "ImageAlreadyExistsException"
          : "ImageTagAlreadyExistsException",
      );
    },
  };
}
