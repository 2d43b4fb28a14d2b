import type { Content } from "./content.ts";

/** A message in a channel. */
export interface SlackMessage {
  /** Its id: seconds with six digits after the point. */
  readonly ts: string;
  /** A channel's id; `webhook NAME` for what came by an incoming webhook. */
  readonly channel: string;
  readonly threadTs?: string;
  /** A reply that is shown in the channel, too. */
  readonly broadcast: boolean;
  readonly content: Content;
  /** How often it has been changed. */
  readonly edits: number;
  /** Only this person sees it. */
  readonly onlyFor?: string;
}

/** So many messages are kept. */
const KEPT = 1_000;

/** What has been said, the oldest first; in memory. */
export class Messages {
  readonly #now: () => number;
  #all: readonly SlackMessage[] = [];
  #count = 0;
  /** `CHANNEL ID` → the message that came with that `client_msg_id`. */
  readonly #byClientId = new Map<string, string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  list(): readonly SlackMessage[] {
    return this.#all;
  }

  find(channel: string, ts: string): SlackMessage | undefined {
    return this.#all.find((one) => one.channel === channel && one.ts === ts);
  }

  /** By its timestamp alone, which is unique here. */
  byTs(ts: string): SlackMessage | undefined {
    return this.#all.find((one) => one.ts === ts);
  }

  add(message: Omit<SlackMessage, "ts" | "edits">): SlackMessage {
    this.#count += 1;
    const seconds = Math.floor(this.#now() / 1000);
    const ts = `${seconds}.${String(this.#count % 1_000_000).padStart(6, "0")}`;
    const added = { ...message, ts, edits: 0 };
    this.#all = [...this.#all, added].slice(-KEPT);
    return added;
  }

  /** The same, unless this id has come before. @returns the message that it came with then, also one that is gone */
  addOnce(clientId: string, message: Omit<SlackMessage, "ts" | "edits">): string {
    const key = `${message.channel} ${clientId}`;
    const known = this.#byClientId.get(key);
    if (known !== undefined) return known;
    const { ts } = this.add(message);
    this.#byClientId.set(key, ts);
    return ts;
  }

  change(ts: string, content: Content): void {
    this.#all = this.#all.map((one) => (one.ts === ts ? { ...one, content, edits: one.edits + 1 } : one));
  }

  remove(ts: string): void {
    this.#all = this.#all.filter((one) => one.ts !== ts);
  }
}
