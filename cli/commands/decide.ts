import type { Command } from "commander";
import type { CardView } from "../../shared/pipeline/card-view.ts";
import type { RunView, StageView } from "../../shared/pipeline/view.ts";
import type { Decision } from "../answers.ts";
import { type ApiOptions, asJson, type CliContext, connect, page, withApi } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { findRun } from "../find-run.ts";
import { closing, meaning } from "../help.ts";
import { renderCard } from "../render/card.ts";
import { createPaint, printable } from "../render/text.ts";
import type { Terminal } from "../terminal.ts";
import { overrideGate } from "./intervene.ts";
import { RUN } from "./show.ts";

const YES = "do not show the facts, and do not ask, in a terminal";

const CODES = meaning({
  1: "you did not say yes, and nothing was sent",
  5: "you may not decide on this stage",
  6: "the stage waits for no approval, or for another release",
});

/** `tandem approve RUN STAGE` */
export function addApprove(program: Command, context: CliContext): void {
  withApi(program.command("approve"))
    .description("let a stage begin")
    .argument("<run>", RUN)
    .argument("<stage>", "the stage that waits")
    .option("--comment <text>", "what the record is to say")
    .option("--override <reason>", "let it begin outside of its window, too, or although a check fails")
    .option("--yes", YES)
    .addHelpText(
      "after",
      closing(
        [
          "tandem approve hello-3 production",
          'tandem approve hello-3 production --yes --comment "seen on staging"',
        ],
        CODES,
      ),
    )
    .action(async (run: string, stage: string, { override, ...options }: ApproveOptions) => {
      const { comment, ...rest } = options;
      const said = await decide(context, run, stage, { decision: "approve", comment }, rest);
      // One answer is one JSON text: the later one has the run as it is then.
      if (override === undefined || options.json !== true) context.terminal.out(said);
      if (override !== undefined)
        await afterApproval(stage, () => overrideGate(context, run, stage, override, rest));
    });
}

/** Of two decisions the first stands, whatever becomes of the second. */
async function afterApproval(stage: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const message = `your approval of ${stage} is recorded, but the override is not: ${error.message}`;
    throw new Failure(error.exitCode, error.code, message, { cause: error });
  }
}

interface ApproveOptions extends DecideOptions {
  readonly comment?: string;
  readonly override?: string;
}

/** `tandem refuse RUN STAGE --reason TEXT` */
export function addRefuse(program: Command, context: CliContext): void {
  withApi(program.command("refuse"))
    .description("end a run at a stage")
    .argument("<run>", RUN)
    .argument("<stage>", "the stage that waits")
    .requiredOption("--reason <text>", "why; the author reads it")
    .option("--yes", YES)
    .addHelpText("after", closing(['tandem refuse hello-3 production --reason "errors on arm64"'], CODES))
    .action(async (run: string, stage: string, options: DecideOptions & { readonly reason: string }) => {
      const wish = { decision: "refuse", comment: options.reason } as const;
      context.terminal.out(await decide(context, run, stage, wish, options));
    });
}

/** `tandem withdraw RUN STAGE` */
export function addWithdraw(program: Command, context: CliContext): void {
  withApi(program.command("withdraw"))
    .description("take your approval back, while others are still asked")
    .argument("<run>", RUN)
    .argument("<stage>", "the stage that waits")
    .addHelpText("after", closing(["tandem withdraw hello-3 production"], CODES))
    .action(async (run: string, stage: string, options: ApiOptions) => {
      const wish = { decision: "withdraw", comment: undefined } as const;
      context.terminal.out(await decide(context, run, stage, wish, options));
    });
}

interface DecideOptions extends ApiOptions {
  readonly yes?: boolean;
}

interface Wish {
  readonly decision: Decision["decision"];
  readonly comment: string | undefined;
}

/**
 * The release that is shown now is what is decided on; when it has changed meanwhile the API refuses. A person in a terminal sees
 * the facts first and is asked; a program (`--json`, or no terminal) is taken at its word.
 * @returns what is to be printed
 */
async function decide(
  context: CliContext,
  given: string,
  stageName: string,
  { decision, comment }: Wish,
  options: DecideOptions,
): Promise<string> {
  const { api } = connect(context, options);
  const run = await findRun(api, given);
  const { stage, gate } = gateOf(run, stageName);
  const { release, round } = gate;
  const { ask } = context.terminal;
  if (ask !== undefined && decision !== "withdraw" && options.yes !== true && options.json !== true)
    await confirm(context, ask, decision, { run, stage, card: await api.card(run.id, stageName) });
  const said = comment === undefined ? {} : { comment };
  const decided = await api.decide(run.id, stageName, { decision, release, round, ...said });
  return options.json ? asJson(decided) : `${printable(decided.message)}: ${printable(release)}\n`;
}

interface Shown {
  readonly run: RunView;
  readonly stage: StageView;
  readonly card: CardView;
}

/** @throws Failure when the answer is anything but yes, or what is shown is not one release any more */
async function confirm(
  { terminal, signal }: CliContext,
  ask: NonNullable<Terminal["ask"]>,
  decision: "approve" | "refuse",
  { run, stage, card }: Shown,
): Promise<void> {
  if (card.release !== stage.gate?.release) {
    const message = `what ${run.id} would release to ${stage.name} has just changed: look at it again`;
    throw new Failure(EXIT.conflict, "changed", message);
  }
  const { mayApprove, mayRefuse } = card.approval.you;
  terminal.out(page(renderCard(card, stage, createPaint(terminal.colours))));
  // The API says why not, in its own words.
  if (decision === "approve" ? !mayApprove : !mayRefuse) return;
  const verb = decision === "approve" ? "Approve" : "Refuse";
  const answer = await ask(`${verb} ${printable(`${run.id} for ${stage.name}`)}? [y/N] `, signal);
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new Failure(EXIT.failed, "not-confirmed", "you did not say yes: nothing was sent");
}

function gateOf(
  run: RunView,
  stageName: string,
): { readonly stage: StageView; readonly gate: NonNullable<StageView["gate"]> } {
  const stage = run.stages.find(({ name }) => name === stageName);
  if (stage === undefined) {
    const names = run.stages.map(({ name }) => name).join(", ");
    throw new Failure(
      EXIT.unknown,
      "unknown-stage",
      `${run.id} has no stage "${stageName}"; it has ${names}`,
    );
  }
  if (stage.gate === undefined) {
    const message = `stage ${stageName} of ${run.id} waits for no approval: it is ${stage.status}; \`tandem explain ${run.id}\` says what happens`;
    throw new Failure(EXIT.conflict, "not-waiting", message);
  }
  return { stage, gate: stage.gate };
}
