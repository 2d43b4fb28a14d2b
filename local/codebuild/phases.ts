import type { BuildLog } from "./build-log.ts";
import type { Buildspec, BuildspecPhase, BuildspecPhaseName } from "./buildspec.ts";
import type { PhaseContext, PhaseType } from "./model.ts";
import type { BuildShell } from "./shell.ts";

export type PhaseEnd = "SUCCEEDED" | "FAILED";

export interface PhasesOptions {
  readonly buildspec: Buildspec;
  /** The build's shell; a new one in place of one that a command has ended. */
  readonly shell: () => Promise<BuildShell>;
  readonly log: BuildLog;
  readonly phase: (type: PhaseType, work: () => Promise<PhaseContext | undefined>) => Promise<PhaseEnd>;
}

export interface PhasesEnd {
  readonly status: PhaseEnd;
  readonly exported: readonly { readonly name: string; readonly value: string }[];
}

const PHASES: readonly { readonly type: PhaseType; readonly name: BuildspecPhaseName }[] = [
  { type: "INSTALL", name: "install" },
  { type: "PRE_BUILD", name: "pre_build" },
  { type: "BUILD", name: "build" },
  { type: "POST_BUILD", name: "post_build" },
];

const NOTHING: BuildspecPhase = { commands: [], finally: [], onFailure: undefined };

/**
 * Runs the phases of a buildspec. A failed INSTALL or PRE_BUILD ends the build, after a failed BUILD comes POST_BUILD
 * all the same, unless `on-failure` says otherwise; once a phase has failed, so has the build.
 * See https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html.
 */
export async function runPhases(options: PhasesOptions): Promise<PhasesEnd> {
  const { buildspec, log } = options;
  let status: PhaseEnd = "SUCCEEDED";
  for (const { type, name } of PHASES) {
    const keys = buildspec.phases[name] ?? NOTHING;
    const end = await options.phase(type, async () => {
      log.agent(`Entering phase ${type}`);
      const failure = await runCommands(options, keys.commands);
      if (failure !== undefined) await tellFailing(options);
      const finalFailure = await runCommands(options, keys.finally);
      return failure ?? finalFailure;
    });
    if (end === "SUCCEEDED") continue;
    status = "FAILED";
    const goesOn = keys.onFailure === "CONTINUE" || (keys.onFailure === undefined && name === "build");
    if (!goesOn) break;
    await tellFailing(options);
  }
  if (status === "SUCCEEDED") await options.phase("UPLOAD_ARTIFACTS", async () => undefined);
  if (buildspec.exportedVariables.length === 0) return { status, exported: [] };
  const environment = await (await options.shell()).environment();
  const exported = buildspec.exportedVariables.flatMap((name) => {
    const value = environment.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
  return { status, exported };
}

async function tellFailing(options: PhasesOptions): Promise<void> {
  await (await options.shell()).export("CODEBUILD_BUILD_SUCCEEDING", "0");
}

async function runCommands(
  { shell, log }: PhasesOptions,
  commands: readonly string[],
): Promise<PhaseContext | undefined> {
  for (const text of commands) {
    const command = text.trimEnd();
    log.agent(`Running command ${command}`);
    const exitCode = await (await shell()).run(command);
    if (exitCode === 0) continue;
    const reason = `exit status ${exitCode}`;
    log.agent(`Command did not exit successfully ${command} ${reason}`);
    const message = `Error while executing command: ${command}. Reason: ${reason}`;
    return { statusCode: "COMMAND_EXECUTION_ERROR", message };
  }
  return undefined;
}
