import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { reasonOf } from "../../errors.ts";
import type { HookRecord } from "../records.ts";
import type { GithubRepository } from "../repositories.ts";
import type { Deliveries, Delivery } from "./deliveries.ts";
import type { DeliveryFaults } from "./faults.ts";
import { type Answer, type Message, post, TIMED_OUT, webhookRequest } from "./request.ts";
import { Turns } from "./turns.ts";

/** GitHub does not send larger payloads: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MAXIMUM_PAYLOAD_BYTES = 25 * 1024 * 1024;

/** So many deliveries are under way at once: a push may change thousands of branches. */
const AT_ONCE = 32;

/** An event, as it is published to whoever listens. */
export interface WebhookEvent {
  readonly event: "push" | "pull_request" | "release" | "ping";
  readonly action: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface WebhookOptions {
  /** Where the hook that every repository has from the start delivers to. */
  readonly target: string;
  readonly secret: string;
  readonly deliveries: Deliveries;
  readonly faults: DeliveryFaults;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

export interface Webhooks {
  /** Sends an event to the repository's active hooks that listen to it; returns at once. */
  publish(repository: GithubRepository, event: WebhookEvent): void;
  /** Sends an event to one hook; returns at once. */
  send(repository: GithubRepository, hook: HookRecord, event: WebhookEvent): void;
  /** Sends a delivery again, under the same guid, to where the hook leads now. */
  redeliver(delivery: Delivery, hook: HookRecord): Promise<Delivery>;
  urlOf(hook: HookRecord): string;
  hasSecret(hook: HookRecord): boolean;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

/** Delivers events to webhooks, once each: GitHub does not try again by itself. */
export function createWebhooks(options: WebhookOptions): Webhooks {
  const { deliveries, faults, now, say } = options;
  const ending = new AbortController();
  const turns = new Turns(AT_ONCE);
  const running = new Set<Promise<unknown>>();
  const track = <Result>(work: Promise<Result>): Promise<Result> => {
    const settled = work.catch(() => undefined);
    running.add(settled);
    settled.finally(() => running.delete(settled));
    return work;
  };
  const urlOf = (hook: HookRecord): string => hook.target?.url ?? options.target;
  const secretOf = (hook: HookRecord): string | undefined =>
    hook.target === undefined ? options.secret : hook.target.secret;

  /** @param lost whether the receiver shall not see it */
  const attempt = async (sending: Sending, lost: boolean): Promise<Delivery> => {
    const { hook, repositoryId, repository, guid, event, action, payload, redelivery } = sending;
    const message: Message = {
      ...{ guid, event, payload, repositoryId },
      hookId: hook.id,
      contentType: hook.contentType,
      secret: secretOf(hook),
    };
    const request = webhookRequest(message);
    const url = urlOf(hook);
    const deliveredAt = now();
    const started = performance.now();
    const answer: Answer = lost ? TIMED_OUT : await turns.take(() => post(url, request, ending.signal));
    const delivery: Delivery = {
      ...{ guid, repositoryId, repository, event, action, redelivery, deliveredAt, url, payload },
      id: deliveries.newId(),
      hookId: hook.id,
      durationMs: performance.now() - started,
      status: answer.status,
      statusCode: answer.statusCode,
      requestHeaders: request.headers,
      responseHeaders: answer.headers,
      responseBody: answer.body,
    };
    if (!ending.signal.aborted) {
      await deliveries.add(delivery);
      if (answer.status !== "OK") say(failure(delivery));
    }
    return delivery;
  };

  const send = async (sending: Sending): Promise<void> => {
    if (Buffer.byteLength(sending.payload) > MAXIMUM_PAYLOAD_BYTES) {
      say(`github: ${sending.event} of ${sending.repository} is not delivered: its payload is over 25 MB`);
      return;
    }
    const fault = faults.take(sending.event);
    if (fault?.mode === "delay") await delay(fault.milliseconds, undefined, { signal: ending.signal });
    const twice = fault?.mode === "double" ? attempt(sending, false) : undefined;
    await Promise.all([attempt(sending, fault?.mode === "lose"), twice]);
  };

  const begin: Webhooks["send"] = (repository, hook, { event, action, payload }) => {
    if (ending.signal.aborted) return;
    const sending = {
      ...{ hook, event, action },
      repositoryId: repository.id,
      repository: repository.fullName,
      guid: randomUUID(),
      payload: JSON.stringify(payload),
      redelivery: false,
    };
    track(send(sending)).catch((error: unknown) => {
      if (!ending.signal.aborted)
        say(`github: a delivery of ${event} of ${repository.fullName} broke off: ${reasonOf(error)}`);
    });
  };

  return {
    publish: (repository, event) => {
      for (const hook of repository.records.data.hooks)
        if (hook.active && listens(hook, event.event)) begin(repository, hook, event);
    },
    send: begin,
    redeliver: (delivery, hook) => track(attempt({ ...delivery, hook, redelivery: true }, false)),
    urlOf,
    hasSecret: (hook) => secretOf(hook) !== undefined,
    close: async () => {
      ending.abort();
      await Promise.all(running);
    },
  };
}

interface Sending {
  readonly hook: HookRecord;
  readonly repositoryId: number;
  readonly repository: string;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly payload: string;
  readonly redelivery: boolean;
}

const listens = (hook: HookRecord, event: string): boolean =>
  hook.events.includes(event) || hook.events.includes("*");

function failure({ event, repository, url, status, statusCode, id }: Delivery): string {
  return (
    `github: delivery ${id} (${event} of ${repository}) to ${url} failed: ${status} (${statusCode}); ` +
    `send it again with tandem local redeliver ${id}`
  );
}
