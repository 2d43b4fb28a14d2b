import { type Deps, loadRun } from "../shared/advance.ts";
import { decideFromMessage } from "../shared/decide-from-message.ts";
import type { Directory } from "../shared/effects/directory.ts";
import type { Messenger } from "../shared/effects/messenger.ts";
import { cardOf } from "../shared/effects/send-to-slack.ts";
import { ephemeral, slackMessage } from "../shared/effects/slack-blocks.ts";
import { type Pressed, personFromSlack, pressStream } from "../shared/intake/slack-interaction.ts";
import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { canonicalName, type Person } from "../shared/pipeline/identities.ts";
import { newsOf } from "../shared/pipeline/news.ts";
import type { Run } from "../shared/pipeline/run.ts";
import { asks, noRun, notJudged, type Reply, replyTo, stranger } from "./slack-reply.ts";

/** What a press is judged and answered with. */
export interface SlackDecisions {
  readonly deps: Deps;
  readonly messenger: Messenger;
  readonly directory: Pick<Directory, "members">;
  readonly log: {
    readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void;
    readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  };
}

/** So often Lambda hands a press over: once, and twice more where that fails (`maximumRetryAttempts` in serverless.yml). */
export const MOST_JUDGEMENTS = 3;

/**
 * Judges a press of the Approve button, by the rules of every approval, and answers the person at Slack.
 * @throws Error when it could not be judged, which the person is told: Lambda hands it over again, and a second judgement
 * finds the first
 */
export async function decidePress(decisions: SlackDecisions, pressed: Pressed): Promise<void> {
  const { log, messenger } = decisions;
  const { press } = pressed;
  const reply = await judge(decisions, pressed).catch(async (error: unknown) => {
    await excuse(decisions, pressed, error);
    throw error;
  });
  const { type, text } = reply;
  log.info("decision", {
    runId: press.run,
    stage: press.stage,
    identity: personFromSlack(pressed).identity,
    type,
    text,
  });
  await answer(decisions, pressed, ephemeral(text));
  // What came by an incoming webhook only the press itself can update.
  if (press.webhook && reply.run !== undefined)
    await answer(decisions, pressed, replacement(messenger, reply.run, press.stage));
}

type Content = Parameters<Messenger["slack"]["respond"]>[1];

/** Says something to whoever has pressed. That it cannot be said changes nothing of what was decided. */
async function answer(
  { log, messenger }: SlackDecisions,
  { press, responseUrl }: Pressed,
  content: Content | undefined,
): Promise<void> {
  if (responseUrl === undefined || content === undefined) return;
  try {
    await messenger.slack.respond(responseUrl, content);
  } catch (error) {
    log.warn("the person could not be answered at Slack", { runId: press.run, error: String(error) });
  }
}

/** Tells the person that the press could not be judged: the first time, and when nobody tries again. */
async function excuse(decisions: SlackDecisions, pressed: Pressed, error: unknown): Promise<void> {
  const { log, messenger } = decisions;
  const { press } = pressed;
  const judgements = await countFailure(decisions, pressed, error);
  const isLast = judgements >= MOST_JUDGEMENTS;
  log.warn("a press could not be judged", {
    ...{ runId: press.run, stage: press.stage, judgements, isLast, error: String(error) },
  });
  if (judgements === 1 || isLast)
    await answer(decisions, pressed, ephemeral(notJudged(pressed, error, isLast, messenger.consoleUrl)));
}

/** How many judgements of the press have failed: Lambda does not say, but the press has a stream of its own. */
async function countFailure({ deps, log }: SlackDecisions, { id }: Pressed, error: unknown): Promise<number> {
  const { streams } = deps.store;
  try {
    const { version } = await streams.load(pressStream(id));
    const at = deps.now();
    await streams.append(pressStream(id), version, [{ at, failed: String(error) }], undefined, at);
    // The first item is the press.
    return Math.max(version, 1);
  } catch (cause) {
    log.warn("the failure could not be counted", { error: String(cause) });
    return 1;
  }
}

async function judge({ deps, directory, log, messenger }: SlackDecisions, pressed: Pressed): Promise<Reply> {
  const { press, channel, team } = pressed;
  const { consoleUrl } = messenger;
  const { run } = await loadRun(deps.store, press.run);
  if (run === undefined) return noRun(press.run, consoleUrl);
  const somebody = personFromSlack(pressed);
  const { definition } = run;
  if (canonicalName(definition.identities, somebody) === somebody.name) return stranger(run, pressed);
  // Where nothing is asked any more it does not matter who is in which group.
  const person = asks(run, press.stage)
    ? await withGroups(directory, definition, press.stage, somebody)
    : somebody;
  const from = `slack ${team}${channel === undefined ? "" : `/${channel}`}`;
  const { run: runId, stage, question } = press;
  const decided = await decideFromMessage(deps, { runId, stage, question, from }, person);
  if (decided.type === "done" && decided.pending !== undefined)
    log.warn("the decision is stored; what follows is left to the sweep", {
      runId,
      pending: decided.pending,
    });
  return replyTo(decided, person, stage, consoleUrl);
}

/**
 * Slack vouches for no groups. Those that the definition lists are known by it; of the others the stack's user pool is
 * asked whether it has, by one of the person's listed names, somebody there.
 * @throws Error when it does not tell: that is no refusal, and the press is judged again
 */
async function withGroups(
  directory: Pick<Directory, "members">,
  { stages, groups, identities = {} }: PipelineDefinition,
  stageName: string,
  person: Person,
): Promise<Person> {
  const rule = stages.find(({ name }) => name === stageName)?.approval;
  const foreign = (rule?.from ?? []).filter((group) => !Object.hasOwn(groups, group));
  const name = canonicalName(identities, person);
  const names = [name, ...(Object.hasOwn(identities, name) ? (identities[name] ?? []) : [])].map(plain);
  const found = await Promise.all(
    foreign.map(async (group) => {
      const members = (await directory.members(group)) ?? [];
      return members.some((member) => names.includes(plain(member))) ? [group] : [];
    }),
  );
  return { ...person, groups: found.flat() };
}

const plain = (text: string): string => text.trim().toLowerCase();

/** The approval's message as it is now. */
function replacement({ consoleUrl }: Messenger, run: Run, stage: string) {
  const news = newsOf(run).findLast((one) => one.type === "approval" && one.stage === stage);
  if (news === undefined) return undefined;
  const channel = { type: "slack-webhook", webhook: "", about: [] } as const;
  const card = cardOf(
    run,
    { channel, key: news.key, news, mark: news.mark, detail: news.detail },
    consoleUrl,
  );
  return { replace_original: true, ...slackMessage(card) };
}
