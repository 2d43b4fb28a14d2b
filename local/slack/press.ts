import { createHmac, randomUUID } from "node:crypto";
import { z } from "zod";
import { reasonOf } from "../errors.ts";
import { buttonsOf } from "./content.ts";
import type { Messages, SlackMessage } from "./messages.ts";
import { TEAM, USERNAMES, userId } from "./people.ts";
import type { Responses } from "./webhooks.ts";

/** Slack waits so long for an answer, and tells the person that it failed then. */
const PATIENCE_MS = 3_000;

export const pressSchema = z.strictObject({
  /** The message's timestamp. */
  ts: z.string(),
  user: z.enum(USERNAMES),
  /** The button; the first that is no link when left out. */
  action: z.string().optional(),
  /** Another signing secret than the app's: somebody who is not Slack. */
  secret: z.string().optional(),
  /** How old the request says it is. */
  ageSeconds: z.number().default(0),
  /** False: the request is given back instead, for whoever wants to send it otherwise. */
  send: z.boolean().default(true),
});

export type PressOrder = z.infer<typeof pressSchema>;

/** What is sent to the app, and can be sent again as it was. */
export interface InteractionRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PressOptions {
  readonly messages: Messages;
  readonly responses: Responses;
  /** `http://127.0.0.1:4566`. */
  readonly url: string;
  readonly signingSecret: string;
  readonly now: () => number;
}

/**
 * The request that a press of a button makes.
 * @returns the reason when there is nothing to press
 */
export function interactionOf(options: PressOptions, order: PressOrder): InteractionRequest | string {
  const { messages, responses, url, now } = options;
  const message = messages.byTs(order.ts);
  if (message === undefined) return `there is no message ${order.ts}: GET /_local/slack/messages lists them`;
  const button = buttonsOf(message.content).find(({ action_id, url: link }) =>
    order.action === undefined ? link === undefined : action_id === order.action,
  );
  if (button === undefined) return `message ${order.ts} has no such button`;
  const user = userId(order.user) ?? "";
  const id = randomUUID();
  responses.open(id, message.ts, user);
  const action = {
    type: "button",
    action_id: button.action_id,
    ...(button.value === undefined ? {} : { value: button.value }),
    action_ts: (now() / 1000).toFixed(6),
  };
  const payload = {
    type: "block_actions",
    user: { id: user, username: order.user, name: order.user, team_id: TEAM },
    api_app_id: "A0000LOCAL",
    trigger_id: id,
    team: { id: TEAM, domain: "local" },
    channel: { id: channelOf(message), name: message.channel },
    container: { type: "message", message_ts: message.ts },
    response_url: `${url}/slack/actions/${id}`,
    actions: [action],
  };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  return { body, headers: headersFor(body, order, options) };
}

/** A webhook's channel has an id, too, which only Slack knows. */
function channelOf({ channel }: SlackMessage): string {
  return channel.startsWith("webhook ") ? "C0WEBHOOK00" : channel;
}

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
function headersFor(
  body: string,
  { secret, ageSeconds }: PressOrder,
  { signingSecret, now }: PressOptions,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now() / 1000 - ageSeconds));
  const hmac = createHmac("sha256", secret ?? signingSecret).update(`v0:${timestamp}:${body}`);
  return {
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    "x-slack-request-timestamp": timestamp,
    "x-slack-signature": `v0=${hmac.digest("hex")}`,
  };
}

/** Sends it to the app. Never throws: no answer in time is one, too. */
export async function deliver(
  url: string,
  { headers, body }: InteractionRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const response = await fetch(`${url}/slack/interactions`, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    return { status: 504, body: `no answer within ${PATIENCE_MS} ms (${reasonOf(error)})` };
  }
}
