import { type MessageChannel, SUBJECTS, type Subject } from "../pipeline/message-channel.ts";
import type { MessagesFile } from "./schema-messages.ts";

/** People are told when something is asked of them, goes wrong, or goes live. */
const USUAL: readonly Subject[] = ["approvals", "failures", "deployments"];

/** A channel of a checked file as the core sees it. The schema lets exactly one kind through. */
export function channelOf({ slack, sns, eventBridge, about }: MessagesFile[number]): MessageChannel {
  if (eventBridge !== undefined)
    return { type: "event-bridge", bus: eventBridge.bus, about: about ?? SUBJECTS };
  if (sns !== undefined) return { type: "sns", ...sns, about: about ?? USUAL };
  if (slack?.channel !== undefined) return { type: "slack", channel: slack.channel, about: about ?? USUAL };
  if (slack?.webhook !== undefined)
    return { type: "slack-webhook", webhook: slack.webhook, about: about ?? USUAL };
  throw new Error("a channel without a kind passed the schema");
}
