export interface ReadManifest {
  readonly text: string;
  /** Digests that were asked for with it, and are not there: deleted, or archived. */
  readonly missing: readonly string[];
}

/** What is read of one image to tell its platforms. */
export interface ImageReader {
  /**
   * A manifest by tag or digest; undefined when there is none.
   * @throws CannotRead
   */
  manifest(reference: string): Promise<ReadManifest | undefined>;
  /**
   * The image's configuration as text; undefined when it is not handed out.
   * @throws CannotRead
   */
  config(digest: string): Promise<string | undefined>;
}

/** Nobody can tell, and asking again soon would not help; the message says why. */
export class CannotRead extends Error {}
