import { createHash } from "node:crypto";

/** The only algorithm ECR stores content under. */
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Whether `text` is a digest as ECR writes them: `sha256:` and 64 lower-case hexadecimal digits. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/**
 * The digest of some bytes, as OCI writes it.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests
 */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
