import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { evolve } from "../../shared/pipeline/evolve.ts";
import { channelId, type MessageChannel, SUBJECTS } from "../../shared/pipeline/message-channel.ts";
import { type Message, messagesDue } from "../../shared/pipeline/messages-due.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { isStale } from "../../shared/pipeline/silence.ts";
import type { Told } from "../../shared/pipeline/telling-events.ts";
import { definition, prepared, runAfter, T0 } from "./given.ts";

/** Runs of a pipeline that tells people of them. */

export const SLACK = {
  type: "slack",
  channel: "C0123456789",
  about: ["approvals", "failures", "deployments"],
} as const satisfies MessageChannel;
export const HOOK = {
  type: "slack-webhook",
  webhook: "releases",
  about: ["approvals"],
} as const satisfies MessageChannel;
export const TOPIC = {
  type: "sns",
  topic: "releases",
  email: [],
  about: ["failures"],
} as const satisfies MessageChannel;
export const BUS = {
  type: "event-bridge",
  bus: "default",
  about: SUBJECTS,
} as const satisfies MessageChannel;

/** Production's gate is opened anew: what was asked before is asked no more. */
export const VOIDED: RunEvent = {
  type: "gate.voided",
  at: T0,
  stage: "production",
  why: "service web has been changed",
  deployments: [prepared("production", 7)],
};

/** A run of these events, of a pipeline with these channels. */
export function toldRun(
  channels: readonly MessageChannel[],
  events: readonly RunEvent[],
  change: Partial<PipelineDefinition> = {},
): Run {
  const with_ = definition({ messages: channels, ...change });
  return runAfter(
    ...events.map((event) => (event.type === "run.started" ? { ...event, definition: with_ } : event)),
  );
}

export function further(run: Run, ...events: readonly RunEvent[]): Run {
  return events.reduce<Run>((before, event) => evolve(before, event) ?? before, run);
}

export const due = (run: Run, now = T0): readonly Message[] =>
  messagesDue(run, now, (claim) => isStale(claim, now))?.messages ?? [];

/** `C0123456789 stage staging=deploying`, `updated`. */
export const shown = (messages: readonly Message[]): readonly string[] =>
  messages.map(
    ({ channel, key, mark, updates }) =>
      `${channelId(channel)}: ${key === mark ? key : `${key}=${mark}`}${updates === undefined ? "" : ` updates ${updates}`}`,
  );

/** Everything that is due has been said; a message's id is its key. */
export function heard(run: Run, now = T0, change?: (message: Message) => Told): Run {
  const told: Record<string, Record<string, Told>> = {};
  for (const message of due(run, now)) {
    const { channel, key, mark, detail } = message;
    const id = channelId(channel);
    const of = told[id] ?? {};
    told[id] = of;
    of[key] = change?.(message) ?? {
      said: { mark, detail, ...(channel.type === "slack" ? { id: key } : {}) },
    };
  }
  return further(run, { type: "messages.sent", at: now, told });
}
