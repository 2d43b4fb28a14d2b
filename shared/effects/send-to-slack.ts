import { type Message, SUMMARY, toldOf } from "../pipeline/messages-due.ts";
import { newsText, summaryText } from "../pipeline/news-text.ts";
import type { Run } from "../pipeline/run.ts";
import type { Messenger, Send } from "./messenger.ts";
import { SendError } from "./send-error.ts";
import { type SlackCard, slackMessage } from "./slack-blocks.ts";

/** A run's thread in a channel, written by the app's bot. */
export function slackSender({ slack, consoleUrl }: Messenger, run: Run, channel: string): Send {
  let thread: string | undefined;
  let broken: unknown;
  const post = async (message: Message, card: SlackCard) => {
    const body = { channel, ...slackMessage(card) };
    if (message.key === SUMMARY) return slack.post(body);
    const head = thread ?? toldOf(run, message.channel, SUMMARY)?.said?.id;
    // Without the head of its thread nothing is said below it; why it is not there is the reason of them all.
    if (head === undefined) throw broken ?? new SendError("later", "no-thread", "its thread has no head yet");
    const reply = { ...body, thread_ts: head, reply_broadcast: message.news?.manner === "loud" };
    // Somebody has deleted the head of the thread: what is to be said is said all the same.
    return unless(
      "thread_not_found",
      () => slack.post(reply),
      () => slack.post(body),
    );
  };
  const say = (message: Message, card: SlackCard) => {
    const { updates } = message;
    if (updates === undefined) return post(message, card);
    const update = () => slack.update({ channel, ts: updates, ...slackMessage(card) });
    return unless("message_not_found", update, () => post(message, card));
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

/** What a message shows of the run as it stands. */
export function cardOf(run: Run, { news, channel }: Message, consoleUrl: string): SlackCard {
  const link = linkTo(consoleUrl, run);
  if (news === undefined) return { text: summaryText(run), link };
  const text = newsText(run, news);
  const { asked, stage } = news;
  if (asked === undefined || stage === undefined) return { text, link };
  const webhook = channel.type === "slack-webhook" ? { webhook: true as const } : {};
  return { text, link, press: { run: run.id, stage, question: asked.question, ...webhook } };
}

/** A page to look at: to decide takes more than a GET. */
export function linkTo(consoleUrl: string, { id }: Run): string {
  return `${consoleUrl.replace(/\/+$/, "")}/runs/${encodeURIComponent(id)}`;
}

async function unless<T>(code: string, first: () => Promise<T>, second: () => Promise<T>): Promise<T> {
  try {
    return await first();
  } catch (error) {
    if (error instanceof SendError && error.code === code) return second();
    throw error;
  }
}
