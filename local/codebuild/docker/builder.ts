import type { ImageStore } from "../../builder/image-store.ts";
import type { BuildRequest } from "./build-request.ts";
import type { Descriptor } from "./image.ts";

/** An image that has been built: its manifest, config and layers are in the store. */
export interface BuiltImage {
  readonly manifest: Descriptor;
  readonly configDigest: string;
}

export interface BuildSurroundings {
  readonly store: ImageStore;
  /** Private to the build, for scratch files. */
  readonly folder: string;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  /** An image that an earlier command of the same build has named without a registry. */
  readonly named: (reference: string) => Descriptor | undefined;
}

/** What makes images: buildah, or the built-in builder. */
export interface ImageBuilder {
  /** @throws UsageError when the build fails, with what a person needs to know */
  build(request: BuildRequest, surroundings: BuildSurroundings): Promise<BuiltImage>;
  /** Leaves no process and no mount behind. */
  close(): Promise<void>;
}
