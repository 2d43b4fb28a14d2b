import type { Command } from "../../shared/pipeline/commands.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { refName, sentence, when } from "../../shared/pipeline/messages.ts";

/** Events and commands as one line each, for whoever reads a transcript. */

const again = (attempt: number) => (attempt === 1 ? "" : ` (attempt ${attempt})`);
const short = (digest: string) => `${digest.slice(0, 15)}…`;
const because = (text: string | undefined) => (text === undefined || text === "" ? "" : `: ${text}`);

export function eventText(event: RunEvent): string {
  return `${event.type} ${detail(event)}`.trimEnd();
}

function detail(event: RunEvent): string {
  switch (event.type) {
    case "run.started":
      return `${refName(event.revision.ref)} ${event.revision.commit.slice(0, 7)} of ${event.revision.repository}${trigger(event.trigger)}`;
    case "build.failed":
      return `${build(event)}: ${sentence(event.failure)}${event.transient ? " (worth another attempt)" : ""}`;
    case "build.log-read":
      return `${build(event)}${because(event.lines.map((line) => `"${line}"`).join(" "))}`;
    case "build.started":
      return `${build(event)} as ${event.buildId}`;
    case "build.requested":
    case "build.succeeded":
    case "build.stop-requested":
    case "build.stopped":
      return build(event);
    case "index.publish-requested":
      return event.image;
    case "index.published":
      return `${event.image} ${short(event.digest)} as ${event.tags.join(", ")}`;
    case "index.failed":
      return `${event.image}: ${sentence(event.failure)}`;
    case "stage.waited":
    case "gate.voided":
      return `${event.stage}: ${event.why}`;
    case "stage.entered":
    case "stage.deploying":
    case "stage.left":
    case "stage.stopped":
    case "approval.expired":
      return event.stage;
    case "stage.failed":
      return `${event.stage}: ${sentence(event.failure)}`;
    case "approval.given":
    case "approval.refused":
      return `${event.stage}${event.hookId === undefined ? "" : ` (${event.hookId})`} by ${event.person}${because(event.comment)}`;
    case "approval.withdrawn":
    case "gate.overridden":
      return `${event.stage} by ${event.person}${"reason" in event ? because(event.reason) : ""}`;
    case "checks.reported":
      return `${event.stage}: ${event.results.map(({ name, state, why }) => `${name} ${state}${because(why)}`).join(", ")}`;
    case "run.stop-requested":
      return `by ${event.person}: ${event.reason}`;
    case "run.superseded":
      return `by ${event.by}`;
    case "run.finished":
      return `${event.outcome}: ${event.reason}`;
    default:
      return "service" in event ? deployment(event) : "";
  }
}

function build({
  image,
  platform,
  attempt,
}: {
  readonly image: string;
  readonly platform: string;
  readonly attempt: number;
}): string {
  return `${image} ${platform}${again(attempt)}`;
}

function deployment(event: Extract<RunEvent, { readonly service: string }>): string {
  const what = `${event.cluster}/${event.service}`;
  switch (event.type) {
    case "deployment.requested":
      return what;
    case "deployment.started":
      return `${what} with ${event.taskDefinition} as ${event.deploymentId}`;
    case "deployment.reported":
      return `${what} ${event.state}${because(event.reason)}`;
    case "deployment.succeeded": {
      const tasks = Object.entries(event.tasks).map(([architecture, count]) => `${count} on ${architecture}`);
      return `${what}: ${tasks.join(", ")}`;
    }
    case "deployment.failed":
      return `${what}: ${sentence(event.failure)}`;
    case "deployment.paused":
      return `${what} at ${event.lifecycleStage} (${event.hookId})`;
    case "pause.answer-requested":
      return `${what} (${event.hookId})`;
    case "pause.answered":
      return `${what} (${event.hookId}): ${event.action}`;
    case "deployment.baking":
      return `${what} until ${when(event.until)}`;
    case "deployment.step-done":
      return `${what}, step ${event.step}`;
    case "deployment.quarantined":
      return `${what} without ${event.quarantine.architecture}: ${sentence(event.quarantine.failure)}`;
    case "return.requested":
      return what;
    case "return.started":
      return `${what} as ${event.deploymentId}`;
    case "return.ended":
      return `${what}${because(event.failure === undefined ? "" : sentence(event.failure))}`;
    case "task.requested":
    case "task.started":
    case "task.reported":
      return `${what}, ${event.when} ${event.index}`;
    case "task.ended":
      return `${what}, ${event.when} ${event.index}${because(event.failure === undefined ? "" : sentence(event.failure))}`;
  }
}

export function commandText(command: Command): string {
  switch (command.type) {
    case "start-build":
      return `start-build ${command.image.name} ${command.platform}${again(command.attempt)}${takeover(command.lease)}`;
    case "stop-build":
      return `stop-build ${command.image} ${command.platform}${takeover(command.lease)}`;
    case "publish-index":
      return `publish-index ${command.image.name}${takeover(command.lease)}`;
    case "deploy": {
      const step = command.step === 0 ? "" : `, step ${command.step}`;
      return `deploy ${command.cluster}/${command.service}${step}${takeover(command.lease)}`;
    }
    case "return-deployment":
      return `return-deployment ${command.cluster}/${command.service}${takeover(command.lease)}`;
    case "verify-return":
      return `verify-return ${command.cluster}/${command.service}`;
    case "run-task":
      return `run-task ${command.definition.run}${takeover(command.lease)}`;
    case "ask-task":
      return `ask-task ${command.definition.run}${command.late ? ", late" : ""}`;
    case "answer-pause":
      return `answer-pause ${command.hookId} ${command.action}${takeover(command.lease)}`;
    case "ask-builds":
      return `ask-builds ${command.builds.map(({ buildId }) => buildId).join(" ")}`;
    case "read-build-log":
      return `read-build-log ${command.image} ${command.platform}`;
    case "verify-deployment":
      return `verify-deployment ${command.cluster}/${command.service}`;
    case "leave-stage":
      return `leave-stage ${command.stage}, ${command.outcome}`;
    case "enter-stage":
    case "check-stage":
    case "begin-stage":
    case "run-checks":
      return `${command.type} ${command.stage}`;
    case "record":
      return `record ${command.event.type}`;
    default:
      return command.type;
  }
}

function trigger(of: Extract<RunEvent, { readonly type: "run.started" }>["trigger"]): string {
  switch (of.type) {
    case "rollback":
      return `, back to ${of.to} by ${of.by}: ${of.reason}`;
    case "unquarantine":
      return `, all architectures of ${of.of} again by ${of.by}: ${of.reason}`;
    case "shift":
      return `, other weights for ${of.of} by ${of.by}`;
    default:
      return "";
  }
}

const takeover = (lease: number) => (lease === 0 ? "" : `, taken over (${lease})`);
