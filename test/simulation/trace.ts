/** The schedule as it happened, one line per step; kept only when asked for, since a seed gives it again at any time. */
export interface Trace {
  readonly lines: readonly string[];
  /** @param line made only when the trace is kept */
  note(line: () => string): void;
}

export function keptTrace(clock: { readonly now: number }): Trace {
  const lines: string[] = [];
  const begin = clock.now;
  return {
    lines,
    note: (line) => {
      lines.push(`${elapsed(clock.now - begin)} ${line()}`);
    },
  };
}

export const NO_TRACE: Trace = { lines: [], note: () => {} };

/** `1d 02:03:04.567` */
function elapsed(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  const time = new Date(milliseconds).toISOString().slice(11, 23);
  return days === 0 ? time : `${days}d ${time}`;
}
