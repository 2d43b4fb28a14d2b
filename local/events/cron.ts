/**
 * EventBridge's cron expressions: minutes, hours, day of month, month, day of week, year, in UTC
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html#eb-cron-expressions).
 */
export interface Cron {
  readonly minute: FieldTest;
  readonly hour: FieldTest;
  readonly dayOfMonth: FieldTest;
  readonly month: FieldTest;
  readonly dayOfWeek: FieldTest;
  readonly year: FieldTest;
}

/** Says of a moment whether the field holds. */
type FieldTest = (date: Date) => boolean;

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
  readonly of: (date: Date) => number;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MINUTE: Field = { name: "minutes", least: 0, most: 59, of: (date) => date.getUTCMinutes() };
const HOUR: Field = { name: "hours", least: 0, most: 23, of: (date) => date.getUTCHours() };
const DAY: Field = { name: "day of month", least: 1, most: 31, of: (date) => date.getUTCDate() };
const MONTH: Field = {
  name: "month",
  least: 1,
  most: 12,
  names: MONTHS,
  of: (date) => date.getUTCMonth() + 1,
};
/** Sunday is 1. */
const WEEKDAY: Field = {
  name: "day of week",
  least: 1,
  most: 7,
  names: DAYS,
  of: (date) => date.getUTCDay() + 1,
};
const YEAR: Field = { name: "year", least: 1970, most: 2199, of: (date) => date.getUTCFullYear() };

/** @throws Error that names the field that is wrong */
export function parseCron(text: string): Cron {
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, ...rest] = text.trim().split(/\s+/);
  if (year === undefined || rest.length > 0)
    throw new Error(`cron(${text}) must have six fields, the last is the year`);
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw new Error(`cron(${text}) must have ? in either the day of month or the day of week`);
  }
  return {
    minute: parseField(minute ?? "", MINUTE),
    hour: parseField(hour ?? "", HOUR),
    dayOfMonth: dayOfMonth === "?" ? () => true : parseField(dayOfMonth ?? "", DAY, specialDay),
    month: parseField(month ?? "", MONTH),
    dayOfWeek: dayOfWeek === "?" ? () => true : parseField(dayOfWeek ?? "", WEEKDAY, specialWeekday),
    year: parseField(year, YEAR),
  };
}

/** Whether a rule with this expression fires in the minute of `date`. */
export function matchesCron(cron: Cron, date: Date): boolean {
  return Object.values(cron).every((test: FieldTest) => test(date));
}

/** A comma-separated list of values, ranges and steps. */
function parseField(
  text: string,
  field: Field,
  special?: (item: string) => FieldTest | undefined,
): FieldTest {
  const tests = text.split(",").map((item) => special?.(item) ?? rangeTest(item, field));
  return (date) => tests.some((test) => test(date));
}

function rangeTest(item: string, field: Field): FieldTest {
  const [, range = "", step] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
  const [first = "", last] = range.split("-");
  const from = range === "*" ? field.least : numberIn(first, field);
  // `5/15` counts on to the end of the field, `5` alone is one value.
  const open = range === "*" || (step !== undefined && last === undefined);
  const to = open ? field.most : numberIn(last ?? first, field);
  const every = Number(step ?? 1);
  if (from === undefined || to === undefined || from > to || every < 1) {
    throw new Error(`cron: "${item}" is not valid for ${field.name} (${field.least}-${field.most})`);
  }
  return (date) => {
    const value = field.of(date);
    return value >= from && value <= to && (value - from) % every === 0;
  };
}

function numberIn(text: string, { least, most, names }: Field): number | undefined {
  const named = names?.indexOf(text.toUpperCase()) ?? -1;
  const value = named >= 0 ? named + least : /^\d+$/.test(text) ? Number(text) : undefined;
  return value === undefined || value < least || value > most ? undefined : value;
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** `L`: the last day of the month; `15W`: the working day nearest to the 15th, within the month. */
function specialDay(item: string): FieldTest | undefined {
  if (item === "L") return (date) => date.getUTCDate() === daysInMonth(date);
  const near = /^(\d{1,2})W$/.exec(item)?.[1];
  if (near === undefined) return undefined;
  return (date) => {
    const last = daysInMonth(date);
    const day = Math.min(Number(near), last);
    const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day)).getUTCDay();
    if (weekday === 6) return date.getUTCDate() === (day === 1 ? 3 : day - 1);
    if (weekday === 0) return date.getUTCDate() === (day === last ? day - 2 : day + 1);
    return date.getUTCDate() === day;
  };
}

/** `L`: Saturday; `5L`: the last Thursday of the month; `3#2`: the second Tuesday. */
function specialWeekday(item: string): FieldTest | undefined {
  if (item === "L") return (date) => date.getUTCDay() === 6;
  const last = /^([1-7]|[A-Za-z]{3})L$/.exec(item)?.[1];
  if (last !== undefined) {
    const weekday = numberIn(last, WEEKDAY);
    return (date) => WEEKDAY.of(date) === weekday && date.getUTCDate() > daysInMonth(date) - 7;
  }
  const [, day, nth] = /^([1-7]|[A-Za-z]{3})#([1-5])$/.exec(item) ?? [];
  if (day === undefined) return undefined;
  const weekday = numberIn(day, WEEKDAY);
  return (date) => WEEKDAY.of(date) === weekday && Math.ceil(date.getUTCDate() / 7) === Number(nth);
}
