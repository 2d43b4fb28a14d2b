/** What somebody may want to hear of a run. */
export const SUBJECTS = ["approvals", "failures", "deployments", "runs"] as const;

export type Subject = (typeof SUBJECTS)[number];

/** Where messages about a run go, and which. */
export type MessageChannel = { readonly about: readonly Subject[] } & (
  | {
      /** A channel's id at Slack; told by the app's bot, which updates what it has said and replies in a thread. */
      readonly type: "slack";
      readonly channel: string;
    }
  | {
      /** The name of an incoming webhook in the Slack secret; it can neither update nor reply. */
      readonly type: "slack-webhook";
      readonly webhook: string;
    }
  | {
      readonly type: "sns";
      /** The name of a topic that the stack makes, or the ARN of one that is there. */
      readonly topic: string;
      /** Addresses that the stack subscribes to its topic. */
      readonly email: readonly string[];
    }
  | { readonly type: "event-bridge"; readonly bus: string }
);

/** What a run's record knows a channel by. */
export function channelId(channel: MessageChannel): string {
  switch (channel.type) {
    case "slack":
      return `slack ${channel.channel}`;
    case "slack-webhook":
      return `slack webhook ${channel.webhook}`;
    case "sns":
      return `sns ${channel.topic}`;
    case "event-bridge":
      return `event-bridge ${channel.bus}`;
  }
}
