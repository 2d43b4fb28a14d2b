/** Names and digests as a page shows them. */

/** `3f9c2ab` of a commit. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 7);
}

/** `sha256:0f1e2d3c…` of a digest; of a release of several images, the first and how many more. */
export function shortDigest(digest: string): string {
  const [first = "", ...rest] = digest.split(",");
  const [algorithm = "", hex = ""] = first.split(":");
  const short = hex === "" ? first.slice(0, 16) : `${algorithm}:${hex.slice(0, 12)}`;
  return rest.length === 0 ? short : `${short} +${rest.length}`;
}

/** `main` of `refs/heads/main`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, "");
}

/** The name a person goes by: without the address that follows it. */
export function personName(identity: string): string {
  const name = /^(.*?)\s*<[^<>]*>\s*$/.exec(identity)?.[1];
  if (name !== undefined && name !== "") return name;
  return /^arn:[^:]*:(?:iam|sts)::\d*:.*\/([^/]+)$/.exec(identity)?.[1] ?? identity;
}

/** `web:12` of a task definition's ARN. */
export function shortTaskDefinition(arn: string): string {
  return arn.split("/").at(-1) ?? arn;
}

/** An architecture has one name on the page, whether OCI, ECS or CodeBuild spoke of it. */
export type Architecture = "amd64" | "arm64" | "arm" | "other";

export function architectureOf(name: string): Architecture {
  if (/amd64|x86_64/i.test(name)) return "amd64";
  if (/arm64|aarch64/i.test(name)) return "arm64";
  if (/arm/i.test(name)) return "arm";
  return "other";
}

/** x86 first, then Arm, then whatever else there may be. */
export function inOrder(names: readonly string[]): readonly string[] {
  const order: readonly Architecture[] = ["amd64", "arm64", "arm", "other"];
  return [...new Set(names)].sort(
    (a, b) => order.indexOf(architectureOf(a)) - order.indexOf(architectureOf(b)) || a.localeCompare(b),
  );
}

/** Characters that would reorder, hide or break what stands around them. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200b\u2060-\u2064\ufeff]/gu;

/**
 * Text that somebody else has written, harmless to look at: control and bidirectional characters are shown as
 * `␀`-like signs or `�` instead of acting. (HTML is harmless by itself: it is only ever set as text.)
 */
export function plain(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : "\ufffd";
  });
}

/** The first line of a commit's message. */
export function subject(message: string): string {
  return plain((message.split("\n", 1)[0] ?? "").trim());
}
