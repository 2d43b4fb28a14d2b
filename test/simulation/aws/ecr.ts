import type { ImageIdentifier } from "@aws-sdk/client-ecr";
import type { Aws } from "../../../shared/effects/aws.ts";
import { AwsError } from "./aws-error.ts";
import { digestOf } from "./names.ts";

interface Repository {
  readonly immutableTags: boolean;
  readonly manifests: Map<string, { readonly text: string; readonly mediaType: string }>;
  readonly tags: Map<string, string>;
}

/** An index as the registry holds it: platform to the digest of its image. */
export type Index = Readonly<Record<string, string>>;

/** A manifest that has been put, by whom. */
export type OnPut = (put: {
  readonly repository: string;
  readonly digest: string;
  readonly index: Index;
  readonly tag: string | undefined;
}) => void;

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** ECR: manifests by their digest, tags, and children that must be there. */
export class FakeEcr {
  readonly #repositories = new Map<string, Repository>();
  readonly #onPut: OnPut;

  constructor(onPut: OnPut) {
    this.#onPut = onPut;
  }

  create(name: string, immutableTags: boolean): void {
    this.#repositories.set(name, { immutableTags, manifests: new Map(), tags: new Map() });
  }

  /** As a build pushes: by digest, without a tag. */
  push(name: string, text: string, mediaType: string): string {
    const digest = digestOf(text);
    this.#repository(name).manifests.set(digest, { text, mediaType });
    return digest;
  }

  /** An index of both architectures that is there from the beginning, under a tag. */
  give(name: string, tag: string): void {
    this.create(name, true);
    const manifests = ["amd64", "arm64"].map((architecture) => {
      const text = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, layers: [], name, architecture });
      const digest = this.push(name, text, MANIFEST);
      return { mediaType: MANIFEST, digest, size: text.length, platform: { os: "linux", architecture } };
    });
    const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
    this.#repository(name).tags.set(tag, this.push(name, text, INDEX));
  }

  /** The index of a digest; undefined when it is none, or not there. */
  index(name: string, digest: string): Index | undefined {
    const manifest = this.#repositories.get(name)?.manifests.get(digest);
    return manifest?.mediaType === INDEX ? indexOf(manifest.text) : undefined;
  }

  #repository(name: string | undefined): Repository {
    const repository = this.#repositories.get(name ?? "");
    if (repository === undefined) throw new AwsError("RepositoryNotFoundException", `no repository ${name}`);
    return repository;
  }

  readonly api: Aws["ecr"] = {
    batchGetImage: async ({ repositoryName, imageIds = [] }) => {
      const { manifests, tags } = this.#repository(repositoryName);
      const digestAt = ({ imageDigest, imageTag = "" }: ImageIdentifier) =>
        imageDigest ?? tags.get(imageTag) ?? "";
      const images = imageIds.flatMap((imageId) => {
        const imageDigest = digestAt(imageId);
        const found = manifests.get(imageDigest);
        return found === undefined
          ? []
          : [
              {
                imageId: { imageDigest },
                imageManifest: found.text,
                imageManifestMediaType: found.mediaType,
              },
            ];
      });
      const failures = imageIds.flatMap((imageId) =>
        manifests.has(digestAt(imageId)) ? [] : [{ imageId, failureCode: "ImageNotFound" as const }],
      );
      return { images, failures };
    },

    getDownloadUrlForLayer: () => Promise.reject(new AwsError("LayersNotFoundException", "no blob is kept")),
    describeImageScanFindings: () =>
      Promise.reject(new AwsError("ScanNotFoundException", "nothing is scanned")),
    describeImages: async ({ repositoryName, imageIds = [] }) => {
      const { manifests } = this.#repository(repositoryName);
      const missing = imageIds.find(({ imageDigest = "" }) => !manifests.has(imageDigest));
      if (missing !== undefined)
        throw new AwsError("ImageNotFoundException", `no image ${missing.imageDigest}`);
      return {
        imageDetails: imageIds.map(({ imageDigest }) => ({
          repositoryName,
          imageDigest,
          imageStatus: "ACTIVE",
        })),
      };
    },
    getLifecyclePolicy: () =>
      Promise.reject(new AwsError("LifecyclePolicyNotFoundException", "there is none")),

    putImage: async ({ repositoryName = "", imageManifest = "", imageTag, imageDigest }) => {
      const repository = this.#repository(repositoryName);
      const digest = digestOf(imageManifest);
      if (imageDigest !== undefined && imageDigest !== digest) {
        throw new AwsError("ImageDigestDoesNotMatchException", `${imageDigest} is ${digest}`);
      }
      const index = indexOf(imageManifest);
      const missing = Object.values(index).find((child) => !repository.manifests.has(child));
      if (missing !== undefined)
        throw new AwsError("ReferencedImagesNotFoundException", `no image ${missing}`);
      const known = repository.manifests.has(digest);
      const tagged = imageTag === undefined ? undefined : repository.tags.get(imageTag);
      if (known && (imageTag === undefined || tagged === digest)) {
        throw new AwsError("ImageAlreadyExistsException", `${digest} is there`);
      }
      if (imageTag !== undefined && tagged !== undefined && repository.immutableTags) {
        throw new AwsError("ImageTagAlreadyExistsException", `tag ${imageTag} is immutable`);
      }
      repository.manifests.set(digest, { text: imageManifest, mediaType: INDEX });
      if (imageTag !== undefined) repository.tags.set(imageTag, digest);
      this.#onPut({ repository: repositoryName, digest, index, tag: imageTag });
      return { image: { repositoryName, imageId: { imageDigest: digest } } };
    },
  };
}

function indexOf(text: string): Index {
  const { manifests }: { manifests: readonly Entry[] } = JSON.parse(text);
  return Object.fromEntries(
    manifests.map(({ digest, platform: { os, architecture, variant } }) => [
      [os, architecture, ...(variant === undefined ? [] : [variant])].join("/"),
      digest,
    ]),
  );
}

interface Entry {
  readonly digest: string;
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
}
