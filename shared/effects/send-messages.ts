import type { Command } from "../pipeline/commands.ts";
import { channelId } from "../pipeline/message-channel.ts";
import { failureOf, type Message, MOST_TRIES, toldOf } from "../pipeline/messages-due.ts";
import type { Run } from "../pipeline/run.ts";
import type { FailedSaying, Told } from "../pipeline/telling-events.ts";
import { type EffectContext, facts, type Outcome } from "./context.ts";
import type { Messenger, Send } from "./messenger.ts";
import { SendError } from "./send-error.ts";
import { eventSender } from "./send-event.ts";
import { noticeSender } from "./send-notice.ts";
import { slackSender, webhookSender } from "./send-to-slack.ts";

type SendCommand = Extract<Command, { readonly type: "send-messages" }>;

/** Milliseconds that all messages of a channel may take together: whoever advances the run has others to see to. */
const CHANNEL_MILLISECONDS = 9_000;

/** Claims that were taken over so often: something about the messages ends whoever sends them. */
const MOST_LEASES = 3;

/** What may have arrived although nothing was heard of it is said once more, and not five times. */
const MOST_LOST = 2;

/**
 * Tells the channels what is new, each by itself: one that fails holds up neither the others nor the run, is kept in the
 * run's record, and tried again a few times. A message is sent at least once, and at most as often as it is tried.
 */
export async function sendMessages(
  { messenger, now, warn }: EffectContext,
  run: Run,
  { messages, lease }: SendCommand,
): Promise<Outcome> {
  const ids = [...new Set(messages.map(({ channel }) => channelId(channel)))];
  const told = await Promise.all(
    ids.map(async (id) => {
      const all = messages.filter(({ channel }) => channelId(channel) === id);
      return [id, await tellChannel(messenger, run, all, lease, now)] as const;
    }),
  );
  for (const [channel, of] of told)
    for (const [about, { failed }] of Object.entries(of))
      if (failed !== undefined)
        warn?.("a message was not sent", { runId: run.id, channel, about, ...wordsOf(failed) });
  return facts({ type: "messages.sent", at: now(), told: Object.fromEntries(told) });
}

async function tellChannel(
  messenger: Messenger | undefined,
  run: Run,
  messages: readonly Message[],
  lease: number,
  now: () => number,
): Promise<Readonly<Record<string, Told>>> {
  const end = now() + CHANNEL_MILLISECONDS;
  const send = messenger === undefined ? undefined : senderOf(messenger, run, messages);
  const told: [string, Told][] = [];
  for (const message of messages) told.push([message.key, await tell(message)]);
  return Object.fromEntries(told);

  async function tell(message: Message): Promise<Told> {
    const { mark, detail, channel, key } = message;
    try {
      if (send === undefined) throw new SendError("final", "no-messenger", "this function sends no messages");
      if (lease >= MOST_LEASES)
        throw new SendError(
          "final",
          "given-up",
          "whoever was to send it did not come back: see the functions' logs",
        );
      if (now() >= end) throw new SendError("later", "slow", "the messages before it took too long");
      const id = await send(message);
      return { said: { mark, detail, ...(id === undefined ? {} : { id }) } };
    } catch (error) {
      const said = toldOf(run, channel, key)?.said;
      const failed = failureFrom(error, failureOf(run, message)?.tries ?? 0);
      return { ...(said === undefined ? {} : { said }), failed: { mark, detail, at: now(), ...failed } };
    }
  }
}

const wordsOf = ({ problem, tries, final }: FailedSaying) => ({ problem, tries, final });

function failureFrom(error: unknown, before: number) {
  const tries = before + 1;
  const kind = error instanceof SendError ? error.kind : "lost";
  const final = kind === "final" || tries >= (kind === "lost" ? MOST_LOST : MOST_TRIES);
  const reason = error instanceof Error ? error.message : String(error);
  return { tries, final, problem: final ? reason : `${reason}; it is tried again` };
}

/** All messages are for one channel. */
function senderOf(messenger: Messenger, run: Run, messages: readonly Message[]): Send | undefined {
  const channel = messages[0]?.channel;
  switch (channel?.type) {
    case undefined:
      return undefined;
    case "slack":
      return slackSender(messenger, run, channel.channel);
    case "slack-webhook":
      return webhookSender(messenger, run, channel.webhook);
    case "sns":
      return noticeSender(messenger, run, channel.topic);
    case "event-bridge":
      return eventSender(messenger, run, channel.bus);
  }
}
