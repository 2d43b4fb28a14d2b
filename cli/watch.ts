import { setTimeout as pause } from "node:timers/promises";
import type { RunView } from "../shared/pipeline/view.ts";
import { EXIT, Failure } from "./failure.ts";
import { changes, partsOf } from "./render/changes.ts";
import { logTail, type ReadOn } from "./render/log.ts";
import { isOver, renderRun } from "./render/run.ts";
import { createPaint, duration, printableDeep, width } from "./render/text.ts";
import type { Terminal } from "./terminal.ts";

/** So many failed looks in a row are forgiven: a connection may break for a moment. */
const FORGIVEN_FAILURES = 5;

export interface WatchOptions {
  /** The run as it was found. */
  readonly first: RunView;
  /** Why it began, when that is worth a line. */
  readonly cause?: string | undefined;
  readonly look: () => Promise<RunView>;
  readonly terminal: Terminal;
  /** Where a build's log goes on. */
  readonly where: ReadOn;
  /** Between two looks. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

/**
 * Shows a run as it goes on until it is over: drawn anew in a terminal, one line for each change elsewhere.
 * @returns the run as it ended
 * @throws Failure when it cannot be looked at any more
 */
export async function watchRun({
  first,
  cause,
  look,
  terminal,
  where,
  intervalMs,
  signal,
}: WatchOptions): Promise<RunView> {
  const show = terminal.live ? redraw(terminal, where, cause) : printChanges(terminal, where);
  if (!terminal.live && cause !== undefined) terminal.out(`${cause}\n`);
  let run = first;
  let failures = 0;
  for (;;) {
    show(printableDeep(run));
    if (isOver(run)) return run;
    await pause(intervalMs, undefined, { signal });
    try {
      run = await look();
      failures = 0;
    } catch (error) {
      failures += 1;
      const passing = error instanceof Failure && error.exitCode === EXIT.unreachable;
      if (!passing || failures > FORGIVEN_FAILURES) throw error;
    }
  }
}

/** One line for each change, with the time since the run began. */
function printChanges(terminal: Terminal, where: ReadOn): (run: RunView) => void {
  let before: ReadonlyMap<string, string> = new Map();
  return (run) => {
    const now = partsOf(run);
    const since = duration(Math.max(0, Date.parse(run.updatedAt) - Date.parse(run.startedAt)));
    for (const line of changes(before, now)) terminal.out(`${since.padStart(11)}  ${line}\n`);
    // Why a build failed is told at the end, when its log has been read.
    if (isOver(run)) for (const line of logLines(run, where)) terminal.out(`${line}\n`);
    before = now;
  };
}

function logLines(run: RunView, where: ReadOn): readonly string[] {
  return run.images.flatMap(({ builds }) =>
    builds.flatMap(({ platform, log }) =>
      log === undefined
        ? []
        : [`the end of the log of ${platform}:`, ...logTail(log, where, createPaint(false))],
    ),
  );
}

/** Draws over what was drawn before; a page that is higher than the terminal keeps its end, which is what moves. */
function redraw(terminal: Terminal, where: ReadOn, cause: string | undefined): (run: RunView) => void {
  const paint = createPaint(terminal.colours);
  let drawn = 0;
  let last = "";
  return (run) => {
    const { rows, columns } = terminal.size();
    const all = renderRun(run, where, paint, cause);
    const lines = isOver(run) ? all : fitting(all, rows - 1, columns);
    const text = lines.join("\n");
    if (text === last) return;
    last = text;
    // Up to the first line of before, and clear from there: CPL and ED of ECMA-48.
    const up = drawn === 0 ? "" : `\u001b[${drawn}F\u001b[J`;
    terminal.out(`${up}${text}\n`);
    drawn = lines.reduce((sum, line) => sum + rowsOf(line, columns), 0);
  };
}

function fitting(lines: readonly string[], rows: number, columns: number): readonly string[] {
  let free = rows;
  const first = lines.findLastIndex((line) => {
    free -= rowsOf(line, columns);
    return free < 0;
  });
  return lines.slice(first + 1);
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(width(line) / Math.max(1, columns)));
}
