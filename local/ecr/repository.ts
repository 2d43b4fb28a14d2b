import type { TagMutability } from "./tag-mutability.ts";

/** A manifest in a repository. Its bytes are in the blob store; what lists and checks need is kept here. */
export interface StoredImage {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly pushedAt: number;
  /** Bytes of config and layers; of an index, of its largest image, as DescribeImages counts. */
  readonly imageSize: number;
  /** What ECR calls the artifact media type: the manifest's own, or its config's. */
  readonly artifactType?: string | undefined;
  /** The image this one is about (a signature, an SBOM). */
  readonly subject?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Digests of an index's manifests. */
  readonly children: readonly string[];
}

/** Everything known of a repository. A change makes a new value. */
export interface Repository {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly tagMutability: TagMutability;
  readonly scanOnPush: boolean;
  readonly encryption: { readonly encryptionType: string; readonly kmsKey?: string | undefined };
  readonly lifecyclePolicy?: string | undefined;
  /** Digests of the layers and configs that were pushed to (or mounted into) this repository. */
  readonly layers: ReadonlySet<string>;
  readonly images: ReadonlyMap<string, StoredImage>;
  /** Digest by tag. */
  readonly tags: ReadonlyMap<string, string>;
}

/** The settings a repository has when nobody says otherwise. */
export function newRepository(name: string, createdAt: number): Repository {
  return {
    name,
    createdAt,
    tagMutability: { setting: "MUTABLE", filters: [] },
    scanOnPush: false,
    encryption: { encryptionType: "AES256" },
    layers: new Set(),
    images: new Map(),
    tags: new Map(),
  };
}

/** The repository with one more layer. */
export function withLayer(repository: Repository, digest: string): Repository {
  if (repository.layers.has(digest)) return repository;
  return { ...repository, layers: new Set([...repository.layers, digest]) };
}

/** The repository with an image, and the tag moved to it if one is given. */
export function withImage(repository: Repository, image: StoredImage, tag: string | undefined): Repository {
  const images = new Map(repository.images).set(image.digest, image);
  const tags = new Map(repository.tags);
  if (tag !== undefined) tags.set(tag, image.digest);
  return { ...repository, images, tags };
}

/** The repository without an image, and without its tags. */
export function withoutImage(repository: Repository, digest: string): Repository {
  const images = new Map(repository.images);
  images.delete(digest);
  const tags = new Map([...repository.tags].filter(([, tagged]) => tagged !== digest));
  return { ...repository, images, tags };
}

/** The repository without a tag; the image stays. */
export function withoutTag(repository: Repository, tag: string): Repository {
  const tags = new Map(repository.tags);
  tags.delete(tag);
  return { ...repository, tags };
}

/** The tags of an image, sorted. */
export function tagsOf(repository: Repository, digest: string): readonly string[] {
  return [...repository.tags].flatMap(([tag, tagged]) => (tagged === digest ? [tag] : [])).sort();
}

/** The indexes of the repository that list an image. */
export function indexesListing(repository: Repository, digest: string): readonly StoredImage[] {
  return [...repository.images.values()].filter((image) => image.children.includes(digest));
}
