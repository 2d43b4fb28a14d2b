import { useState } from "preact/hooks";
import type { Guard } from "../net/api.ts";
import { sentenceOf } from "../parts/ask.tsx";
import { Notice } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** An answer that may not be all of it. */
interface Part {
  /** Names the next part; absent on the last. */
  readonly cursor?: string | undefined;
}

export interface Older<T> {
  /** The parts after the first, as far as somebody has asked for them. */
  readonly parts: readonly T[];
  /** Asks for the next part; undefined when there is none. */
  readonly ask: (() => void) | undefined;
  readonly busy: boolean;
  /** Why there is no next part though it was asked for. */
  readonly error: string | undefined;
}

interface State<T> {
  readonly parts: readonly T[];
  readonly busy: boolean;
  readonly error?: string;
}

/**
 * What stands behind the first part of a list, part by part.
 * @param path of the first part, below `/api`
 * @param first undefined while it is not there yet
 */
export function useOlder<T extends Part>(path: string, guard: Guard<T>, first: T | undefined): Older<T> {
  const { api } = useConsole();
  const [{ parts, busy, error }, set] = useState<State<T>>({ parts: [], busy: false });
  const cursor = (parts.at(-1) ?? first)?.cursor;
  const ask = (from: string) => {
    if (busy) return;
    set({ parts, busy: true });
    const joint = path.includes("?") ? "&" : "?";
    api.get(`${path}${joint}cursor=${encodeURIComponent(from)}`, guard).then(
      ({ value }) => set({ parts: [...parts, value], busy: false }),
      (problem: unknown) => set({ parts, busy: false, error: sentenceOf(problem) }),
    );
  };
  return { parts, ask: cursor === undefined ? undefined : () => ask(cursor), busy, error };
}

/** The end of a list: what is said where it has nothing to show, and how to go on where it has more. */
export function ListEnd<T>({
  older: { ask, busy, error },
  empty,
}: {
  readonly older: Older<T>;
  /** Undefined when something is shown, or nothing is known yet. */
  readonly empty: string | undefined;
}) {
  const { t } = useConsole();
  return (
    <>
      {empty !== undefined && <p class="empty">{ask === undefined ? empty : t.noneSoFar}</p>}
      {error !== undefined && <Notice tone="bad">{error}</Notice>}
      {ask !== undefined && (
        <p>
          <button type="button" class="button" aria-disabled={busy} onClick={ask}>
            {busy ? t.loading : t.olderRuns}
          </button>
        </p>
      )}
    </>
  );
}
