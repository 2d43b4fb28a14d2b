export const tagMutabilitySettings = [
  "MUTABLE",
  "IMMUTABLE",
  "IMMUTABLE_WITH_EXCLUSION",
  "MUTABLE_WITH_EXCLUSION",
] as const;

/**
 * Whether a tag may be moved to another image, and the wildcard filters that make exceptions.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
export interface TagMutability {
  readonly setting: (typeof tagMutabilitySettings)[number];
  /** For example `latest` or `dev-*`; empty unless the setting ends in `_WITH_EXCLUSION`. */
  readonly filters: readonly string[];
}

/** Whether the tag, once it points at an image, stays there. */
export function isImmutable(mutability: TagMutability, tag: string): boolean {
  const excluded = mutability.filters.some((filter) => matches(filter, tag));
  switch (mutability.setting) {
    case "MUTABLE":
      return false;
    case "IMMUTABLE":
      return true;
    case "IMMUTABLE_WITH_EXCLUSION":
      return !excluded;
    case "MUTABLE_WITH_EXCLUSION":
      return excluded;
  }
}

/** `*` stands for any number of characters. Matched greedily piece by piece: a filter cannot make it slow. */
export function matches(filter: string, tag: string): boolean {
  const pieces = filter.split("*");
  const first = pieces[0] ?? "";
  if (pieces.length === 1) return tag === first;
  const last = pieces[pieces.length - 1] ?? "";
  if (tag.length < first.length + last.length || !tag.startsWith(first) || !tag.endsWith(last)) return false;
  let rest = tag.slice(first.length, tag.length - last.length);
  for (const piece of pieces.slice(1, -1)) {
    const at = rest.indexOf(piece);
    if (at < 0) return false;
    rest = rest.slice(at + piece.length);
  }
  return true;
}
