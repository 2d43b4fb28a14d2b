import type { ResolveBase } from "./base-image.ts";
import type { ImageConfig } from "./image-config.ts";
import type { ImageStore } from "./image-store.ts";

export interface BuildOptions {
  /** The folder that COPY and ADD copy from. */
  readonly contextDir: string;
  /** Absolute, or counted from the context's folder. */
  readonly dockerfile: string;
  /** For example `linux/arm64`. */
  readonly platform: string;
  /** `SOURCE_DATE_EPOCH` among them is the time of everything in the image; else it is the year 1970. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The stage to build; the last one when it is not said. */
  readonly target?: string;
  /** Where layers, config and manifest go, and where layers of base images are kept. */
  readonly store: ImageStore;
  readonly resolveBase: ResolveBase;
  /** Where files that are needed during the build go; the system's folder for temporary files when it is not said. */
  readonly scratchDir?: string;
  /** Gets the log, line by line. */
  readonly log: (line: string) => void;
  /** Stops the build; it then fails with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface BuiltImage {
  /** Of the manifest. It is in the store, as is everything that it names. */
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly configDigest: string;
  readonly config: ImageConfig;
}
