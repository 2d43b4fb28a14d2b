import { mkdir, rm, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { LocalContext } from "../service.ts";
import { type BuildLog, createBuildLog } from "./build-log.ts";
import type { BuildRecord } from "./build-record.ts";
import { uuidOf } from "./build-store.ts";
import type { Buildspec } from "./buildspec.ts";
import type { BuildDocker, DockerAccess } from "./docker/sessions.ts";
import { type BuildFolders, buildEnvironment } from "./environment.ts";
import type { PhaseContext, PhaseType, Status } from "./model.ts";
import { type PhaseEnd, runPhases } from "./phases.ts";
import { prepareSource } from "./prepare.ts";
import { killWithVariable } from "./processes.ts";
import { BuildShell } from "./shell.ts";

/** Calls back after some milliseconds; the result cancels it. */
export type After = (milliseconds: number, callback: () => void) => () => void;

export interface BuildHost {
  readonly context: LocalContext;
  /** Where builds keep their files while they run. */
  readonly workFolder: string;
  /** Commands that builds find before those of the machine, by name. */
  readonly shims: Readonly<Record<string, string>>;
  readonly path: string;
  readonly docker: DockerAccess;
  readonly after: After;
}

/** Why a build ends before its commands do. */
export type Interruption = "STOPPED" | "TIMED_OUT" | "FAULT";

const MILLISECONDS_PER_MINUTE = 60_000;

class Interrupted extends Error {}

/** One build from the queue to its end. See https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html. */
export class BuildRun {
  readonly record: BuildRecord;
  readonly #host: BuildHost;
  readonly #log: BuildLog;
  readonly #folders: BuildFolders;
  readonly #abort = new AbortController();
  #interruption: { readonly status: Interruption; readonly message: string } | undefined;
  #session: BuildDocker | undefined;
  #shell: BuildShell | undefined;
  #leaveQueue: () => void = () => {};

  constructor(host: BuildHost, record: BuildRecord) {
    this.#host = host;
    this.record = record;
    this.#log = createBuildLog(host.context.logs, record.build.logs, host.context.now);
    const root = join(host.workFolder, uuidOf(record.build.id));
    this.#folders = {
      root,
      source: join(root, "src"),
      home: join(root, "home"),
      temporary: join(root, "tmp"),
      commands: join(root, "commands"),
    };
  }

  /** Begins to wait for a place. `expired` is called when that takes longer than the queued time-out. */
  wait(expired: () => void): void {
    this.record.begin("QUEUED");
    this.#leaveQueue = this.#host.after(
      this.record.build.queuedTimeoutInMinutes * MILLISECONDS_PER_MINUTE,
      expired,
    );
  }

  /** Ends a build that has not begun. */
  leave(status: Interruption, message: string): void {
    this.#leaveQueue();
    this.record.end(status, { statusCode: status, message });
    this.record.finish(status);
  }

  /** Ends a build that runs: `execute` resolves soon after. */
  interrupt(status: Interruption, message: string): void {
    if (this.#interruption !== undefined) return;
    this.#interruption = { status, message };
    this.#abort.abort();
    this.#shell?.end().catch(() => {});
  }

  /** Runs the build to its end. Never rejects: what goes wrong here is a FAULT. */
  async execute(): Promise<void> {
    this.#leaveQueue();
    this.record.end("SUCCEEDED");
    const { timeoutInMinutes } = this.record.build;
    const cancel = this.#host.after(timeoutInMinutes * MILLISECONDS_PER_MINUTE, () =>
      this.interrupt("TIMED_OUT", `Build has timed out after ${timeoutInMinutes} minutes.`),
    );
    let status: Status;
    try {
      status = await this.#work();
    } catch (error) {
      status = this.#failure(error);
    }
    cancel();
    try {
      await this.#finalize(status);
    } catch (error) {
      this.#host.context.say(`codebuild: ${this.record.build.id}: cleaning up failed: ${String(error)}`);
    }
    this.record.finish(status);
  }

  async #work(): Promise<Status> {
    await this.#phase("PROVISIONING", () => this.#provision());
    let buildspec: Buildspec | undefined;
    const fetched = await this.#phase("DOWNLOAD_SOURCE", async () => {
      const source = await prepareSource({
        build: this.record.build,
        directory: this.#folders.source,
        localUrl: this.#host.context.url,
        log: this.#log,
        signal: this.#abort.signal,
      });
      if ("failure" in source) return source.failure;
      buildspec = source.buildspec;
      if (source.commitId !== undefined) this.record.set({ resolvedSourceVersion: source.commitId });
      this.#openShell(source.buildspec, source.url);
      return undefined;
    });
    if (fetched === "FAILED" || buildspec === undefined) return "FAILED";
    const { status, exported } = await runPhases({
      buildspec,
      shell: () => this.#aliveShell(),
      log: this.#log,
      phase: (type, work) => this.#phase(type, work),
    });
    if (buildspec.exportedVariables.length > 0)
      this.record.set({ exportedEnvironmentVariables: [...exported] });
    return status;
  }

  async #provision(): Promise<undefined> {
    const { root, source, home, temporary, commands } = this.#folders;
    for (const folder of [source, home, temporary, commands]) await mkdir(folder, { recursive: true });
    const programs = join(root, "bin");
    await mkdir(programs);
    for (const [name, file] of Object.entries(this.#host.shims)) await symlink(file, join(programs, name));
    const { type } = this.record.build.environment;
    this.#session = await this.#host.docker.open({
      platform: type.startsWith("ARM_") || type === "MAC_ARM" ? "linux/arm64" : "linux/amd64",
      folder: join(root, "docker"),
      signal: this.#abort.signal,
    });
  }

  #openShell(buildspec: Buildspec, sourceUrl: string | undefined): void {
    const { context, path } = this.#host;
    const { build } = this.record;
    const environment = buildEnvironment({
      context,
      build,
      folders: this.#folders,
      path: [join(this.#folders.root, "bin"), path].join(delimiter),
      variables: buildspec.variables,
      credentials: context.credentials?.(buildCaller(context.accountId, build.serviceRole, uuidOf(build.id))),
      docker: this.#session?.environment ?? {},
      sourceUrl,
    });
    this.#shell = this.#startShell(buildspec.shell, environment);
  }

  /** After a command that has ended the shell (`exit`): a new one, with the variables of the old. */
  async #aliveShell(): Promise<BuildShell> {
    const shell = this.#shell;
    if (shell === undefined) throw new Error("the build has no shell yet");
    if (shell.alive || this.#interruption !== undefined) return shell;
    const environment = Object.fromEntries(await shell.environment());
    await shell.end();
    this.#shell = this.#startShell(shell.kind, environment);
    return this.#shell;
  }

  #startShell(shell: "sh" | "bash", environment: Readonly<Record<string, string>>): BuildShell {
    return new BuildShell({
      shell,
      cwd: this.#folders.source,
      environment,
      folder: this.#folders.commands,
      lines: this.#log.lines,
    });
  }

  /** Runs one phase. What `work` returns is why it failed. @throws Interrupted */
  async #phase(type: PhaseType, work: () => Promise<PhaseContext | undefined>): Promise<PhaseEnd> {
    this.record.begin(type);
    const failure = await work().catch((error: unknown) => {
      if (this.#interruption === undefined) throw error;
      return undefined;
    });
    if (this.#interruption !== undefined) throw new Interrupted();
    const phaseStatus = failure === undefined ? "SUCCEEDED" : "FAILED";
    // The agent that writes the log is there once it is provisioned.
    if (type !== "PROVISIONING") {
      const { statusCode, message } = failure ?? { statusCode: "", message: "" };
      this.#log.agent(`Phase complete: ${type} State: ${phaseStatus}`);
      this.#log.agent(`Phase context status code: ${statusCode} Message: ${message}`);
    }
    this.record.end(phaseStatus, failure);
    return phaseStatus;
  }

  #failure(error: unknown): Status {
    const interruption = this.#interruption;
    if (interruption !== undefined) {
      this.#log.agent(interruption.message);
      this.record.end(interruption.status, {
        statusCode: interruption.status,
        message: interruption.message,
      });
      return interruption.status;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.#host.context.say(`codebuild: ${this.record.build.id} ends as FAULT: ${message}`);
    this.#log.agent(`Internal error of the local CodeBuild: ${message}`);
    this.record.end("FAULT", { statusCode: "INTERNAL_SERVICE_ERROR", message });
    return "FAULT";
  }

  async #finalize(status: Status): Promise<void> {
    const recorded = status !== "STOPPED" && status !== "FAULT";
    if (recorded) this.record.begin("FINALIZING");
    await this.#shell?.end();
    await this.#session?.close();
    await killWithVariable(`CODEBUILD_BUILD_ID=${this.record.build.id}`);
    await rm(this.#folders.root, { recursive: true, force: true, maxRetries: 3 });
    if (recorded) this.record.end("SUCCEEDED");
  }
}

/** A build acts as the project's service role; the session is named as CodeBuild names it. */
function buildCaller(accountId: string, serviceRole: string, uuid: string) {
  const role = serviceRole.slice(serviceRole.lastIndexOf("/") + 1);
  const session = `AWSCodeBuild-${uuid}`;
  return {
    arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${session}`,
    accountId,
    userId: `AROACODEBUILD:${session}`,
  };
}
