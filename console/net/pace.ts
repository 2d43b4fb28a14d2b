/** When a page asks the API again. Pure: the hook in `view/live.ts` does the waiting. */

/** `fast`: something moves; `slow`: something may begin; `never`: nothing can change any more. */
export type Pace = "fast" | "slow" | "never";

export interface Situation {
  readonly pace: Pace;
  /** The tab is not in front. */
  readonly hidden: boolean;
  /** How many answers in a row said that nothing has changed. */
  readonly unchanged: number;
  /** How many requests in a row have failed. */
  readonly failed: number;
  /** Milliseconds since the person last moved, typed or scrolled. */
  readonly idleMs: number;
}

const SECOND = 1000;
const FAST = 2 * SECOND;
const SLOW = 30 * SECOND;
/** Nobody looks any more. */
export const AWAY_MS = 20 * 60 * SECOND;
/** Ten minutes behind other tabs without news. */
const FORGOTTEN = 20;

/**
 * @returns milliseconds until the next request; undefined: not before the tab comes to the front or the person moves
 */
export function nextDelay({ pace, hidden, unchanged, failed, idleMs }: Situation): number | undefined {
  if (failed > 0) return hidden ? undefined : Math.min(60 * SECOND, FAST * 2 ** failed);
  if (pace === "never" || idleMs > AWAY_MS) return undefined;
  if (hidden) return pace === "fast" && unchanged < FORGOTTEN ? SLOW : undefined;
  if (pace === "slow") return SLOW;
  // Each answer without news makes the next question come a little later.
  return Math.min(10 * SECOND, FAST * 1.15 ** Math.max(0, unchanged - 5));
}
