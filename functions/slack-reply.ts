import type { Decided } from "../shared/decide-stage.ts";
import { linkTo } from "../shared/effects/send-to-slack.ts";
import { type Pressed, personFromSlack } from "../shared/intake/slack-interaction.ts";
import { canonicalName, type Person } from "../shared/pipeline/identities.ts";
import { sentence } from "../shared/pipeline/messages.ts";
import { questionOf } from "../shared/pipeline/news.ts";
import { summaryOf } from "../shared/pipeline/news-text.ts";
import { redact } from "../shared/pipeline/redact.ts";
import { approvalRemedy, nowOf } from "../shared/pipeline/refusal-remedy.ts";
import { isTerminal, type Run } from "../shared/pipeline/run.ts";

/** What whoever has pressed a button is told. */
export interface Reply {
  readonly type: "decided" | "already" | "refused";
  readonly text: string;
  /** As it is now. */
  readonly run?: Run;
}

/** The longest reason that is told at Slack; all of it is in the log. */
const LONGEST = 300;

export function replyTo(decided: Decided, person: Person, stage: string, consoleUrl: string): Reply {
  if (decided.type === "no-run") return { type: "refused", text: "the run is gone" };
  const { result, run } = decided;
  const name = canonicalName(run.definition.identities, person);
  switch (result.type) {
    case "problem": {
      const { message, problem } = result;
      // Some refusals say themselves what has become of the run.
      const remedy = message.includes(summaryOf(run)) ? undefined : approvalRemedy(run, problem, name);
      const text = `${sentenceOf(message, remedy)} (${linkTo(consoleUrl, run)})`;
      return { type: "refused", text, run };
    }
    case "already":
      return {
        type: "already",
        text: sentenceOf(result.message, asks(run, stage) ? undefined : nowOf(run)),
        run,
      };
    case "decided":
      return { type: "decided", text: `${name} approved ${stage} of ${run.id}`, run };
  }
}

/** Whether the stage still waits for people. */
export function asks(run: Run, name: string): boolean {
  const stage = run.stages.find(({ definition }) => definition.name === name);
  return stage !== undefined && !isTerminal(run) && questionOf(stage) !== undefined;
}

export function noRun(id: string, consoleUrl: string): Reply {
  const text = `there is no run "${id}"; those that there are stand in the console: ${consoleUrl}`;
  return { type: "refused", text };
}

export function stranger(run: Run, pressed: Pressed): Reply {
  const { identity } = personFromSlack(pressed);
  return {
    type: "refused",
    text: `Tandem does not know who you are: somebody has to add "${identity}" to your name under \`identities\` in the definition of ${run.definition.name}; it holds for runs that start then`,
  };
}

/** @param isLast whether nobody judges the press once more */
export function notJudged({ press }: Pressed, error: unknown, isLast: boolean, consoleUrl: string): string {
  const { run, stage } = press;
  const reason = redact(error instanceof Error ? error.message : String(error)).slice(0, LONGEST);
  const link = linkTo(consoleUrl, { id: run });
  return isLast
    ? `your approval of ${stage} of ${run} could not be judged, and is not tried again: ${reason}; press the button once more, or decide in the console: ${link}`
    : `your approval of ${stage} of ${run} could not be judged yet: ${reason}; it is tried again within minutes, and you are told here what comes of it`;
}

const sentenceOf = (reason: string, remedy: string | undefined) =>
  sentence(remedy === undefined ? { reason } : { reason, remedy });
