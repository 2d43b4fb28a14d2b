import { Refusal } from "./build-error.ts";
import type { Instruction } from "./dockerfile.ts";
import type { Healthcheck } from "./image-config.ts";
import { jsonStrings } from "./words.ts";

const nanosecondsPer: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

const members: Readonly<Record<string, "Interval" | "Timeout" | "StartPeriod" | "StartInterval">> = {
  interval: "Interval",
  timeout: "Timeout",
  "start-period": "StartPeriod",
  "start-interval": "StartInterval",
};

/**
 * Reads `HEALTHCHECK [--interval=…] CMD command` or `HEALTHCHECK NONE`. Times become nanoseconds.
 *
 * @throws Refusal
 * @see https://docs.docker.com/reference/dockerfile/#healthcheck
 */
export function parseHealthcheck({ flags, text }: Instruction): Healthcheck {
  const [, kind = "", command = ""] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  if (kind.toUpperCase() === "NONE" && command === "" && flags.length === 0) return { Test: ["NONE"] };
  if (kind.toUpperCase() !== "CMD" || command === "") {
    throw new Refusal(
      `HEALTHCHECK ${text} cannot be read`,
      "write HEALTHCHECK CMD command, or HEALTHCHECK NONE",
    );
  }
  const exec = jsonStrings(command);
  const result: Healthcheck = { Test: exec ? ["CMD", ...exec] : ["CMD-SHELL", command] };
  for (const { name, value = "" } of flags) {
    const member = members[name];
    if (member) result[member] = nanoseconds(name, value);
    else if (name === "retries" && /^\d+$/.test(value)) result.Retries = Number(value);
    else
      throw new Refusal(
        `HEALTHCHECK --${name}=${value} cannot be read`,
        "see the Dockerfile reference for its flags",
      );
  }
  return result;
}

/** A duration in Go's form, such as `1m30s` or `0.5s`. */
function nanoseconds(flag: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    return parts.reduce(
      (sum, [, number, unit = ""]) => sum + Number(number) * (nanosecondsPer[unit] ?? 0),
      0,
    );
  }
  throw new Refusal(`HEALTHCHECK --${flag}=${text} is not a duration`, "write it like 30s or 1m30s");
}
