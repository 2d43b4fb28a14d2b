/** Longer than any source redelivers. */
const KEPT_DAYS = 35;

/**
 * The table's TTL attribute of what is kept for a while, in seconds as DynamoDB wants it.
 * @param at milliseconds since the epoch
 */
export function expiry(at: number): number {
  return Math.floor(at / 1000) + KEPT_DAYS * 86_400;
}
