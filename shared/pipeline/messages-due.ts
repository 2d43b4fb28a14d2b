import type { Instant } from "./events.ts";
import { channelId, type MessageChannel } from "./message-channel.ts";
import { type News, newsOf } from "./news.ts";
import { summaryOf } from "./news-text.ts";
import type { Claim, Run } from "./run.ts";
import { isBuildOnly } from "./run.ts";
import { nextLease } from "./silence.ts";
import type { Saying, Told } from "./telling-events.ts";

/** A message that is to be sent. */
export interface Message extends Saying {
  readonly channel: MessageChannel;
  /** What it is about; `SUMMARY` for the one at the head of a thread. */
  readonly key: string;
  /** Absent for the summary. */
  readonly news?: News;
  /** The message that is updated, by the channel's own id; absent: a new one. */
  readonly updates?: string;
  /** The message that is updated has been overtaken by a newer one, and is to say just that. */
  readonly overtaken?: true;
}

/** The key of the message at the head of a run's thread, which always says how the run stands. */
export const SUMMARY = "thread";

/** A message that a channel would not take is tried so often. */
export const MOST_TRIES = 5;

/** Milliseconds until it is tried again: more with each try. */
export function pauseAfter(tries: number): number {
  return tries * 60_000;
}

/**
 * What to send now, and under which lease; undefined when everybody knows everything, or somebody is about it.
 * @param isStale whether a claim may be taken over
 */
export function messagesDue(
  run: Run,
  now: Instant,
  isStale: (claim: Claim) => boolean,
): { readonly messages: readonly Message[]; readonly lease: number } | undefined {
  const { messaging } = run;
  if (messaging !== undefined && !isStale(messaging)) return undefined;
  const ready = unsent(run).filter((message) => {
    const failed = failureOf(run, message);
    return failed === undefined || now >= failed.at + pauseAfter(failed.tries);
  });
  const messages = ready.filter((message) => hasHead(run, message, ready));
  return messages.length === 0 ? undefined : { messages, lease: nextLease(messaging) };
}

/** Nothing is said below the head of a thread before that is there. */
function hasHead(run: Run, { channel, key }: Message, ready: readonly Message[]): boolean {
  if (channel.type !== "slack" || key === SUMMARY) return true;
  return (
    toldOf(run, channel, SUMMARY)?.said?.id !== undefined ||
    ready.some((one) => one.channel === channel && one.key === SUMMARY)
  );
}

/** What no channel has taken yet and one may still take, now or later. */
export function unsent(run: Run): readonly Message[] {
  const { messages: channels = [] } = run.definition;
  if (channels.length === 0 || isBuildOnly(run)) return [];
  const news = newsOf(run);
  return channels
    .flatMap((channel) => wanted(run, channel, news))
    .filter((message) => failureOf(run, message)?.final !== true);
}

/** Why channels do not show everything as it is. */
export function messageProblems(run: Run): readonly string[] {
  return Object.entries(run.told ?? {}).flatMap(([id, told]) => {
    const failed = Object.values(told).flatMap((one) => one.failed ?? []);
    const last = failed.at(-1);
    return last === undefined ? [] : [`${id}: ${last.problem}`];
  });
}

/** What a channel has been told of something. */
export function toldOf(run: Run, channel: MessageChannel, key: string): Told | undefined {
  const told = run.told ?? {};
  const id = channelId(channel);
  const of = Object.hasOwn(told, id) ? told[id] : undefined;
  return of !== undefined && Object.hasOwn(of, key) ? of[key] : undefined;
}

/** How this very message failed before. */
export function failureOf(run: Run, { channel, key, mark, detail }: Message): Told["failed"] {
  const failed = toldOf(run, channel, key)?.failed;
  return failed?.mark === mark && failed.detail === detail ? failed : undefined;
}

function wanted(run: Run, channel: MessageChannel, news: readonly News[]): readonly Message[] {
  const mine = news.filter(({ subjects }) => subjects.some((one) => channel.about.includes(one)));
  switch (channel.type) {
    case "slack":
      return threaded(run, channel, mine);
    case "slack-webhook":
    case "sns":
      return once(run, channel, mine);
    case "event-bridge":
      return every(run, channel, mine);
  }
}

/** Where nothing that has been said can be changed: each piece of news once, and no corrections. */
function once(run: Run, channel: MessageChannel, news: readonly News[]): readonly Message[] {
  return news.flatMap((one) => {
    if (one.manner === "quiet" || toldOf(run, channel, one.key)?.said?.mark === one.mark) return [];
    return [{ channel, key: one.key, news: one, mark: one.mark, detail: "" }];
  });
}

/** For programs: corrections, too. */
function every(run: Run, channel: MessageChannel, news: readonly News[]): readonly Message[] {
  return news.flatMap((one) => {
    const said = toldOf(run, channel, one.key)?.said;
    const { mark, detail } = one;
    return said?.mark === mark && said.detail === detail
      ? []
      : [{ channel, key: one.key, news: one, mark, detail }];
  });
}

/** One thread for the run: at its head how the run stands, below it the news; what changes is updated. */
function threaded(run: Run, channel: MessageChannel, news: readonly News[]): readonly Message[] {
  const replies = news
    .filter(({ key }) => key !== "start")
    .flatMap((one) => [...reply(run, channel, one), ...overtaken(run, channel, one)]);
  const detail = summaryOf(run);
  const head: Message = { channel, key: SUMMARY, mark: SUMMARY, detail };
  const said = toldOf(run, channel, SUMMARY)?.said;
  if (said?.id !== undefined)
    return said.detail === detail ? replies : [{ ...head, updates: said.id }, ...replies];
  // It was refused for good: as long as it would say the same, nothing is said below it.
  if (failureOf(run, head)?.final === true) return [];
  return replies.length > 0 || news.some(({ key }) => key === "start") ? [head, ...replies] : [];
}

function reply(run: Run, channel: MessageChannel, news: News): readonly Message[] {
  const { key, mark, detail, manner } = news;
  const said = toldOf(run, channel, key)?.said;
  if (said?.mark === mark && said.detail === detail) return [];
  const message: Message = { channel, key, news, mark, detail };
  if (said?.id === undefined) return manner === "quiet" ? [] : [message];
  return [isSaidAnew(said, news) ? message : { ...message, updates: said.id }];
}

/**
 * Questions that a newer message has taken the place of: nobody is to press their button any more. Each is a message of its
 * own, so that one whose update fails is tried again when the newer one has long been said.
 */
function overtaken(run: Run, channel: MessageChannel, news: News): readonly Message[] {
  if (news.type !== "approval") return [];
  const prefix = `${news.key} was `;
  const told = Object.keys(run.told?.[channelId(channel)] ?? {});
  const failed = told.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
  const said = toldOf(run, channel, news.key)?.said;
  const now = said?.id !== undefined && isSaidAnew(said, news) ? [said.id] : [];
  return [...new Set([...failed, ...now])].flatMap((id): readonly Message[] => {
    const key = prefix + id;
    if (toldOf(run, channel, key)?.said !== undefined) return [];
    return [{ channel, key, news, mark: "overtaken", detail: "", updates: id, overtaken: true }];
  });
}

/** Nobody is told of an update: what somebody is to look at is said anew. */
function isSaidAnew(said: Saying, { mark, manner }: News): boolean {
  return said.mark !== mark && manner === "loud";
}
