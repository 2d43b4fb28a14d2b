import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { WindowRule } from "../../shared/pipeline/definition.ts";
import { instantOf, isTimezone, windowState } from "../../shared/pipeline/window.ts";

const MINUTE = 60_000;
const HOURS = 60;

/** `mon-thu 10:00-17:00` and the like, as the definition has them. */
function rule(change: Partial<WindowRule> = {}): WindowRule {
  return { timezone: "UTC", open: [], frozen: [], ...change };
}

const workdays = [1, 2, 3, 4, 5];
const at = (text: string) => Date.parse(text);
const said = (window: WindowRule, now: string) => {
  const state = windowState(window, at(now));
  if (state.open) return "open";
  return `closed until ${state.until === undefined ? "?" : new Date(state.until).toISOString()}`;
};

describe("weekly hours", () => {
  const office = rule({
    timezone: "Asia/Tokyo",
    open: [{ days: [1, 2, 3, 4], from: 10 * HOURS, to: 17 * HOURS }],
  });

  test("count in the window's own time zone", () => {
    // Tokyo is nine hours ahead of UTC. 2026-11-23 is a Monday.
    expect(said(office, "2026-11-23T00:59:00Z")).toBe("closed until 2026-11-23T01:00:00.000Z");
    expect(said(office, "2026-11-23T01:00:00Z")).toBe("open");
    expect(said(office, "2026-11-23T07:59:59Z")).toBe("open");
    expect(said(office, "2026-11-23T08:00:00Z")).toBe("closed until 2026-11-24T01:00:00.000Z");
    // In UTC it is Thursday still, in Tokyo Friday.
    expect(said(office, "2026-11-26T23:00:00Z")).toBe("closed until 2026-11-30T01:00:00.000Z");
  });

  test("of several, one is enough", () => {
    const twice = rule({
      open: [
        { days: [1], from: 9 * HOURS, to: 10 * HOURS },
        { days: [1], from: 14 * HOURS, to: 15 * HOURS },
      ],
    });
    expect(said(twice, "2026-11-23T09:30:00Z")).toBe("open");
    expect(said(twice, "2026-11-23T12:00:00Z")).toBe("closed until 2026-11-23T14:00:00.000Z");
    expect(said(twice, "2026-11-23T15:00:00Z")).toBe("closed until 2026-11-30T09:00:00.000Z");
  });

  test("may go past midnight: the evening of a day, and the morning after it", () => {
    const night = rule({ open: [{ days: [5], from: 22 * HOURS, to: 2 * HOURS }] });
    expect(said(night, "2026-11-27T21:59:00Z")).toBe("closed until 2026-11-27T22:00:00.000Z");
    expect(said(night, "2026-11-27T22:00:00Z")).toBe("open");
    expect(said(night, "2026-11-28T01:59:00Z")).toBe("open");
    expect(said(night, "2026-11-28T02:00:00Z")).toBe("closed until 2026-12-04T22:00:00.000Z");
    // Friday's early morning belongs to Thursday.
    expect(said(night, "2026-11-27T01:00:00Z")).toBe("closed until 2026-11-27T22:00:00.000Z");
    const sunday = rule({ open: [{ days: [7], from: 23 * HOURS, to: 1 * HOURS }] });
    expect(said(sunday, "2026-11-23T00:30:00Z")).toBe("open");
  });

  test("may last until midnight", () => {
    const late = rule({ open: [{ days: [6], from: 20 * HOURS, to: 24 * HOURS }] });
    expect(said(late, "2026-11-21T23:59:00Z")).toBe("open");
    expect(said(late, "2026-11-22T00:00:00Z")).toBe("closed until 2026-11-28T20:00:00.000Z");
  });
});

describe("frozen dates, and a time before which it may not begin", () => {
  test("a freeze holds on the first day and on the last, there", () => {
    const frozen = rule({
      timezone: "America/New_York",
      frozen: [{ from: "2026-12-24", to: "2027-01-04" }],
    });
    expect(said(frozen, "2026-12-24T04:59:00Z")).toBe("open");
    expect(said(frozen, "2026-12-24T05:00:00Z")).toBe("closed until 2027-01-05T05:00:00.000Z");
    expect(said(frozen, "2027-01-05T04:59:00Z")).toBe("closed until 2027-01-05T05:00:00.000Z");
    expect(said(frozen, "2027-01-05T05:00:00Z")).toBe("open");
    expect(windowState(frozen, at("2026-12-25T12:00:00Z"))).toMatchObject({
      why: "frozen: 2026-12-24 to 2027-01-04",
    });
  });

  test("after a freeze the hours count again", () => {
    const both = rule({
      open: [{ days: workdays, from: 9 * HOURS, to: 17 * HOURS }],
      frozen: [{ from: "2026-11-23", to: "2026-11-27" }],
    });
    expect(said(both, "2026-11-23T10:00:00Z")).toBe("closed until 2026-11-30T09:00:00.000Z");
  });

  test("not before", () => {
    const later = rule({ notBefore: at("2026-12-01T09:00:00Z") });
    expect(said(later, "2026-11-23T10:00:00Z")).toBe("closed until 2026-12-01T09:00:00.000Z");
    expect(said(later, "2026-12-01T09:00:00Z")).toBe("open");
    const hours = rule({
      notBefore: at("2026-12-01T12:00:00Z"),
      open: [{ days: [2], from: 9 * HOURS, to: 11 * HOURS }],
    });
    expect(said(hours, "2026-11-23T10:00:00Z")).toBe("closed until 2026-12-08T09:00:00.000Z");
  });

  test("a window that stays closed for a year names no time", () => {
    const never = rule({ frozen: [{ from: "2026-01-01", to: "2030-12-31" }] });
    expect(said(never, "2026-11-23T10:00:00Z")).toBe("closed until ?");
  });
});

describe("when the clocks are put", () => {
  const sundays = (from: number, to: number) =>
    rule({ timezone: "Europe/Berlin", open: [{ days: [7], from, to }] });

  test("an hour that is left out opens nothing before it is over", () => {
    // Berlin, 2027-03-28: 02:00 is 03:00 at once, at 01:00 UTC.
    const early = sundays(2 * HOURS + 30, 4 * HOURS);
    expect(said(early, "2027-03-28T00:59:00Z")).toBe("closed until 2027-03-28T01:00:00.000Z");
    expect(said(early, "2027-03-28T01:00:00Z")).toBe("open");
    const gap = sundays(2 * HOURS, 3 * HOURS);
    expect(said(gap, "2027-03-28T00:30:00Z")).toBe("closed until 2027-04-04T00:00:00.000Z");
  });

  test("an hour that comes twice is open twice", () => {
    // Berlin, 2026-10-25: 03:00 is 02:00 once more, at 01:00 UTC.
    const twice = sundays(2 * HOURS, 2 * HOURS + 30);
    expect(said(twice, "2026-10-24T23:59:00Z")).toBe("closed until 2026-10-25T00:00:00.000Z");
    expect(said(twice, "2026-10-25T00:10:00Z")).toBe("open");
    expect(said(twice, "2026-10-25T00:40:00Z")).toBe("closed until 2026-10-25T01:00:00.000Z");
    expect(said(twice, "2026-10-25T01:40:00Z")).toBe("closed until 2026-11-01T01:00:00.000Z");
  });

  test("no day is left out, however late the evening is", () => {
    const sunday = sundays(0, 1 * HOURS);
    expect(said(sunday, "2027-03-27T22:45:00Z")).toBe("closed until 2027-03-27T23:00:00.000Z");
  });

  test("a local time is the instant it names", () => {
    expect(instantOf("Asia/Tokyo", "2026-12-01", 9 * HOURS)).toBe(at("2026-12-01T00:00:00Z"));
    expect(instantOf("America/New_York", "2026-07-01", 9 * HOURS)).toBe(at("2026-07-01T13:00:00Z"));
    expect(instantOf("Asia/Kolkata", "2026-07-01", 0)).toBe(at("2026-06-30T18:30:00Z"));
  });
});

test("a time zone is one that the runtime knows", () => {
  expect(["Asia/Tokyo", "UTC", "Mars/Olympus", ""].map(isTimezone)).toEqual([true, true, false, false]);
});

test("whatever the rule, the time it opens is the first at which it is open", () => {
  const zone = fc.constantFrom(
    "UTC",
    "Asia/Tokyo",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
  );
  const quarter = fc.nat({ max: 95 }).map((n) => n * 15);
  const hours = fc
    .record({ days: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), from: quarter, to: quarter })
    .filter(({ from, to }) => from !== to);
  const rules = fc.record({ timezone: zone, open: fc.array(hours, { maxLength: 2 }) });
  // Around the days on which clocks are put.
  const moment = fc
    .tuple(
      fc.constantFrom("2026-10-24", "2026-11-01", "2027-03-13", "2027-03-27", "2026-04-04", "2026-09-26"),
      fc.nat({ max: 3 * 24 * 60 }),
    )
    .map(([date, minutes]) => at(`${date}T00:00:00Z`) + minutes * MINUTE);
  fc.assert(
    fc.property(rules, moment, (hoursOfZone, now) => {
      const window = rule(hoursOfZone);
      const state = windowState(window, now);
      if (state.open) return;
      const { until } = state;
      if (until === undefined) throw new Error("a window of weekly hours opens within a week");
      expect(windowState(window, until).open).toBe(true);
      // Every quarter of an hour in between, at most two days of it.
      for (let time = Math.max(now, until - 2 * 24 * 60 * MINUTE); time < until; time += 15 * MINUTE) {
        expect([new Date(time).toISOString(), windowState(window, time).open]).toEqual([
          new Date(time).toISOString(),
          false,
        ]);
      }
    }),
    { numRuns: 60 },
  );
});
