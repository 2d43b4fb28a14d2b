import { describe, expect, test } from "@jest/globals";
import { matchesCron, parseCron } from "../../local/events/cron.ts";
import { parseSchedule } from "../../local/events/schedule.ts";

describe("rate", () => {
  test.each([
    ["rate(1 minute)", 60_000],
    ["rate(5 minutes)", 300_000],
    ["rate(1 hour)", 3_600_000],
    ["rate(7 days)", 604_800_000],
  ])("%s", (expression, periodMs) => {
    expect(parseSchedule(expression)).toEqual({ type: "rate", periodMs });
  });

  test.each(["rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(10 seconds)", "every minute"])(
    "%s is refused",
    (expression) =>
      expect(() => parseSchedule(expression)).toThrow(`ScheduleExpression "${expression}" is not valid`),
  );
});

/** The examples of the user guide and of each special character. 2026-11-21 is a Saturday. */
describe("cron", () => {
  test.each([
    ["0 10 * * ? *", "2026-11-21T10:00:00Z", true],
    ["0 10 * * ? *", "2026-11-21T10:01:00Z", false],
    ["15 12 * * ? *", "2026-11-21T12:15:59Z", true],
    ["0 18 ? * MON-FRI *", "2026-11-20T18:00:00Z", true],
    ["0 18 ? * MON-FRI *", "2026-11-21T18:00:00Z", false],
    ["0 8 1 * ? *", "2026-12-01T08:00:00Z", true],
    ["0/15 * * * ? *", "2026-11-21T03:45:00Z", true],
    ["0/15 * * * ? *", "2026-11-21T03:50:00Z", false],
    ["0/5 8-17 ? * MON-FRI *", "2026-11-20T17:55:00Z", true],
    ["0/5 8-17 ? * MON-FRI *", "2026-11-20T18:00:00Z", false],
    ["0 9 ? * 2#1 *", "2026-11-02T09:00:00Z", true],
    ["0 9 ? * 2#1 *", "2026-11-09T09:00:00Z", false],
    ["0 0 L * ? *", "2028-02-29T00:00:00Z", true],
    ["0 0 L * ? *", "2026-02-27T00:00:00Z", false],
    ["0 0 ? * 6L *", "2026-11-27T00:00:00Z", true],
    ["0 0 ? * 6L *", "2026-11-20T00:00:00Z", false],
    // Saturday the 21st is kept on Friday, Sunday the 1st on Monday.
    ["0 0 21W * ? *", "2026-11-20T00:00:00Z", true],
    ["0 0 21W * ? *", "2026-11-21T00:00:00Z", false],
    ["0 0 1W * ? *", "2026-11-02T00:00:00Z", true],
    ["0 0 1 JAN,JUL ? 2027-2030", "2027-07-01T00:00:00Z", true],
    ["0 0 1 JAN,JUL ? 2027-2030", "2026-07-01T00:00:00Z", false],
  ])("%s at %s: %s", (expression, time, fires) => {
    expect(matchesCron(parseCron(expression), new Date(time))).toBe(fires);
  });

  test.each([
    ["0 10 * * *", /six fields/],
    ["0 10 * * * *", /must have \? in either/],
    ["60 10 * * ? *", /"60" is not valid for minutes \(0-59\)/],
    ["0 10 ? * NOD *", /"NOD" is not valid for day of week/],
    ["0 10 ? 5-2 2 *", /"5-2" is not valid for month/],
  ])("%s is refused", (expression, message) => {
    expect(() => parseCron(expression)).toThrow(message);
  });
});
