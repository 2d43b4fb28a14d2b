import type { GitHubSecret } from "./github-api.ts";

/** A secret is asked for again after 5 minutes. */
const KEPT_MILLISECONDS = 5 * 60_000;

/** Whoever sends wrong signatures makes it be asked for at most this often. */
const SETTLED_MILLISECONDS = 30_000;

/** The secret of GitHub, as it was read a while ago at most. */
export interface CachedSecret {
  get(): Promise<GitHubSecret>;
  /** Read anew, because what is kept does not fit any more; undefined when that has just been read. */
  renewed(): Promise<GitHubSecret | undefined>;
}

/** @param read reads the secret; when that fails, nothing is kept */
export function cachedSecret(read: () => Promise<GitHubSecret>, now: () => number): CachedSecret {
  let kept: { readonly value: GitHubSecret; readonly at: number } | undefined;
  const renew = async () => {
    const at = now();
    kept = { value: await read(), at };
    return kept.value;
  };
  const isOlderThan = (age: number) => kept === undefined || now() - kept.at >= age;
  return {
    get: async () => (kept !== undefined && !isOlderThan(KEPT_MILLISECONDS) ? kept.value : renew()),
    renewed: async () => (isOlderThan(SETTLED_MILLISECONDS) ? renew() : undefined),
  };
}
