import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, type Guard } from "../net/api.ts";
import { AWAY_MS, nextDelay, type Pace } from "../net/pace.ts";
import { useConsole } from "./context.ts";

export interface Live<T> {
  readonly value: T | undefined;
  /** Why there is no newer answer. */
  readonly error: ApiError | undefined;
  /** Asks at once, e.g. after a decision. */
  readonly refresh: () => void;
}

/** Somebody who was away does something again: whatever is shown is asked for anew. */
const BACK = "tandem:back";
const AGAIN = ["focus", "online", BACK];
let touched = Date.now();
const touch = () => {
  const away = Date.now() - touched > AWAY_MS;
  touched = Date.now();
  if (away) dispatchEvent(new Event(BACK));
};
for (const event of ["pointermove", "keydown", "scroll"]) addEventListener(event, touch, { passive: true });

/**
 * The answer of an address, kept up to date for as long as it can change and somebody looks.
 * @param path below `/api`; undefined: nothing is asked
 * @param paceOf how soon an answer may change by itself
 */
export function useLive<T>(
  path: string | undefined,
  guard: Guard<T>,
  paceOf: (value: T) => Pace = () => "never",
): Live<T> {
  const { api } = useConsole();
  const [state, setState] = useState<{ path?: string; value?: T; error?: ApiError }>({});
  const wake = useRef<() => void>(() => undefined);
  const paces = useRef(paceOf);
  paces.current = paceOf;

  useEffect(() => {
    if (path === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let [unchanged, failed, asking, over] = [0, 0, false, false];
    let current = api.known(path, guard);
    if (current !== undefined) setState({ path, value: current });
    const ends = new AbortController();

    const wait = () => {
      clearTimeout(timer);
      const pace = current === undefined ? "never" : paces.current(current);
      const idleMs = Date.now() - touched;
      const delay = nextDelay({ pace, hidden: document.hidden, unchanged, failed, idleMs });
      if (delay !== undefined) timer = setTimeout(ask, delay);
    };
    const ask = async () => {
      if (asking || over) return;
      asking = true;
      clearTimeout(timer);
      try {
        const answer = await api.get(path, guard, ends.signal);
        unchanged = answer.unchanged ? unchanged + 1 : 0;
        failed = 0;
        current = answer.value;
        if (!over)
          setState((last) =>
            answer.unchanged && !last.error && last.path === path ? last : { path, value: answer.value },
          );
      } catch (problem) {
        failed += 1;
        const error = problem instanceof ApiError ? problem : new ApiError(0, "offline", String(problem));
        if (!over) setState({ path, error, ...(current === undefined ? {} : { value: current }) });
      }
      asking = false;
      if (!over) wait();
    };
    const look = () => {
      if (document.hidden) return;
      unchanged = 0;
      void ask();
    };
    wake.current = look;
    document.addEventListener("visibilitychange", look);
    for (const event of AGAIN) addEventListener(event, look);
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
      ends.abort();
      document.removeEventListener("visibilitychange", look);
      for (const event of AGAIN) removeEventListener(event, look);
    };
  }, [api, path, guard]);

  const refresh = useCallback(() => wake.current(), []);
  const mine = state.path === path ? state : {};
  return { value: mine.value, error: mine.error, refresh };
}

/** Does something whenever a value has changed, and not at the beginning. */
export function useChange(value: string, then: () => void): void {
  const drawn = useRef(value);
  useEffect(() => {
    if (drawn.current !== value && drawn.current !== "") then();
    drawn.current = value;
  }, [value, then]);
}
