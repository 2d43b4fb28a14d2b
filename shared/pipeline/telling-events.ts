import type { Said } from "./event-words.ts";

/** That somebody outside has been told of a run: the commit's host, and whoever the pipeline's messages go to. */
export type TellingEvent =
  | { readonly type: "report.requested"; readonly lease: number }
  | {
      readonly type: "report.made";
      /** By the key of a report: a status's context, a deployment, a comment. */
      readonly said: Readonly<Record<string, Said>>;
      /** Why some of it could not be said. */
      readonly problem?: string;
    }
  | { readonly type: "messages.requested"; readonly lease: number }
  | {
      readonly type: "messages.sent";
      /** By the id of a channel, and by what the message is about. */
      readonly told: Readonly<Record<string, Readonly<Record<string, Told>>>>;
    };

/** What a channel has been told about one thing. */
export interface Told {
  /** What was said last; absent: nothing yet. */
  readonly said?: Saying & {
    /** Slack's timestamp of the message, by which it is updated and replied to. */
    readonly id?: string;
  };
  /** What could not be said after that. */
  readonly failed?: FailedSaying;
}

/** One version of a message. */
export interface Saying {
  /** Another one is news. */
  readonly mark: string;
  /** Another one corrects what has been said. */
  readonly detail: string;
}

export interface FailedSaying extends Saying {
  readonly at: number;
  readonly tries: number;
  readonly problem: string;
  /** It is not tried again. */
  readonly final: boolean;
}
