import type { EventDraft } from "../service.ts";
import type { Build, Phase } from "./model.ts";

/**
 * The events of a build, as in
 * https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications-ref.html.
 */

/** `CodeBuild Build State Change`: a build has begun, or has ended. */
export function buildStateChange(build: Build): EventDraft {
  const current = build.phases.at(-1);
  return {
    source: "aws.codebuild",
    detailType: "CodeBuild Build State Change",
    resources: [build.arn],
    detail: {
      "build-status": build.buildStatus,
      "project-name": build.projectName,
      "build-id": build.arn,
      "current-phase": build.currentPhase,
      "current-phase-context": contextText(current),
      version: "1",
      "additional-information": additionalInformation(build),
    },
  };
}

/** `CodeBuild Build Phase Change`: a phase has ended. */
export function buildPhaseChange(build: Build, completed: Phase): EventDraft {
  return {
    source: "aws.codebuild",
    detailType: "CodeBuild Build Phase Change",
    resources: [build.arn],
    detail: {
      "completed-phase": completed.phaseType,
      "project-name": build.projectName,
      "build-id": build.arn,
      "completed-phase-context": contextText(completed),
      "additional-information": additionalInformation(build),
      ...(completed.phaseStatus === undefined ? {} : { "completed-phase-status": completed.phaseStatus }),
      "completed-phase-duration-seconds": completed.durationInSeconds ?? 0,
      version: "1",
      "completed-phase-start": eventTime(completed.startTime),
      ...(completed.endTime === undefined ? {} : { "completed-phase-end": eventTime(completed.endTime) }),
    },
  };
}

function additionalInformation(build: Build) {
  const { environment, source, logs, artifacts, cache } = build;
  return {
    cache,
    "build-number": build.buildNumber,
    "timeout-in-minutes": build.timeoutInMinutes,
    "build-complete": build.buildComplete,
    initiator: build.initiator,
    "build-start-time": eventTime(build.startTime),
    source: {
      ...(source.buildspec === undefined ? {} : { buildspec: source.buildspec }),
      ...(source.location === undefined ? {} : { location: source.location }),
      "git-clone-depth": source.gitCloneDepth ?? 0,
      type: source.type,
    },
    ...(build.sourceVersion === undefined ? {} : { "source-version": build.sourceVersion }),
    artifact: { location: artifacts.location },
    environment: {
      image: environment.image,
      "privileged-mode": environment.privilegedMode,
      "compute-type": environment.computeType,
      type: environment.type,
      "environment-variables": environment.environmentVariables.map(({ name, type, value }) => ({
        name,
        type,
        value,
      })),
    },
    logs: {
      ...(logs.groupName === undefined ? {} : { "group-name": logs.groupName }),
      ...(logs.streamName === undefined ? {} : { "stream-name": logs.streamName }),
      ...(logs.deepLink === undefined ? {} : { "deep-link": logs.deepLink }),
    },
    phases: build.phases.map(phaseInformation),
    "queued-timeout-in-minutes": build.queuedTimeoutInMinutes,
    ...(build.exportedEnvironmentVariables === undefined
      ? {}
      : { "exported-environment-variables": build.exportedEnvironmentVariables }),
  };
}

function phaseInformation(phase: Phase) {
  return {
    "phase-type": phase.phaseType,
    ...(phase.phaseStatus === undefined ? {} : { "phase-status": phase.phaseStatus }),
    "start-time": eventTime(phase.startTime),
    ...(phase.endTime === undefined ? {} : { "end-time": eventTime(phase.endTime) }),
    ...(phase.durationInSeconds === undefined ? {} : { "duration-in-seconds": phase.durationInSeconds }),
    ...(phase.contexts === undefined ? {} : { "phase-context": phase.contexts.map(contextLine) }),
  };
}

function contextText(phase: Phase | undefined): string {
  return `[${(phase?.contexts ?? []).map(contextLine).join(", ")}]`;
}

function contextLine(context: { readonly statusCode: string; readonly message: string }): string {
  return `${context.statusCode}: ${context.message}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** CodeBuild writes the times inside its events as `Sep 1, 2017 4:12:29 PM`, in UTC. */
export function eventTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const hours = date.getUTCHours();
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  const time = `${hours % 12 === 0 ? 12 : hours % 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day} ${time} ${hours < 12 ? "AM" : "PM"}`;
}
