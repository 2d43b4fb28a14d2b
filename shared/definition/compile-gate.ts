import type { Check, WindowRule } from "../pipeline/definition.ts";
import { instantOf } from "../pipeline/window.ts";
import type { CheckFile, WindowFile } from "./schema-gate.ts";
import { frozenDates, localMinute, weeklyHours } from "./window-text.ts";

/** A window of a checked file as the core sees it. */
export function windowOf({ timezone, open, frozen, notBefore }: WindowFile): WindowRule {
  const minute = notBefore === undefined ? undefined : localMinute(notBefore);
  return {
    timezone,
    open: open.flatMap((text) => weeklyHours(text) ?? []),
    frozen: frozen.flatMap((text) => frozenDates(text) ?? []),
    ...(minute === undefined ? {} : { notBefore: instantOf(timezone, minute.date, minute.minutes) }),
  };
}

/** The schema lets exactly one kind through. */
export function checkOf({ lambda, http, alarm, scan }: CheckFile): Check {
  if (lambda !== undefined) return { type: "lambda", function: lambda };
  if (http !== undefined) return { type: "http", url: http };
  if (alarm !== undefined) return { type: "alarm", alarm };
  if (scan !== undefined) return { type: "scan", severity: scan };
  throw new Error("a check without a kind passed the schema");
}
