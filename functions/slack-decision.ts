import { type Deps, loadRun } from "../shared/advance.ts";
import { decideFromMessage } from "../shared/decide-from-message.ts";
import type { Decided } from "../shared/decide-stage.ts";
import type { Directory } from "../shared/effects/directory.ts";
import type { Messenger } from "../shared/effects/messenger.ts";
import { cardOf } from "../shared/effects/send-to-slack.ts";
import { ephemeral, slackMessage } from "../shared/effects/slack-blocks.ts";
import { type Pressed, personFromSlack } from "../shared/intake/slack-interaction.ts";
import type { PipelineDefinition } from "../shared/pipeline/definition.ts";
import { canonicalName, type Person } from "../shared/pipeline/identities.ts";
import { newsOf } from "../shared/pipeline/news.ts";
import type { Run } from "../shared/pipeline/run.ts";

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

/**
 * Judges a press of the Approve button, by the rules of every approval, and answers the person at Slack.
 * @throws Error when it could not be judged: Lambda hands it over again, and a second judgement finds the first
 */
export async function decidePress(decisions: SlackDecisions, pressed: Pressed): Promise<void> {
  const { log, messenger } = decisions;
  const { press, responseUrl } = pressed;
  const reply = await judge(decisions, pressed);
  const { type, text } = reply;
  log.info("decision", {
    runId: press.run,
    stage: press.stage,
    identity: personFromSlack(pressed).identity,
    type,
    text,
  });
  if (responseUrl === undefined) return;
  const answers = [
    ephemeral(text),
    // What came by an incoming webhook only the press itself can update.
    ...(press.webhook && reply.run !== undefined ? [replacement(messenger, reply.run, press.stage)] : []),
  ];
  for (const answer of answers) {
    if (answer === undefined) continue;
    try {
      await messenger.slack.respond(responseUrl, answer);
    } catch (error) {
      log.warn("the person could not be answered at Slack", { runId: press.run, error: String(error) });
    }
  }
}

interface Reply {
  readonly type: "decided" | "already" | "refused";
  readonly text: string;
  /** As it is now. */
  readonly run?: Run;
}

async function judge({ deps, directory, log }: SlackDecisions, pressed: Pressed): Promise<Reply> {
  const { press, channel, team } = pressed;
  const { run } = await loadRun(deps.store, press.run);
  if (run === undefined) return { type: "refused", text: `there is no run "${press.run}"` };
  const stranger = personFromSlack(pressed);
  const { definition } = run;
  if (canonicalName(definition.identities, stranger) === stranger.name)
    return {
      type: "refused",
      text: `Tandem does not know who you are: somebody has to add "${stranger.identity}" to your name under \`identities\` in the definition of ${definition.name}; it holds for runs that start then`,
    };
  const person = await withGroups(directory, definition, press.stage, stranger);
  const from = `slack ${team}${channel === undefined ? "" : `/${channel}`}`;
  const { run: runId, stage, question } = press;
  const decided = await decideFromMessage(deps, { runId, stage, question, from }, person);
  return replyTo(decided, person, stage, (pending) =>
    log.warn("the decision is stored; what follows is left to the sweep", { runId, pending }),
  );
}

function replyTo(decided: Decided, person: Person, stage: string, later: (pending: string) => void): Reply {
  if (decided.type === "no-run") return { type: "refused", text: "the run is gone" };
  const { result, run, pending } = decided;
  if (pending !== undefined) later(pending);
  switch (result.type) {
    case "problem":
      return { type: "refused", text: result.message, run };
    case "already":
      return { type: "already", text: result.message, run };
    case "decided": {
      const name = canonicalName(run.definition.identities, person);
      return { type: "decided", text: `${name} approved ${stage} of ${run.id}`, run };
    }
  }
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
