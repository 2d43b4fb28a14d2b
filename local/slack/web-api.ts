import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { headersOf, readBody, reply, replyJson } from "../aws/http.ts";
import { contentSchema } from "./content.ts";
import type { SlackFault, SlackFaults } from "./faults.ts";
import type { Messages } from "./messages.ts";

const MAX_BODY_BYTES = 256 * 1024;

export interface WebApi {
  readonly messages: Messages;
  readonly faults: SlackFaults;
  readonly token: string;
}

type Answer = Readonly<Record<string, unknown>>;

const failure = (error: string): Answer => ({ ok: false, error });

const postSchema = z.object({
  channel: z.string().regex(/^[CGD][A-Z0-9]+$/),
  thread_ts: z.string().optional(),
  reply_broadcast: z.boolean().default(false),
  /** What has come before is not said again: no argument that Slack documents, but errors that it does. */
  client_msg_id: z.guid().optional(),
});

const updateSchema = z.object({ channel: z.string(), ts: z.string() });

/** `chat.postMessage` and `chat.update` as https://slack.com/api answers them: 200, and whether it went well in the body. */
export function createWebApi(api: WebApi) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await jsonBody(request);
    const method = new URL(request.url ?? "/", "http://127.0.0.1").pathname.split("/").at(-1) ?? "";
    await withFault(api.faults.strike(method), response, () => {
      const authorized = headersOf(request).authorization === `Bearer ${api.token}`;
      const answer = authorized ? call(api.messages, method, body) : failure("invalid_auth");
      return () => replyJson(response, 200, answer);
    });
  };
}

/** @param act does it, and gives how to answer */
export async function withFault(
  fault: SlackFault | undefined,
  response: ServerResponse,
  act: () => () => void,
): Promise<void> {
  switch (fault?.mode) {
    case "fail":
      return reply(response, 500, "", {});
    case "throttle":
      return reply(response, 429, "", { "retry-after": "1" });
    case "lose":
      act();
      response.destroy();
      return;
    case "delay":
      await delay(fault.milliseconds);
      return act()();
    case undefined:
      return act()();
  }
}

export async function jsonBody(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await readBody(request, MAX_BODY_BYTES)).toString());
  } catch {
    return undefined;
  }
}

function call(messages: Messages, method: string, body: unknown): Answer {
  const content = contentSchema.safeParse(body);
  if (!content.success) {
    const words = content.error.issues.map(({ message }) => message);
    return failure(words.includes("no_text") ? "no_text" : "invalid_blocks");
  }
  switch (method) {
    case "chat.postMessage": {
      const parsed = postSchema.safeParse(body);
      if (!parsed.success) return failure("channel_not_found");
      const { channel, thread_ts: threadTs, reply_broadcast: broadcast, client_msg_id: id } = parsed.data;
      if (threadTs !== undefined && messages.find(channel, threadTs) === undefined)
        return failure("thread_not_found");
      const thread = threadTs === undefined ? {} : { threadTs };
      const message = { channel, content: content.data, broadcast, ...thread };
      const ts = id === undefined ? messages.add(message).ts : messages.addOnce(id, message);
      return messages.find(channel, ts) === undefined
        ? failure("duplicate_message_not_found")
        : { ok: true, channel, ts };
    }
    case "chat.update": {
      const parsed = updateSchema.safeParse(body);
      if (!parsed.success) return failure("invalid_arguments");
      const { channel, ts } = parsed.data;
      if (messages.find(channel, ts) === undefined) return failure("message_not_found");
      messages.change(ts, content.data);
      return { ok: true, channel, ts };
    }
    default:
      return failure("unknown_method");
  }
}
