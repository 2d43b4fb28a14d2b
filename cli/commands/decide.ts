import type { Command } from "commander";
import type { RunView, StageView } from "../../shared/pipeline/view.ts";
import type { Decision } from "../answers.ts";
import { type ApiOptions, asJson, type CliContext, connect, withApi } from "../context.ts";
import { EXIT, Failure } from "../failure.ts";
import { findRun } from "../find-run.ts";
import { closing, meaning } from "../help.ts";
import { printable } from "../render/text.ts";
import { RUN } from "./show.ts";

const CODES = meaning({
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
    .addHelpText("after", closing(['tandem approve hello-3 production --comment "seen on staging"'], CODES))
    .action((run: string, stage: string, options: ApiOptions & { readonly comment?: string }) =>
      decide(context, run, stage, { decision: "approve", comment: options.comment }, options),
    );
}

/** `tandem refuse RUN STAGE --reason TEXT` */
export function addRefuse(program: Command, context: CliContext): void {
  withApi(program.command("refuse"))
    .description("end a run at a stage")
    .argument("<run>", RUN)
    .argument("<stage>", "the stage that waits")
    .requiredOption("--reason <text>", "why; the author reads it")
    .addHelpText("after", closing(['tandem refuse hello-3 production --reason "errors on arm64"'], CODES))
    .action((run: string, stage: string, options: ApiOptions & { readonly reason: string }) =>
      decide(context, run, stage, { decision: "refuse", comment: options.reason }, options),
    );
}

/** `tandem withdraw RUN STAGE` */
export function addWithdraw(program: Command, context: CliContext): void {
  withApi(program.command("withdraw"))
    .description("take your approval back, while others are still asked")
    .argument("<run>", RUN)
    .argument("<stage>", "the stage that waits")
    .addHelpText("after", closing(["tandem withdraw hello-3 production"], CODES))
    .action((run: string, stage: string, options: ApiOptions) =>
      decide(context, run, stage, { decision: "withdraw", comment: undefined }, options),
    );
}

interface Wish {
  readonly decision: Decision["decision"];
  readonly comment: string | undefined;
}

/** The release that is shown now is what is decided on; when it has changed meanwhile the API refuses. */
async function decide(
  context: CliContext,
  given: string,
  stageName: string,
  { decision, comment }: Wish,
  options: ApiOptions,
): Promise<void> {
  const { api } = connect(context, options);
  const run = await findRun(api, given);
  const { release, round } = gateOf(run, stageName);
  const said = comment === undefined ? {} : { comment };
  const decided = await api.decide(run.id, stageName, { decision, release, round, ...said });
  const { out } = context.terminal;
  out(options.json ? asJson(decided) : `${printable(decided.message)}: ${printable(release)}\n`);
}

function gateOf(run: RunView, stageName: string): NonNullable<StageView["gate"]> {
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
  return stage.gate;
}
