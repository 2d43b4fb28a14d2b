/**
 * The media types an image is made of, in both families.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/media-types.md
 * https://distribution.github.io/distribution/spec/manifest-v2-2/
 */
export const INDEX_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json";

/** The manifests of a single image. */
export const IMAGE_MEDIA_TYPES: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** Lists of images; Docker calls its own a manifest list. */
export const INDEX_MEDIA_TYPES: readonly string[] = [
  INDEX_MEDIA_TYPE,
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** All that ECR stores; always sent, so that nothing is converted. */
export const ACCEPTED_MEDIA_TYPES: readonly string[] = [...IMAGE_MEDIA_TYPES, ...INDEX_MEDIA_TYPES];
