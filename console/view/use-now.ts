import { useEffect, useState } from "preact/hooks";

/** One clock for each step, however many parts of the page look at it. */
const clocks = new Map<number, Set<(now: number) => void>>();

/** The time, renewed at each step while the tab is in front. */
export function useNow(stepMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const listeners = clocks.get(stepMs) ?? startClock(stepMs);
    listeners.add(setNow);
    return () => {
      listeners.delete(setNow);
    };
  }, [stepMs]);
  return now;
}

function startClock(stepMs: number): Set<(now: number) => void> {
  const listeners = new Set<(now: number) => void>();
  clocks.set(stepMs, listeners);
  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now();
    for (const listener of listeners) listener(now);
  }, stepMs);
  return listeners;
}
