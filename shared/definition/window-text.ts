import type { FrozenDates, WeeklyHours } from "../pipeline/definition.ts";

/** How people write windows: `mon-thu 10:00-17:00`, `2026-12-24/2027-01-04`, `2026-12-01T09:00`. */

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const DAY = `(?:${DAYS.join("|")})`;
const HOURS = new RegExp(
  `^(${DAY}(?:-${DAY})?(?:,${DAY}(?:-${DAY})?)*) ([01]\\d|2[0-3]):([0-5]\\d)-([01]\\d|2[0-4]):([0-5]\\d)$`,
);

/** Undefined when the text is none. */
export function weeklyHours(text: string): WeeklyHours | undefined {
  const [, days, fromHour, fromMinute, toHour, toMinute] = HOURS.exec(text) ?? [];
  if (days === undefined) return undefined;
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = Number(toHour) * 60 + Number(toMinute);
  if (to > 1440 || from === to) return undefined;
  return { days: [...new Set(days.split(",").flatMap(daysOf))].sort((a, b) => a - b), from, to };
}

/** `fri-mon` goes over the weekend. */
function daysOf(range: string): readonly number[] {
  const [first = "", last = first] = range.split("-");
  const start = DAYS.indexOf(first);
  const length = ((DAYS.indexOf(last) - start + 7) % 7) + 1;
  return Array.from({ length }, (_, index) => ((start + index) % 7) + 1);
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

function isDate(text: string): boolean {
  return DATE.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

/** One date, or two with a slash between: both are frozen, and all between. */
export function frozenDates(text: string): FrozenDates | undefined {
  const [from = "", to = from, more] = text.split("/");
  const valid = more === undefined && safely(from) && safely(to) && from <= to;
  return valid ? { from, to } : undefined;
}

function safely(text: string): boolean {
  try {
    return isDate(text);
  } catch {
    return false;
  }
}

/** A local date and time, to the minute. */
export function localMinute(text: string): { readonly date: string; readonly minutes: number } | undefined {
  const [, date = "", hour, minute] = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  return safely(date) ? { date, minutes: Number(hour) * 60 + Number(minute) } : undefined;
}
