import { Command, CommanderError } from "commander";
import { addAudit } from "./commands/audit.ts";
import { addCompletion } from "./commands/completion.ts";
import { addApprove, addRefuse, addWithdraw } from "./commands/decide.ts";
import { addDemo } from "./commands/demo.ts";
import { addDiff } from "./commands/diff.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addExplain } from "./commands/explain.ts";
import { addHistory } from "./commands/history.ts";
import { addInbox } from "./commands/inbox.ts";
import { addIndex } from "./commands/index-verify.ts";
import { addOverride, addStop } from "./commands/intervene.ts";
import { addLocal } from "./commands/local.ts";
import { addLogin, addLogout, addWhoami } from "./commands/login.ts";
import { addHold, addReleaseHold } from "./commands/release-hold.ts";
import { addRetention } from "./commands/retention.ts";
import { addRollback } from "./commands/rollback.ts";
import { addRuns } from "./commands/runs.ts";
import { addShift } from "./commands/shift.ts";
import { addShow } from "./commands/show.ts";
import { addStart } from "./commands/start.ts";
import { addUnquarantine } from "./commands/unquarantine.ts";
import { addValidate } from "./commands/validate.ts";
import { addWatch } from "./commands/watch.ts";
import type { CliContext } from "./context.ts";
import { EXIT, Failure } from "./failure.ts";
import { closing } from "./help.ts";

/**
 * Runs one command line.
 * @param args without the program's own name
 * @returns the exit code. Never throws: every failure is told in a sentence.
 */
export async function runCli(
  args: readonly string[],
  surroundings: Omit<CliContext, "exit">,
): Promise<number> {
  let code: number = EXIT.ok;
  const context: CliContext = {
    ...surroundings,
    exit: (chosen) => {
      code = chosen;
    },
  };
  try {
    await createProgram(context).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    return tell(error, context, args.includes("--json"));
  }
}

function createProgram(context: CliContext): Command {
  const { out, err, size } = context.terminal;
  const program = new Command("tandem")
    .description(
      "Two architectures, one release: container images for x86_64 and arm64, from a push to production.",
    )
    .version("0.1.0", "-V, --version", "print the version")
    .helpCommand("help [command]", "show a command's help")
    .addHelpText(
      "after",
      closing(["npx tandem demo", "tandem watch latest", "tandem approve hello-3 production"]),
    )
    .showHelpAfterError("(tandem --help lists the commands)")
    .exitOverride()
    .configureOutput({
      writeOut: out,
      writeErr: err,
      getOutHelpWidth: () => size().columns,
      getErrHelpWidth: () => size().columns,
      outputError: (text, write) => write(text.replace(/^error: /, "tandem: ")),
    });
  addLocal(program, context);
  addLogin(program, context);
  addLogout(program, context);
  addWhoami(program, context);
  addValidate(program, context);
  addDoctor(program, context);
  addStart(program, context);
  addRuns(program, context);
  addShow(program, context);
  addWatch(program, context);
  addExplain(program, context);
  addInbox(program, context);
  addApprove(program, context);
  addRefuse(program, context);
  addWithdraw(program, context);
  addOverride(program, context);
  addStop(program, context);
  addDiff(program, context);
  addRollback(program, context);
  addHold(program, context);
  addReleaseHold(program, context);
  addShift(program, context);
  addIndex(program, context);
  addRetention(program, context);
  addUnquarantine(program, context);
  addHistory(program, context);
  addAudit(program, context);
  addDemo(program, context);
  addCompletion(program, context);
  return program;
}

function tell(error: unknown, { terminal, signal }: CliContext, json: boolean): number {
  // Commander has printed what is wrong, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (signal.aborted) return EXIT.interrupted;
  const failure =
    error instanceof Failure
      ? error
      : new Failure(EXIT.failed, "failed", error instanceof Error ? error.message : String(error));
  const { code, message, exitCode } = failure;
  terminal.err(json ? `${JSON.stringify({ error: { code, message } })}\n` : `tandem: ${message}\n`);
  return exitCode;
}
