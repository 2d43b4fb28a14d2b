import { z } from "zod";
import { SEVERITIES } from "../pipeline/definition.ts";
import { isTimezone } from "../pipeline/window.ts";
import { frozenDates, localMinute, weeklyHours } from "./window-text.ts";

/** What must hold before a stage begins, beside approvals. */

export const window = z.strictObject({
  timezone: z
    .string()
    .refine(isTimezone, "must be a time zone of the IANA database, e.g. Asia/Tokyo or UTC")
    .describe("The time zone of the hours and dates."),
  open: z
    .array(
      z
        .string()
        .refine(
          (text) => weeklyHours(text) !== undefined,
          "must be days and hours, e.g. mon-thu 10:00-17:00",
        ),
    )
    .max(50)
    .default([])
    .describe("When the stage may begin; at any hour otherwise."),
  frozen: z
    .array(
      z
        .string()
        .refine(
          (text) => frozenDates(text) !== undefined,
          "must be a date or two, e.g. 2026-12-24 or 2026-12-24/2027-01-04",
        ),
    )
    .max(100)
    .default([])
    .describe("Dates on which it may not, both included."),
  notBefore: z
    .string()
    .refine((text) => localMinute(text) !== undefined, "must be a date and time, e.g. 2026-12-01T09:00")
    .optional()
    .describe("The time before which it may not."),
});

export type WindowFile = z.infer<typeof window>;

const check = z
  .strictObject({
    lambda: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be the name of a Lambda function")
      .optional()
      .describe('A function that answers {"ok": true} or {"ok": false, "reason": "…"}.'),
    http: z
      .url({ protocol: /^https?$/, error: "must be an address that begins with https:// or http://" })
      .max(500)
      .optional()
      .describe("An address that must answer GET with a 2xx."),
    alarm: z.string().min(1).max(255).optional().describe("A CloudWatch alarm that must be OK."),
    scan: z
      .enum(SEVERITIES)
      .optional()
      .describe("ECR's scan of every platform's image must be without findings of this severity or above."),
  })
  .refine(
    (value) => Object.values(value).filter((one) => one !== undefined).length === 1,
    "must name one check: lambda, http, alarm or scan",
  );

export const checks = z.array(check).min(1).max(20);

export type CheckFile = z.infer<typeof check>;
