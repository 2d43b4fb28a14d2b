import type { Stored, StoredManifests } from "../pipeline/image-index.ts";

/** A manifest to be stored: the same text, type and digest each time. */
export interface NewManifest {
  readonly text: string;
  readonly mediaType: string;
  readonly digest: string;
}

/** One repository, whichever registry it is in. What may work another time is thrown. */
export interface Repository {
  /** Manifests by digest, as they are stored; what is not there is left out. */
  manifests(digests: readonly string[]): Promise<StoredManifests>;
  /** The text of an image's configuration, checked against its digest; undefined when the registry does not hand it out. */
  config(digest: string): Promise<string | undefined>;
  /** The digest that a tag names. */
  tagged(tag: string): Promise<string | undefined>;
  /** Stores a manifest under a tag, or under its digest alone. Being there already is no error. */
  put(manifest: NewManifest, tag?: string): Promise<"stored" | "immutable">;
}

/** Hexadecimal SHA-256 of UTF-8 text. */
export type Sha256 = (text: string) => string;

/** What bytes really are, whatever they were asked for by. */
export function stored(sha256: Sha256, text: string): Stored {
  return { text, digest: `sha256:${sha256(text)}`, size: new TextEncoder().encode(text).length };
}

/** The larger of a registry's manifests and configurations that are worth reading: ECR's limit for a manifest. */
const MOST_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 20_000;

/** Reads a small text. @throws Error for an answer that is larger than any manifest or configuration */
export async function textOf(response: Response): Promise<string> {
  const declared = Number(response.headers.get("content-length") ?? 0);
  if (declared > MOST_BYTES)
    throw new Error(`${response.url} has ${declared} bytes: no manifest is so large`);
  return response.text();
}

/** `fetch` that gives up in time. */
export function request(url: string | URL, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
}
