import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { replyJson } from "../aws/http.ts";
import { buttonsOf, wordsOf } from "./content.ts";
import { type SlackFaults, slackFaultSchema } from "./faults.ts";
import type { SlackMessage } from "./messages.ts";
import { deliver, type InteractionRequest, interactionOf, type PressOptions, pressSchema } from "./press.ts";
import { jsonBody } from "./web-api.ts";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What people delete themselves. */
const deleteSchema = z.strictObject({ ts: z.string() });

const refusal = (status: number, message: string): Answer => ({ status, body: { message } });

/** What Slack's people would see and do: `/_local/slack/messages`, `…/press`, `…/replay`, `…/delete` and `…/faults`. */
export function createSlackControl(options: PressOptions & { readonly faults: SlackFaults }) {
  let last: InteractionRequest | undefined;

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const { messages, faults, url } = options;
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    switch (`${request.method} ${pathname}`) {
      case "GET /_local/slack/messages":
        return { status: 200, body: { messages: messages.list().map(shown) } };
      case "POST /_local/slack/press": {
        const parsed = pressSchema.safeParse(await jsonBody(request));
        if (!parsed.success) return refusal(400, faultsOf(parsed.error));
        const made = interactionOf(options, parsed.data);
        if (typeof made === "string") return refusal(404, made);
        if (!parsed.data.send) return { status: 200, body: made };
        last = made;
        return { status: 200, body: await deliver(url, made) };
      }
      case "POST /_local/slack/replay":
        return last === undefined
          ? refusal(404, "nothing has been pressed yet: POST /_local/slack/press")
          : { status: 200, body: await deliver(url, last) };
      case "POST /_local/slack/delete": {
        const parsed = deleteSchema.safeParse(await jsonBody(request));
        if (!parsed.success) return refusal(400, faultsOf(parsed.error));
        const { ts } = parsed.data;
        if (messages.byTs(ts) === undefined)
          return refusal(404, `there is no message ${ts}: GET /_local/slack/messages lists them`);
        messages.remove(ts);
        return { status: 200, body: { deleted: ts } };
      }
      case "GET /_local/slack/faults":
        return { status: 200, body: { faults: faults.list() } };
      case "POST /_local/slack/faults": {
        const parsed = slackFaultSchema.safeParse(await jsonBody(request));
        if (!parsed.success) return refusal(400, faultsOf(parsed.error));
        faults.add(parsed.data);
        return { status: 201, body: { faults: faults.list() } };
      }
      case "DELETE /_local/slack/faults":
        faults.clear();
        return { status: 200, body: { faults: [] } };
      default:
        return refusal(
          404,
          `there is no ${request.method} ${pathname}: GET /_local/slack/messages, POST /_local/slack/press, POST /_local/slack/replay, POST /_local/slack/delete, GET, POST or DELETE /_local/slack/faults`,
        );
    }
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body } = await answer(request);
    replyJson(response, status, body);
  };
}

const faultsOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join(".") || "the body"}: ${message}`).join("; ");

const shown = ({ ts, channel, threadTs, broadcast, content, edits, onlyFor }: SlackMessage) => ({
  ...{ ts, channel, threadTs, broadcast, edits, onlyFor },
  text: content.text,
  lines: wordsOf(content),
  buttons: buttonsOf(content).map(({ action_id, text, url }) => ({
    action: action_id,
    text: text.text,
    url,
  })),
});
