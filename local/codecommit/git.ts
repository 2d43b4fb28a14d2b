import { spawn } from "node:child_process";

/** Git said no: its own words, and the command it said them to. */
export class GitError extends Error {
  readonly exitCode: number;
  readonly stderr: string;

  constructor(command: string, exitCode: number, stderr: string) {
    super(`git ${command} failed: ${stderr.trim() || `exit code ${exitCode}`}`);
    this.name = "GitError";
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export interface GitOptions {
  /** A bare repository. */
  readonly gitDir?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** What git reads on its standard input; nothing unless told. */
  readonly input?: string;
  /** More output than this is an error; 64 MiB unless told. */
  readonly maximumBytes?: number;
}

/** Answers of a repository can be long, but nothing we ask for is meant to fill the memory. */
const DEFAULT_MAXIMUM_BYTES = 64 * 1024 * 1024;

/**
 * What git runs with: nothing of the person's own configuration, no prompt, no pager, plain English.
 * See "Environment variables" in https://git-scm.com/docs/git.
 */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: hostPath(),
    LC_ALL: "C.UTF-8",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "3",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
    // No maintenance in the background: nothing may outlive the emulator.
    GIT_CONFIG_KEY_1: "gc.auto",
    GIT_CONFIG_VALUE_1: "0",
    GIT_CONFIG_KEY_2: "advice.detachedHead",
    GIT_CONFIG_VALUE_2: "false",
    ...extra,
  };
}

/** Where programs are looked up; the one thing of the environment that every child process needs. */
export function hostPath(): string {
  return process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin";
}

/**
 * Runs git to its end.
 *
 * @returns its standard output
 * @throws GitError when it exits with another code than 0, or is not installed
 */
export function runGit(args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const full = options.gitDir === undefined ? [...args] : ["--git-dir", options.gitDir, ...args];
  const maximumBytes = options.maximumBytes ?? DEFAULT_MAXIMUM_BYTES;
  return new Promise((resolve, reject) => {
    const child = spawn("git", full, {
      env: gitEnvironment(options.environment),
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    // Git may end before it has read everything; its exit code tells.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    let bytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maximumBytes) output.push(chunk);
      else child.kill();
    });
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.on("error", (error) => reject(new GitError(args[0] ?? "", 127, explainSpawnError(error))));
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(output));
      else if (bytes > maximumBytes) {
        reject(new GitError(args[0] ?? "", 1, `more than ${maximumBytes} bytes of output`));
      } else reject(new GitError(args[0] ?? "", code ?? 1, Buffer.concat(errors).toString("utf8")));
    });
  });
}

/** The first git whose `init` takes `--initial-branch`. */
const OLDEST_GIT = { major: 2, minor: 28 };

/** @throws Error with the remedy when there is no git, or an old one */
export async function requireGit(): Promise<void> {
  const version = (await runGit(["--version"])).toString("utf8").trim();
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  const isOld = Number(major) === OLDEST_GIT.major && Number(minor) < OLDEST_GIT.minor;
  if (isOld || Number(major) < OLDEST_GIT.major) {
    throw new Error(`${version} is too old: install git ${OLDEST_GIT.major}.${OLDEST_GIT.minor} or newer`);
  }
}

function explainSpawnError(error: Error): string {
  if ("code" in error && error.code === "ENOENT") {
    return "git is not on the PATH: install git (2.28 or newer)";
  }
  return error.message;
}
