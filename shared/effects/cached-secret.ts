/** A secret is asked for again after 5 minutes. */
const KEPT_MILLISECONDS = 5 * 60_000;

/** Whoever sends wrong signatures makes it be asked for at most this often. */
const SETTLED_MILLISECONDS = 30_000;

/** A secret as it was read a while ago at most. */
export interface CachedSecret<T> {
  get(): Promise<T>;
  /** Read anew, because what is kept does not fit any more; undefined when that has just been read. */
  renewed(): Promise<T | undefined>;
}

/** @param read reads the secret; when that fails, nothing is kept */
export function cachedSecret<T>(read: () => Promise<T>, now: () => number): CachedSecret<T> {
  let kept: { readonly value: T; readonly at: number } | undefined;
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

/** Whether the secret fits, or one that has just been put in its place: that is not to wait for the cache. */
export async function fitsSecret<T>(
  secret: CachedSecret<T>,
  fits: (value: T) => Promise<boolean>,
): Promise<boolean> {
  if (await fits(await secret.get())) return true;
  const renewed = await secret.renewed();
  return renewed !== undefined && (await fits(renewed));
}
