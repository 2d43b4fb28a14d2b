import type { WeeklyHours, WindowRule } from "./definition.ts";
import type { Instant } from "./events.ts";

/**
 * When a stage may begin: weekly hours and frozen dates in a time zone, and a time before which it may not. Time zones come
 * from the runtime's own tables (IANA).
 */

export type WindowState =
  | { readonly open: true }
  /** `until`: when it opens; absent when that is not within the next year. */
  | { readonly open: false; readonly why: string; readonly until?: Instant };

const MINUTE = 60_000;
const DAY_MINUTES = 1440;
/** How far ahead an opening is looked for. */
const HORIZON_DAYS = 400;

/** Whether the window is open. */
export function isWindowOpen(rule: WindowRule, now: Instant): boolean {
  return closedBecause(rule, now) === undefined;
}

/** Whether the window is open, and when it opens if not. */
export function windowState(rule: WindowRule, now: Instant): WindowState {
  const fault = closedBecause(rule, now);
  if (fault === undefined) return { open: true };
  const until = opening(rule, now);
  return { open: false, why: fault, ...(until === undefined ? {} : { until }) };
}

function closedBecause(rule: WindowRule, at: Instant): string | undefined {
  if (rule.notBefore !== undefined && at < rule.notBefore) return "not yet";
  const local = localTime(rule.timezone, at);
  const frozen = rule.frozen.find(({ from, to }) => local.date >= from && local.date <= to);
  if (frozen !== undefined) {
    const days = frozen.from === frozen.to ? frozen.from : `${frozen.from} to ${frozen.to}`;
    return `frozen: ${days}`;
  }
  return rule.open.length === 0 || rule.open.some((hours) => isWithin(hours, local))
    ? undefined
    : `outside of its hours (${rule.timezone})`;
}

interface LocalTime {
  readonly date: string;
  readonly day: number;
  readonly minutes: number;
}

function isWithin({ days, from, to }: WeeklyHours, { day, minutes }: LocalTime): boolean {
  if (from < to) return days.includes(day) && minutes >= from && minutes < to;
  // Past midnight: the evening of a day, or the morning after one.
  const before = day === 1 ? 7 : day - 1;
  return (days.includes(day) && minutes >= from) || (days.includes(before) && minutes < to);
}

/** The first minute at which nothing speaks against it: the rule can only change at the edges of its hours and at midnight. */
function opening(rule: WindowRule, now: Instant): Instant | undefined {
  const start = Math.max(Math.ceil(now / MINUTE) * MINUTE, rule.notBefore ?? 0);
  if (closedBecause(rule, start) === undefined) return start;
  const first = Date.parse(`${localTime(rule.timezone, start).date}T00:00:00Z`);
  for (let day = -1; day <= HORIZON_DAYS; day += 1) {
    const date = new Date(first + day * DAY_MINUTES * MINUTE).toISOString().slice(0, 10);
    const found = edges(rule, date).find((at) => at >= start && closedBecause(rule, at) === undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The instants of a date at which the rule may change, in order; when the clock is put, any quarter of an hour. */
function edges({ timezone, open }: WindowRule, date: string): readonly Instant[] {
  const midnight = instantOf(timezone, date, 0);
  if (offsetAt(timezone, midnight) !== offsetAt(timezone, midnight + DAY_MINUTES * MINUTE)) {
    return Array.from({ length: 26 * 4 }, (_, quarter) => midnight + quarter * 15 * MINUTE);
  }
  const minutes = new Set([0, ...open.flatMap(({ from, to }) => [from, to % DAY_MINUTES])]);
  return [...minutes].sort((a, b) => a - b).map((minute) => instantOf(timezone, date, minute));
}

/** What the clocks there show more than UTC. */
function offsetAt(timezone: string, at: Instant): number {
  const { date, minutes } = localTime(timezone, at);
  return Date.parse(`${date}T00:00:00Z`) + minutes * MINUTE - at;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    weekday: "short",
  });
  formats.set(timezone, format);
  return format;
}

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function localTime(timezone: string, at: Instant): LocalTime {
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  return {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    day: WEEKDAYS.indexOf(parts.weekday ?? "") + 1,
    minutes: Number(parts.hour) * 60 + Number(parts.minute),
  };
}

/** When it is so late on a date there; a time that the clock leaves out is taken as the moment it is put forward. */
export function instantOf(timezone: string, date: string, minutes: number): Instant {
  const wanted = Date.parse(`${date}T00:00:00Z`) + minutes * MINUTE;
  let at = wanted;
  // Twice: the offset before the first guess need not be the one at its time.
  for (let round = 0; round < 2; round += 1) {
    at += wanted - at - offsetAt(timezone, at);
  }
  return at;
}

/** Whether the runtime knows the time zone. */
export function isTimezone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}
