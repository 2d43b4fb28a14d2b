import { z } from "zod";

/** Words that several parts of a pipeline file are made of. */

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html, `repositoryName`. */
export const repository = z
  .string()
  .regex(
    /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
    "must be a repository name: lower-case letters, digits, . _ - /",
  )
  .min(2)
  .max(256);

/** A path inside the repository that is safe as a command's argument. */
export const path = z
  .string()
  .regex(/^(?!\/)(?!-)[A-Za-z0-9._/-]+$/, "must be a relative path of letters, digits, . _ - /")
  .refine((value) => !value.split("/").includes(".."), "must not leave the repository (..)")
  .max(255);

/** At most 9999 days: a later instant is no date any more. */
const DURATION = /^([1-9]\d{0,3})([mhd])$/;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export const duration = z
  .string()
  .regex(DURATION, "must be a number of minutes, hours or days, at most 9999, e.g. 30m, 12h, 7d");

/** Milliseconds of a duration that the schema has let through. */
export function milliseconds(text: string): number {
  const [, count = "0", unit = "m"] = DURATION.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? 0);
}
