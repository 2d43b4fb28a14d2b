import type { Message } from "../pipeline/messages-due.ts";
import type { SlackApi } from "./slack-api.ts";

/** What messages about runs are sent with. */
export interface Messenger {
  /** The console's address, `https://…/console/`. */
  readonly consoleUrl: string;
  /** The topics of the stack, name to ARN. */
  readonly topics: Readonly<Record<string, string>>;
  readonly slack: SlackApi;
  /** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html; throws `SendError`. */
  readonly publish: (notice: Notice) => Promise<void>;
  /** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html, one entry; throws `SendError`. */
  readonly putEvent: (event: BusEvent) => Promise<void>;
}

/** A message to a topic. */
export interface Notice {
  readonly topicArn: string;
  /** At most 100 characters of ASCII. */
  readonly subject: string;
  readonly text: string;
  /** What subscriptions filter by. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event for a bus. */
export interface BusEvent {
  /** Its name or ARN. */
  readonly bus: string;
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
}

/** Sends one message, after those before it; gives what the channel knows it by. Throws `SendError`. */
export type Send = (message: Message) => Promise<string | undefined>;
