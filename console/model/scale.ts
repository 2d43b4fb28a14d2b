import type { Lane } from "./timeline.ts";

/**
 * Where a moment stands on a timeline, from 0 to 1. Work is drawn to scale; a stretch in which everybody only waits (a gate
 * may stay open for days) is cut to a fixed part of the width, and marked.
 */
export interface Scale {
  readonly at: (moment: number) => number;
  /** The stretches that are cut. */
  readonly cuts: readonly { readonly from: number; readonly to: number; readonly seconds: number }[];
  readonly ticks: readonly { readonly at: number; readonly seconds: number }[];
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly cut: boolean;
}

const WAITS: ReadonlySet<string> = new Set(["waiting", "gated"]);
/** The part of the working time that a cut stretch takes, and the shortest stretch that is cut. */
const CUT = 0.22;
const CUT_FROM_MS = 20_000;

export function scaleOf(lanes: readonly Lane[], start: number, now: number): Scale {
  const stretches = stretchesOf(lanes, start, now);
  const total = stretches.reduce((sum, { width }) => sum + width, 0) || 1;
  const at = (moment: number): number => {
    let left = 0;
    for (const { from, to, width } of stretches) {
      if (moment < to) return (left + (width * Math.max(0, moment - from)) / (to - from)) / total;
      left += width;
    }
    return 1;
  };
  const cuts = stretches
    .filter(({ cut }) => cut)
    .map(({ from, to }) => ({ from: at(from), to: at(to), seconds: (to - from) / 1000 }));
  return { at, cuts, ticks: ticksOf(stretches, start, at, total) };
}

/** The time from the first to the last moment, in pieces between which nothing begins or ends. */
function stretchesOf(lanes: readonly Lane[], start: number, now: number): readonly Stretch[] {
  const segments = lanes.flatMap((lane) => lane.segments);
  const ends = segments.flatMap(({ from, to }) => [from, to ?? now]);
  const moments = [...new Set([start, ...ends])].filter((one) => one >= start).sort((a, b) => a - b);
  const pieces = moments.slice(1).map((to, index) => {
    const from = moments[index] ?? start;
    const busy = segments.some(
      (segment) => segment.from < to && (segment.to ?? now) > from && !WAITS.has(segment.kind),
    );
    return { from, to, cut: !busy && to - from > CUT_FROM_MS };
  });
  const work = pieces.reduce((sum, { from, to, cut }) => (cut ? sum : sum + to - from), 0);
  return pieces.map((piece) => {
    const length = piece.to - piece.from;
    return { ...piece, width: piece.cut ? Math.min(length, Math.max(work * CUT, 1)) : length };
  });
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
/** Ticks that would stand closer together than this part of the width are left out. */
const APART = 0.07;

function ticksOf(
  stretches: readonly Stretch[],
  start: number,
  at: (moment: number) => number,
  total: number,
): Scale["ticks"] {
  const step = (STEPS.find((seconds) => (seconds * 1000) / total >= 0.11) ?? 86400) * 1000;
  const ticks: { at: number; seconds: number }[] = [];
  for (const { from, to, cut } of stretches) {
    if (cut) continue;
    for (let moment = start + Math.ceil((from - start) / step) * step; moment < to; moment += step) {
      const place = at(moment);
      const last = ticks.at(-1)?.at ?? -1;
      if (place - last >= APART && place < 0.97) ticks.push({ at: place, seconds: (moment - start) / 1000 });
    }
  }
  return ticks;
}
