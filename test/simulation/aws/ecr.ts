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
      const { manifests } = this.#repository(repositoryName);
      const images = imageIds.flatMap(({ imageDigest = "" }) => {
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
        manifests.has(imageId.imageDigest ?? "") ? [] : [{ imageId, failureCode: "ImageNotFound" as const }],
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
