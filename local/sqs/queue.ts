import { createHash, randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";

/** A message in a queue. */
export interface Message {
  readonly id: string;
  readonly body: string;
  /** Message attributes of type String. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly sentMs: number;
  readonly receives: number;
  readonly firstReceivedMs?: number | undefined;
  readonly visibleFromMs: number;
  /** Of the last receive. */
  readonly receipt?: string | undefined;
}

export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

/** A standard queue. What it holds is handed to `save` after each change. */
export class Queue {
  readonly name: string;
  /** Seconds that a received message stays hidden, unless the receiver says otherwise. */
  readonly visibilityTimeout: number;
  #messages: readonly Message[];
  readonly #save: () => void;
  readonly #arrivals = new EventEmitter().setMaxListeners(0);

  constructor(name: string, visibilityTimeout: number, messages: readonly Message[], save: () => void) {
    this.name = name;
    this.visibilityTimeout = visibilityTimeout;
    this.#messages = messages;
    this.#save = save;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  send(body: string, attributes: Readonly<Record<string, string>>, now: number, delayMs = 0): Message {
    const message = {
      id: randomUUID(),
      body,
      attributes,
      sentMs: now,
      receives: 0,
      visibleFromMs: now + delayMs,
    };
    this.#change([...this.#messages, message]);
    this.#arrivals.emit("message");
    return message;
  }

  /** Takes up to `count` visible messages and hides them for `hideMs`. */
  receive(count: number, hideMs: number, now: number): readonly Message[] {
    const taken = new Map<string, Message>();
    for (const message of this.#messages) {
      if (taken.size === count) break;
      if (message.visibleFromMs > now) continue;
      taken.set(message.id, {
        ...message,
        receives: message.receives + 1,
        firstReceivedMs: message.firstReceivedMs ?? now,
        visibleFromMs: now + hideMs,
        receipt: randomUUID(),
      });
    }
    if (taken.size > 0) this.#change(this.#messages.map((message) => taken.get(message.id) ?? message));
    return [...taken.values()];
  }

  /** Resolves when a message arrives, or after `milliseconds`. */
  async arrival(milliseconds: number): Promise<void> {
    await once(this.#arrivals, "message", { signal: AbortSignal.timeout(milliseconds) }).catch(
      () => undefined,
    );
  }

  /** Deletes by the receipt handle; false when there is no such message (any more). */
  delete(receipt: string): boolean {
    const left = this.#messages.filter((message) => message.receipt !== receipt);
    const found = left.length < this.#messages.length;
    if (found) this.#change(left);
    return found;
  }

  purge(): void {
    this.#change([]);
  }

  #change(messages: readonly Message[]): void {
    this.#messages = messages;
    this.#save();
  }
}
