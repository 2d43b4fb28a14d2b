/** A branch or tag at GitHub has at most so many bytes; CodeCommit's are held to the same. */
const MOST_BYTES = 255;

/** Characters that no ref has, beside spaces and control characters: https://git-scm.com/docs/git-check-ref-format */
const FORBIDDEN = /[~^:?*[\\]/;

/** In ASCII; git takes the control characters beyond it for letters. */
const isSpaceOrControl = (character: string) => character <= " " || character === "\u007f";

/**
 * Why git itself would refuse this branch or tag; undefined when it would not. Quotes, `$()` and emoji are names like any
 * other: what a build is told is a commit's 40 digits.
 */
export function refFault(ref: string): string | undefined {
  const name = /^refs\/(?:heads|tags)\/(.*)$/s.exec(ref)?.[1];
  const shown = JSON.stringify(ref.slice(0, 300));
  if (name === undefined) return `${shown} is neither a branch nor a tag`;
  if (/\p{Surrogate}/u.test(name)) return `${shown} is no text in UTF-8`;
  if (new TextEncoder().encode(name).length > MOST_BYTES)
    return `${shown} is longer than ${MOST_BYTES} bytes`;
  const parts = name.split("/");
  const bad =
    FORBIDDEN.test(name) ||
    [...name].some(isSpaceOrControl) ||
    name.includes("..") ||
    name.includes("@{") ||
    name.endsWith(".") ||
    parts.some((part) => part === "" || part.startsWith(".") || part.endsWith(".lock"));
  return bad ? `${shown} is no name that git allows: see git check-ref-format` : undefined;
}
