/**
 * The media types an image is made of.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/media-types.md
 */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
export const DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip";

export const imageMediaTypes: readonly string[] = [OCI_MANIFEST, DOCKER_MANIFEST];
export const indexMediaTypes: readonly string[] = [OCI_INDEX, DOCKER_LIST];

const dockerToOci: Readonly<Record<string, string>> = {
  [DOCKER_MANIFEST]: OCI_MANIFEST,
  [DOCKER_LIST]: OCI_INDEX,
  [DOCKER_CONFIG]: OCI_CONFIG,
  [DOCKER_LAYER_GZIP]: OCI_LAYER_GZIP,
  "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.docker.image.rootfs.diff.tar.zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
};

const ociToDocker: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(dockerToOci).map(([docker, oci]) => [oci, docker]),
);

/** The OCI name of a Docker media type; any other is given back as it is. */
export function asOci(mediaType: string): string {
  return dockerToOci[mediaType] ?? mediaType;
}

/** The Docker name of an OCI media type; any other is given back as it is. */
export function asDocker(mediaType: string): string {
  return ociToDocker[mediaType] ?? mediaType;
}

/** Layers that a registry need not hold, because their licence forbids it: clients fetch them from their `urls`. */
export function isForeignLayer(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".rootfs.foreign.");
}
