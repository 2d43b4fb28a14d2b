import type { ComputeType, Platform } from "./definition.ts";
import type { BuiltImage, Instant, LogLocation, RunEvent } from "./events.ts";
import { redact } from "./redact.ts";

/** What CodeBuild says of a build, whichever way it was told: an event or `BatchGetBuilds`. */
export interface BuildReport {
  /** The full ARN, as in events; what `StopBuild` and `BatchGetBuilds` take as well. */
  readonly buildId: string;
  readonly status: string;
  /** The plain variables the build was started with. */
  readonly variables: Readonly<Record<string, string>>;
  /** Absent when the event does not carry them: then ask `BatchGetBuilds`. */
  readonly exported?: Readonly<Record<string, string>>;
  /** The phases that failed, and the first line CodeBuild says of each. */
  readonly failedPhases: readonly { readonly phase: string; readonly message?: string }[];
  readonly log?: LogLocation;
}

/** The variables that tie a build to its run; the buildspec reads them too. */
export const BUILD_VARIABLES = {
  run: "TANDEM_RUN",
  image: "TANDEM_IMAGE",
  platform: "TANDEM_PLATFORM",
  attempt: "TANDEM_ATTEMPT",
  commit: "TANDEM_COMMIT",
  version: "TANDEM_VERSION",
  repositoryUri: "TANDEM_REPOSITORY_URI",
  context: "TANDEM_CONTEXT",
  dockerfile: "TANDEM_DOCKERFILE",
  push: "TANDEM_PUSH",
  provenance: "TANDEM_PROVENANCE",
  sbom: "TANDEM_SBOM",
} as const;

/** What the buildspec exports. */
export const EXPORTED_VARIABLES = {
  digest: "IMAGE_DIGEST",
  size: "IMAGE_SIZE",
  mediaType: "IMAGE_MEDIA_TYPE",
  configDigest: "IMAGE_CONFIG_DIGEST",
  configPlatform: "IMAGE_CONFIG_PLATFORM",
  committedAt: "IMAGE_COMMITTED_AT",
} as const;

/** A buildspec of the repository need not export this one. */
const OPTIONAL: readonly string[] = [EXPORTED_VARIABLES.committedAt];

export const PLATFORMS: readonly Platform[] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

export const COMPUTE_TYPES: readonly ComputeType[] = [
  "BUILD_GENERAL1_SMALL",
  "BUILD_GENERAL1_MEDIUM",
  "BUILD_GENERAL1_LARGE",
  "BUILD_GENERAL1_XLARGE",
  "BUILD_GENERAL1_2XLARGE",
];

export type ReportedBuild =
  | { readonly type: "event"; readonly runId: string; readonly event: RunEvent }
  /** It succeeded, but the report lacks what it exported. */
  | { readonly type: "incomplete"; readonly runId: string }
  | { readonly type: "ignored"; readonly reason: string };

/** Which run a build belongs to, and what its report means for it. */
export function interpretBuild(report: BuildReport, at: Instant): ReportedBuild {
  const runId = report.variables[BUILD_VARIABLES.run];
  const image = report.variables[BUILD_VARIABLES.image];
  const platform = PLATFORMS.find((known) => known === report.variables[BUILD_VARIABLES.platform]);
  const attempt = Number(report.variables[BUILD_VARIABLES.attempt]);
  if (!runId || !image || platform === undefined || !Number.isInteger(attempt)) {
    return { type: "ignored", reason: `build ${report.buildId} was not started by Tandem` };
  }
  const key = { at, image, platform, attempt, buildId: report.buildId };
  switch (report.status) {
    case "IN_PROGRESS":
      return { type: "event", runId, event: { type: "build.started", ...key } };
    case "SUCCEEDED": {
      if (report.variables[BUILD_VARIABLES.push] === "false") {
        return { type: "event", runId, event: { type: "build.succeeded", ...key, built: "unpushed" } };
      }
      if (report.exported === undefined) return { type: "incomplete", runId };
      const built = builtImage(report.exported);
      if (typeof built !== "string")
        return { type: "event", runId, event: { type: "build.succeeded", ...key, built } };
      return { type: "event", runId, event: failedEvent(key, report, built, false) };
    }
    case "FAILED":
      return {
        type: "event",
        runId,
        event: failedEvent(key, report, failureReason(report), isTransient(report)),
      };
    case "FAULT":
      return {
        type: "event",
        runId,
        event: failedEvent(key, report, "CodeBuild itself failed (FAULT)", true),
      };
    case "TIMED_OUT":
      return {
        type: "event",
        runId,
        event: failedEvent(key, report, failureReason(report), isTransient(report)),
      };
    case "STOPPED":
      return { type: "event", runId, event: failedEvent(key, report, "somebody stopped the build", false) };
    default:
      return { type: "ignored", reason: `build ${report.buildId} has the unknown status ${report.status}` };
  }
}

type Key = {
  readonly at: Instant;
  readonly image: string;
  readonly platform: Platform;
  readonly attempt: number;
  readonly buildId: string;
};

function failedEvent(key: Key, report: BuildReport, reason: string, transient: boolean): RunEvent {
  return {
    type: "build.failed",
    ...key,
    failure: { reason },
    transient,
    ...(report.log === undefined ? {} : { log: report.log }),
  };
}

/** Phases before any command of ours runs: what fails there is CodeBuild's, and worth another attempt. */
const PROVISIONING_PHASES = ["SUBMITTED", "QUEUED", "PROVISIONING"];

function isTransient(report: BuildReport): boolean {
  return (
    report.failedPhases.length > 0 &&
    report.failedPhases.every(({ phase }) => PROVISIONING_PHASES.includes(phase))
  );
}

function failureReason(report: BuildReport): string {
  const first = report.failedPhases[0];
  const what = report.status === "TIMED_OUT" ? "timed out" : "failed";
  if (first === undefined) return `the build ${what}`;
  return `${what} in ${first.phase}${first.message === undefined ? "" : `: ${redact(first.message)}`}`;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The image that the exported variables describe, or what is wrong with them. */
function builtImage(exported: Readonly<Record<string, string>>): BuiltImage | string {
  const value = (name: keyof typeof EXPORTED_VARIABLES) => exported[EXPORTED_VARIABLES[name]] ?? "";
  const digest = value("digest");
  const configDigest = value("configDigest");
  const size = Number(value("size"));
  const wrong = (name: keyof typeof EXPORTED_VARIABLES) =>
    `the build succeeded but exported no valid ${EXPORTED_VARIABLES[name]} ("${value(name)}"); its buildspec must export ${Object.values(
      EXPORTED_VARIABLES,
    )
      .filter((variable) => !OPTIONAL.includes(variable))
      .join(", ")}`;
  if (!DIGEST.test(digest)) return wrong("digest");
  if (!DIGEST.test(configDigest)) return wrong("configDigest");
  if (!Number.isInteger(size) || size <= 0) return wrong("size");
  if (!/^application\/vnd\.[a-z.+0-9]+json$/.test(value("mediaType"))) return wrong("mediaType");
  // Seconds, as `git log --format=%ct` prints them.
  const seconds = /^[1-9]\d{0,10}$/.test(value("committedAt")) ? Number(value("committedAt")) : undefined;
  return {
    digest,
    size,
    configDigest,
    mediaType: value("mediaType"),
    configPlatform: value("configPlatform"),
    ...(seconds === undefined ? {} : { committedAt: seconds * 1000 }),
  };
}
