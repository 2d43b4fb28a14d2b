import type { Platform } from "../../shared/pipeline/definition.ts";
import type { BuiltImage } from "../../shared/pipeline/events.ts";
import type { Descriptor } from "../../shared/pipeline/manifest.ts";
import { parsePlatform } from "../../shared/pipeline/platforms.ts";
import { sha256 } from "../effects/fakes.ts";

/** Manifests as BuildKit, Docker and others push them, and what a registry holds of them. */

export const OCI = "application/vnd.oci.image";
export const DOCKER = "application/vnd.docker";
export const OCI_IMAGE = `${OCI}.manifest.v1+json`;
export const DOCKER_IMAGE = `${DOCKER}.distribution.manifest.v2+json`;
export const OCI_INDEX = `${OCI}.index.v1+json`;
export const DOCKER_LIST = `${DOCKER}.distribution.manifest.list.v2+json`;

export const digestOf = (text: string) => `sha256:${sha256(text)}`;

/** A manifest's bytes. */
export interface Bytes {
  readonly text: string;
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

export function bytes(mediaType: string, content: object): Bytes {
  const text = JSON.stringify({ schemaVersion: 2, mediaType, ...content });
  return { text, digest: digestOf(text), size: Buffer.byteLength(text), mediaType };
}

export const configText = (platform: string, more: object = {}) =>
  JSON.stringify({ ...parsePlatform(platform), config: {}, ...more });

/** An image of one platform. */
export function imageOf(platform: string, mediaType = OCI_IMAGE): Bytes {
  const text = configText(platform);
  return bytes(mediaType, {
    config: { mediaType: `${OCI}.config.v1+json`, digest: digestOf(text), size: text.length },
    layers: [],
  });
}

export const descriptorOf = ({ mediaType, digest, size }: Bytes, more: Partial<Descriptor> = {}) => ({
  mediaType,
  digest,
  size,
  ...more,
});

/** BuildKit's attestation of an image. */
export function attestationOf(subject: string, what = "provenance"): Bytes {
  return bytes(OCI_IMAGE, {
    config: { mediaType: `${OCI}.config.v1+json`, digest: digestOf(what), size: 2 },
    layers: [
      {
        mediaType: "application/vnd.in-toto+json",
        digest: digestOf(what),
        size: what.length,
        annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" },
      },
    ],
    annotations: { about: subject },
  });
}

export const attestationEntry = (attestation: Bytes, subject: string) =>
  descriptorOf(attestation, {
    platform: { architecture: "unknown", os: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": subject,
    },
  });

/** The index that BuildKit makes of one platform and its provenance. */
export function wrapped(platform: string, mediaType = OCI_INDEX) {
  const image = imageOf(platform);
  const attestation = attestationOf(image.digest);
  const index = bytes(mediaType, {
    manifests: [
      descriptorOf(image, { platform: parsePlatform(platform) }),
      attestationEntry(attestation, image.digest),
    ],
  });
  return { index, image, attestation };
}

/** What a build reports of what it has pushed. */
export function reported(pushed: Bytes, platform: Platform, change: Partial<BuiltImage> = {}): BuiltImage {
  return {
    digest: pushed.digest,
    size: pushed.size,
    mediaType: pushed.mediaType,
    configDigest: digestOf(configText(platform)),
    configPlatform: platform,
    ...change,
  };
}

export const held = (...all: readonly Bytes[]) =>
  new Map(all.map(({ text, digest, size }) => [digest, { text, digest, size }]));
