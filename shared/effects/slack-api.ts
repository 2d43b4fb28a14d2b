import { z } from "zod";
import { SendError, silenceOf, unless } from "./send-error.ts";

/** The content of the secret `tandem/slack`; whoever sets Slack up puts it there. */
const secretSchema = z.object({
  /** The app's signing secret; two during a change. */
  signingSecrets: z.array(z.string().min(1)).max(2).optional(),
  /** `xoxb-…`, with the scope `chat:write`. */
  botToken: z.string().min(1).optional(),
  /** Incoming webhooks by the names that pipelines use. */
  webhooks: z.record(z.string(), z.url()).optional(),
});

export type SlackSecret = z.infer<typeof secretSchema>;

/** @throws Error naming what is wrong, without the secret itself */
export function parseSlackSecret(text: string): SlackSecret {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("the Slack secret is no JSON: see docs/messages.md");
  }
  const parsed = secretSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new Error(`the Slack secret is not as docs/messages.md says: ${faults.join("; ")}`);
}

type Body = Readonly<Record<string, unknown>>;

/** Slack, as far as messages need it. Everything throws `SendError`. */
export interface SlackApi {
  /**
   * https://docs.slack.dev/reference/methods/chat.postMessage; gives the message's timestamp.
   * @param id a UUID; the same message once more is to have the same, by which Slack takes it once
   */
  post(body: Body, id: string): Promise<string>;
  /** https://docs.slack.dev/reference/methods/chat.update */
  update(body: Body): Promise<string>;
  /** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; answers no timestamp. */
  webhook(name: string, body: Body): Promise<void>;
  /** https://docs.slack.dev/interactivity/handling-user-interaction, `response_url`; at Slack, and nowhere else. */
  respond(url: string, body: Body): Promise<void>;
}

export interface SlackApiOptions {
  /** `https://slack.com/api`. */
  readonly url: string;
  /** Read when it is first needed. */
  readonly secret: () => Promise<SlackSecret>;
  /** Milliseconds for a request and its answer. */
  readonly timeout?: number;
}

const TIMEOUT_MILLISECONDS = 3_000;

/** Errors that pass: https://docs.slack.dev/reference/methods/chat.postMessage, "Errors". */
const PASSING = [
  "ratelimited",
  "rate_limited",
  "service_unavailable",
  "internal_error",
  "fatal_error",
  "request_timeout",
  // The workspace is being moved.
  "team_added_to_org",
];

/** What Slack says of an id that it has seen, of a message that is gone since. */
const DELETED_SINCE = "duplicate_message_not_found";

/** Asks Slack once: whoever calls keeps count of tries. */
export function slackApi({ url, secret, timeout = TIMEOUT_MILLISECONDS }: SlackApiOptions): SlackApi {
  const method = async (name: string, body: Body): Promise<string> => {
    const { botToken } = await secretOf(secret);
    if (botToken === undefined)
      throw new SendError(
        "final",
        "no-token",
        "the Slack secret has no botToken: put one there, see docs/messages.md",
      );
    try {
      const headers = { authorization: `Bearer ${botToken}` };
      const text = await send(`${url.replace(/\/+$/, "")}/${name}`, body, timeout, headers);
      return timestampIn(name, text);
    } catch (error) {
      throw repeatable(error);
    }
  };
  return {
    post: (body, id) =>
      unless(
        DELETED_SINCE,
        () => method("chat.postMessage", { ...body, client_msg_id: id }),
        () => method("chat.postMessage", body),
      ),
    update: (body) => method("chat.update", body),
    webhook: async (name, body) => {
      const { webhooks = {} } = await secretOf(secret);
      const address = Object.hasOwn(webhooks, name) ? webhooks[name] : undefined;
      if (address === undefined)
        throw new SendError(
          "final",
          "no-webhook",
          `the Slack secret has no webhook "${name}": put it there, see docs/messages.md`,
        );
      await send(address, body, timeout);
    },
    respond: async (address, body) => {
      const { protocol, host } = new URL(url);
      const to = new URL(address);
      if (to.protocol !== protocol || (to.host !== host && !to.host.endsWith(`.${host}`)))
        throw new SendError(
          "final",
          "not-slack",
          `an answer is to go to ${to.protocol}//${to.host}, which is not Slack's: ${protocol}//${host}`,
        );
      await send(address, body, timeout);
    },
  };
}

/** What is asked of the Web API can be asked again: an update says the same, and a message has its id. */
function repeatable(error: unknown): unknown {
  return error instanceof SendError && error.kind === "lost"
    ? new SendError("later", error.code, error.message, error)
    : error;
}

async function secretOf(read: () => Promise<SlackSecret>): Promise<SlackSecret> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SendError("later", "no-secret", `the Slack secret cannot be read: ${reason}`, cause);
  }
}

async function send(
  url: string,
  body: Body,
  timeout: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: "POST",
      redirect: "error",
      signal: AbortSignal.timeout(timeout),
      headers: { "content-type": "application/json; charset=utf-8", ...headers },
      body: JSON.stringify(body),
    });
    text = await response.text();
  } catch (cause) {
    throw silenceOf(cause, "Slack");
  }
  if (response.ok) return text;
  // A webhook's answer is a word such as `channel_is_archived`: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
  const code = /^[a-z_]{1,60}$/.test(text) ? text : `http-${response.status}`;
  throw new SendError(kindOf(response.status), code, `Slack answered ${response.status} (${code})`);
}

/** 429 and 503 say that nothing was done; after another error of Slack's own it may have been said all the same. */
function kindOf(status: number): SendError["kind"] {
  if (status === 429 || status === 503) return "later";
  return status >= 500 ? "lost" : "final";
}

const answerSchema = z.object({ ok: z.boolean(), error: z.string().optional(), ts: z.string().optional() });

/** Of the Web API, which answers 200 to what it refuses, too. */
function timestampIn(method: string, text: string): string {
  let answer: z.infer<typeof answerSchema>;
  try {
    answer = answerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SendError("lost", "no-json", `Slack's answer to ${method} is not one of the Web API`, cause);
  }
  const { ok, error = "unknown", ts } = answer;
  if (ok && ts !== undefined) return ts;
  throw new SendError(
    PASSING.includes(error) ? "later" : "final",
    error,
    `Slack refused ${method}: ${error}`,
  );
}
