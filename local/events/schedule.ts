import { type Cron, matchesCron, parseCron } from "./cron.ts";

/** When a scheduled rule fires: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html */
export type Schedule =
  | { readonly type: "rate"; readonly periodMs: number }
  | { readonly type: "cron"; readonly cron: Cron };

const UNIT_MS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/**
 * Reads a `ScheduleExpression`: `rate(5 minutes)` or `cron(0 10 * * ? *)`.
 *
 * @throws Error that says what is wrong with it
 */
export function parseSchedule(expression: string): Schedule {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression);
  if (rate !== null) {
    const [, count, unit = "", plural] = rate;
    const value = Number(count);
    // EventBridge insists on grammar: rate(1 minute), rate(5 minutes).
    if (value > 0 && (value === 1) === (plural === "")) {
      return { type: "rate", periodMs: value * (UNIT_MS[unit] ?? 0) };
    }
  }
  const cron = /^cron\((.*)\)$/.exec(expression)?.[1];
  if (cron !== undefined) return { type: "cron", cron: parseCron(cron) };
  throw new Error(
    `ScheduleExpression "${expression}" is not valid: write rate(5 minutes) or cron(0 10 * * ? *)`,
  );
}

/**
 * Fires a schedule until it is stopped: a rate counts from now, cron looks at each full minute.
 *
 * @returns stops it
 */
export function startSchedule(schedule: Schedule, now: () => number, fire: () => void): () => void {
  if (schedule.type === "rate") {
    const timer = setInterval(fire, schedule.periodMs).unref();
    return () => clearInterval(timer);
  }
  let timer: NodeJS.Timeout;
  const wait = () => {
    // A little into the minute, so that a timer that is early by a millisecond does not see the minute before.
    timer = setTimeout(tick, 60_000 - (now() % 60_000) + 50).unref();
  };
  const tick = () => {
    if (matchesCron(schedule.cron, new Date(now()))) fire();
    wait();
  };
  wait();
  return () => clearTimeout(timer);
}
