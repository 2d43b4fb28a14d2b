import type { ImageDefinition, OneOffTask, Platform } from "./definition.ts";
import type { DeploymentKey, Instant, LogLocation, PauseAction, RunEvent, TaskKey } from "./events.ts";
import { channelId } from "./message-channel.ts";
import type { Message } from "./messages-due.ts";
import type { Report } from "./reports.ts";
import type { LeaveOutcome } from "./stage-lock.ts";

/**
 * What should be done, in the imperative. Commands with a `lease` are claimed before they are carried out, so that one
 * invocation acts; the others may be carried out twice without harm (they read, or are conditional writes).
 */
export type Command = Claimed | Unclaimed;

export type Claimed =
  | {
      readonly type: "start-build";
      readonly image: ImageDefinition;
      readonly platform: Platform;
      readonly attempt: number;
      readonly lease: number;
      /** False: only find out what a lost attempt started; the run has failed meanwhile. */
      readonly start: boolean;
    }
  | {
      readonly type: "stop-build";
      readonly image: string;
      readonly platform: Platform;
      readonly attempt: number;
      readonly buildId: string;
      readonly lease: number;
    }
  | { readonly type: "publish-index"; readonly image: ImageDefinition; readonly lease: number }
  /** `step`: 0 is the release; those after it shift weights. */
  | ({ readonly type: "deploy"; readonly step: number; readonly lease: number } & DeploymentKey)
  /** Takes a service back to what it was before the stage. */
  | ({ readonly type: "return-deployment"; readonly lease: number } & DeploymentKey)
  | ({ readonly type: "run-task"; readonly definition: OneOffTask; readonly lease: number } & TaskKey)
  | ({
      readonly type: "answer-pause";
      readonly hookId: string;
      readonly serviceDeploymentArn: string;
      readonly action: PauseAction;
      readonly lease: number;
    } & DeploymentKey)
  /** Tells the commit's host what is new; done when nothing else is left to do, so that nobody waits for it. */
  | { readonly type: "report"; readonly reports: readonly Report[]; readonly lease: number }
  /** Tells the pipeline's channels what is new; done last, too. */
  | { readonly type: "send-messages"; readonly messages: readonly Message[]; readonly lease: number };

export interface BuildInQuestion {
  readonly image: string;
  readonly platform: Platform;
  readonly attempt: number;
  readonly buildId: string;
}

export type Unclaimed =
  | { readonly type: "ask-builds"; readonly builds: readonly BuildInQuestion[] }
  | ({ readonly type: "read-build-log"; readonly log: LogLocation } & Omit<BuildInQuestion, "buildId">)
  | { readonly type: "enter-stage"; readonly stage: string }
  /** Whether the stage is still this run's; a newer one may have taken it while nobody looked. */
  | { readonly type: "check-stage"; readonly stage: string }
  | { readonly type: "run-checks"; readonly stage: string }
  | { readonly type: "begin-stage"; readonly stage: string }
  /** `step`: absent for the release itself. */
  | ({
      readonly type: "verify-deployment";
      readonly deploymentId: string;
      readonly step?: number;
    } & DeploymentKey)
  | ({ readonly type: "verify-return"; readonly deploymentId: string } & DeploymentKey)
  /** `late`: its time is up, and it is to be stopped. */
  | ({
      readonly type: "ask-task";
      readonly definition: OneOffTask;
      readonly taskArn: string;
      readonly late: boolean;
    } & TaskKey)
  | { readonly type: "leave-stage"; readonly stage: string; readonly outcome: LeaveOutcome }
  /** In `queued` mode: whoever comes after the run, which has ended, is told. */
  | { readonly type: "close-run" }
  /** A decision that needs no act: only the event. */
  | { readonly type: "record"; readonly event: RunEvent };

/** What came of a command: facts for the run's own stream, and other runs that can go on now. */
export interface Outcome {
  readonly events: readonly RunEvent[];
  readonly wake: readonly Wake[];
}

/** Another run that can go on now; with the news for it, if there is any. */
export interface Wake {
  readonly runId: string;
  readonly event?: RunEvent;
}

const stepText = ({ step = 0 }: { readonly step?: number }) => (step === 0 ? "" : ` step ${step}`);

/** Two commands with the same key are the same command; `advance` carries each out once per invocation. */
export function keyOf(command: Command): string {
  switch (command.type) {
    case "start-build":
      return `start-build ${command.image.name} ${command.platform} ${command.attempt} ${command.lease}`;
    case "stop-build":
      return `stop-build ${command.image} ${command.platform} ${command.attempt} ${command.lease}`;
    case "publish-index":
      return `publish-index ${command.image.name} ${command.lease}`;
    case "deploy":
      return `deploy ${serviceOf(command)} ${command.lease}${stepText(command)}`;
    case "return-deployment":
      return `return-deployment ${serviceOf(command)} ${command.lease}`;
    case "run-task":
      return `run-task ${serviceOf(command)} ${command.when}/${command.index} ${command.lease}`;
    case "ask-task":
      return `ask-task ${command.taskArn} ${command.late}`;
    case "answer-pause":
      return `answer-pause ${command.hookId} ${command.lease}`;
    case "ask-builds":
      return `ask-builds ${command.builds.map(({ buildId }) => buildId).join(" ")}`;
    case "read-build-log":
      return `read-build-log ${command.image} ${command.platform} ${command.attempt}`;
    case "enter-stage":
    case "check-stage":
    case "run-checks":
    case "begin-stage":
    case "leave-stage":
      return `${command.type} ${command.stage}`;
    case "verify-deployment":
      return `${command.type} ${serviceOf(command)} ${command.deploymentId}${stepText(command)}`;
    case "verify-return":
      return `${command.type} ${serviceOf(command)} ${command.deploymentId}`;
    case "close-run":
      return command.type;
    case "report":
      return `report ${command.lease} ${command.reports.map(({ key, state }) => `${key}=${state}`).join(" ")}`;
    case "send-messages":
      return `send-messages ${command.lease} ${command.messages.map(({ channel, key, mark, detail }) => `${channelId(channel)}: ${key}=${mark} ${detail}`).join(", ")}`;
    case "record":
      return `record ${JSON.stringify(command.event)}`;
  }
}

/** Whether a command tells somebody outside of a run: the pipeline waits for none of these. */
export function isTelling({ type }: Command): boolean {
  return type === "report" || type === "send-messages";
}

function serviceOf({ stage, cluster, service }: DeploymentKey): string {
  return `${stage} ${cluster}/${service}`;
}

/** The event that claims a command; undefined when it needs no claim. */
export function claimOf(command: Command, at: Instant): RunEvent | undefined {
  switch (command.type) {
    case "start-build": {
      const { platform, attempt, lease } = command;
      return { type: "build.requested", at, image: command.image.name, platform, attempt, lease };
    }
    case "stop-build": {
      const { image, platform, attempt, lease } = command;
      return { type: "build.stop-requested", at, image, platform, attempt, lease };
    }
    case "publish-index":
      return { type: "index.publish-requested", at, image: command.image.name, lease: command.lease };
    case "deploy": {
      const { stage, cluster, service, lease } = command;
      return { type: "deployment.requested", at, stage, cluster, service, lease };
    }
    case "return-deployment": {
      const { stage, cluster, service, lease } = command;
      return { type: "return.requested", at, stage, cluster, service, lease };
    }
    case "run-task": {
      const { stage, cluster, service, when, index, lease } = command;
      return { type: "task.requested", at, stage, cluster, service, when, index, lease };
    }
    case "answer-pause": {
      const { stage, cluster, service, hookId, lease } = command;
      return { type: "pause.answer-requested", at, stage, cluster, service, hookId, lease };
    }
    case "report":
      return { type: "report.requested", at, lease: command.lease };
    case "send-messages":
      return { type: "messages.requested", at, lease: command.lease };
    default:
      return undefined;
  }
}
