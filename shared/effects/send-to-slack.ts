import { createHash } from "node:crypto";
import { type Message, SUMMARY, toldOf } from "../pipeline/messages-due.ts";
import { newsText, overtakenText, summaryText } from "../pipeline/news-text.ts";
import type { Run } from "../pipeline/run.ts";
import type { Messenger, Send } from "./messenger.ts";
import { SendError, unless } from "./send-error.ts";
import { type SlackCard, slackMessage } from "./slack-blocks.ts";

/**
 * A run's thread in a channel, written by the app's bot. A message whose answer got lost is said once more under the same id,
 * so that Slack takes it once.
 */
export function slackSender({ slack, consoleUrl }: Messenger, run: Run, channel: string): Send {
  let thread: string | undefined;
  let broken: unknown;
  const post = async (message: Message, card: SlackCard) => {
    const content = slackMessage(card);
    const body = { channel, ...content };
    const id = postId(consoleUrl, run, message);
    if (message.key === SUMMARY) return afresh(message, content, await slack.post(body, id));
    const head = thread ?? toldOf(run, message.channel, SUMMARY)?.said?.id;
    // Without the head of its thread nothing is said below it; why it is not there is the reason of them all.
    if (head === undefined) throw broken ?? new SendError("later", "no-thread", "its thread has no head yet");
    const reply = { ...body, thread_ts: head, reply_broadcast: message.news?.manner === "loud" };
    // Somebody has deleted the head of the thread: what is to be said is said all the same.
    const ts = await unless(
      "thread_not_found",
      () => slack.post(reply, id),
      () => slack.post(body, id),
    );
    return afresh(message, content, ts);
  };
  /** What Slack has taken by an earlier try says what was so then. */
  const afresh = async ({ channel: to, key }: Message, content: object, ts: string) =>
    toldOf(run, to, key)?.failed === undefined ? ts : slack.update({ channel, ts, ...content });
  const say = (message: Message, card: SlackCard) => {
    const { updates, overtaken } = message;
    if (updates === undefined) return post(message, card);
    const update = () => slack.update({ channel, ts: updates, ...slackMessage(card) });
    // Somebody has deleted it: what is still to be said is said anew.
    return unless("message_not_found", update, async () =>
      overtaken === true ? updates : post(message, card),
    );
  };
  return async (message) => {
    const card = cardOf(run, message, consoleUrl);
    if (message.key !== SUMMARY) return say(message, card);
    try {
      thread = await say(message, card);
      return thread;
    } catch (error) {
      broken = error;
      throw error;
    }
  };
}

/** News one by one: an incoming webhook answers nothing by which a message could be updated. */
export function webhookSender({ slack, consoleUrl }: Messenger, run: Run, name: string): Send {
  return async (message) => {
    await slack.webhook(name, slackMessage(cardOf(run, message, consoleUrl)));
    return undefined;
  };
}

/**
 * A UUID that a message has whenever it is sent: made of what it is about and not of what it says, which may be something else
 * at the next try. What has been said there before makes it another one.
 */
function postId(consoleUrl: string, run: Run, { channel, key, mark }: Message): string {
  const before = toldOf(run, channel, key)?.said?.id;
  const of = JSON.stringify([consoleUrl, run.id, run.startedAt, channel, key, mark, before]);
  const hex = createHash("sha256").update(of).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** What a message shows of the run as it stands. */
export function cardOf(run: Run, { news, channel, overtaken }: Message, consoleUrl: string): SlackCard {
  const link = linkTo(consoleUrl, run);
  if (news === undefined) return { text: summaryText(run), link };
  if (overtaken === true) return { text: overtakenText(run, news), link };
  const text = newsText(run, news);
  const { asked, stage } = news;
  if (asked === undefined || stage === undefined) return { text, link };
  const webhook = channel.type === "slack-webhook" ? { webhook: true as const } : {};
  return { text, link, press: { run: run.id, stage, question: asked.question, ...webhook } };
}

/** A page to look at: to decide takes more than a GET. */
export function linkTo(consoleUrl: string, { id }: Pick<Run, "id">): string {
  return `${consoleUrl.replace(/\/+$/, "")}/runs/${encodeURIComponent(id)}`;
}
