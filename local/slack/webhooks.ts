import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { reply } from "../aws/http.ts";
import { contentSchema } from "./content.ts";
import type { Messages } from "./messages.ts";
import { jsonBody, type WebApi, withFault } from "./web-api.ts";

const text = { "content-type": "text/plain" };

/** Incoming webhooks, `/slack/services/TEAM/APP/NAME`: the answer is a word. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function createIncomingWebhooks({ messages, faults }: WebApi, path: string) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await jsonBody(request);
    const name = new URL(request.url ?? "/", "http://127.0.0.1").pathname.slice(path.length);
    await withFault(faults.strike(), response, () => {
      if (!/^[a-z][a-z0-9-]*$/.test(name)) return () => reply(response, 404, "no_service", text);
      const content = contentSchema.safeParse(body);
      if (!content.success) return () => reply(response, 400, "invalid_blocks", text);
      messages.add({ channel: `webhook ${name}`, content: content.data, broadcast: false });
      return () => reply(response, 200, "ok", text);
    });
  };
}

const replySchema = z.object({
  response_type: z.enum(["ephemeral", "in_channel"]).default("ephemeral"),
  replace_original: z.boolean().default(false),
  delete_original: z.boolean().default(false),
});

/** Slack lets a response_url be used so often, for half an hour. */
const MOST_USES = 5;
const LIFETIME_MS = 30 * 60_000;

interface Open {
  readonly ts: string;
  readonly user: string;
  readonly until: number;
  uses: number;
}

/** `response_url`s: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses */
export class Responses {
  readonly #messages: Messages;
  readonly #now: () => number;
  readonly #open = new Map<string, Open>();

  constructor(messages: Messages, now: () => number) {
    this.#messages = messages;
    this.#now = now;
  }

  /** A new one for somebody who has pressed a button of a message. */
  open(id: string, ts: string, user: string): void {
    this.#open.set(id, { ts, user, until: this.#now() + LIFETIME_MS, uses: 0 });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = new URL(request.url ?? "/", "http://127.0.0.1").pathname.split("/").at(-1) ?? "";
    const open = this.#open.get(id);
    const body = await jsonBody(request);
    if (open === undefined || open.uses >= MOST_USES || this.#now() > open.until)
      return reply(response, 404, "used_url", text);
    open.uses += 1;
    const content = contentSchema.safeParse(body);
    const how = replySchema.safeParse(body);
    if (!content.success || !how.success) return reply(response, 400, "invalid_blocks", text);
    const original = this.#messages.byTs(open.ts);
    if (how.data.replace_original && original !== undefined) this.#messages.change(original.ts, content.data);
    else
      this.#messages.add({
        channel: original?.channel ?? "",
        content: content.data,
        broadcast: false,
        ...(how.data.response_type === "ephemeral" ? { onlyFor: open.user } : {}),
      });
    reply(response, 200, "ok", text);
  }
}
