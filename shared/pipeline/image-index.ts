import type { Platform } from "./definition.ts";
import type { BuiltImage } from "./events.ts";

/** OCI image index, https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md */
export const INDEX_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json";

/** The manifests of a single image, OCI and Docker. */
export const IMAGE_MEDIA_TYPES: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** All that a child may be; always sent, so that nothing is converted. */
export const ACCEPTED_MEDIA_TYPES: readonly string[] = [
  ...IMAGE_MEDIA_TYPES,
  INDEX_MEDIA_TYPE,
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** A child as its build reported it and as the registry holds it. */
export interface Child {
  readonly platform: Platform;
  readonly built: BuiltImage;
  /** The manifest's bytes as text, and what they hash to. */
  readonly manifest: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * What is wrong with a child, for a person; undefined when the image really is what its build said and of its
 * platform. The build read the platform from the configuration it had pushed; the manifest must name just that
 * configuration.
 */
export function childFault(child: Child): string | undefined {
  const { built, platform } = child;
  const what = `the ${platform} image ${built.digest}`;
  if (child.digest !== built.digest) return `${what} is ${child.digest} in the registry`;
  if (child.size !== built.size)
    return `${what} has ${child.size} bytes in the registry, its build said ${built.size}`;
  if (!IMAGE_MEDIA_TYPES.includes(built.mediaType)) {
    return `${what} is a ${built.mediaType}: build with --provenance=false, so that a platform is one image`;
  }
  const config = configDigestOf(child.manifest);
  if (config !== built.configDigest) {
    return `${what} has the configuration ${config ?? "(none)"}, its build read ${built.configDigest}`;
  }
  return samePlatform(built.configPlatform, platform)
    ? undefined
    : `${what} was built for ${built.configPlatform}: its Dockerfile takes another platform than $TARGETPLATFORM`;
}

function configDigestOf(manifest: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(manifest);
    if (typeof parsed !== "object" || parsed === null || !("config" in parsed)) return undefined;
    const { config } = parsed;
    if (typeof config !== "object" || config === null || !("digest" in config)) return undefined;
    return typeof config.digest === "string" ? config.digest : undefined;
  } catch {
    return undefined;
  }
}

/** `linux/arm64/v8` is `linux/arm64`: v8 is the only variant there is. */
function samePlatform(a: string, b: string): boolean {
  const normal = (platform: string) => platform.replace(/^linux\/arm64\/v8$/, "linux/arm64");
  return normal(a) === normal(b);
}

/**
 * The index over the children, as bytes: the same children in any order give the same text, hence the same digest.
 * @param revision the commit, as `org.opencontainers.image.revision`
 */
export function imageIndex(
  children: readonly { readonly platform: Platform; readonly built: BuiltImage }[],
  revision: string,
): string {
  const manifests = [...children]
    .sort((a, b) => (a.platform < b.platform ? -1 : 1))
    .map(({ platform, built }) => {
      const [os = "", architecture = "", variant] = platform.split("/");
      return {
        mediaType: built.mediaType,
        digest: built.digest,
        size: built.size,
        platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
      };
    });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX_MEDIA_TYPE,
    manifests,
    annotations: { "org.opencontainers.image.revision": revision },
  });
}
