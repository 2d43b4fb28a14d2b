import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { gitEnvironment } from "./git.ts";

/** The two programs behind git's smart HTTP. */
export type GitService = "git-upload-pack" | "git-receive-pack";

export type StartGit = (
  service: GitService,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
) => ChildProcessWithoutNullStreams;

export interface GitProcesses {
  readonly start: StartGit;
  /** Ends those that run, and resolves when they have ended. */
  readonly close: () => Promise<void>;
}

/**
 * Starts git's server programs, and knows which of them run.
 * @param more further settings, as `name=value`
 */
export function createGitProcesses(hooksFolder: string, more: readonly string[] = []): GitProcesses {
  const children = new Set<ChildProcess>();
  const settings = [
    `core.hooksPath=${hooksFolder}`,
    // A build fetches one commit by its id, which need not be the tip of anything any more.
    "uploadpack.allowAnySHA1InWant=true",
    "uploadpack.allowFilter=true",
    "receive.autogc=false",
    ...more,
  ].flatMap((setting) => ["-c", setting]);
  return {
    start: (service, args, environment) => {
      const child = spawn("git", [...settings, service.slice("git-".length), ...args], {
        env: gitEnvironment(environment),
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
      });
      children.add(child);
      child.once("close", () => children.delete(child));
      child.once("error", () => children.delete(child));
      return child;
    },
    close: async () => {
      const ended = [...children].map((child) => new Promise((resolve) => child.once("close", resolve)));
      for (const child of children) stop(child);
      await Promise.all(ended);
    },
  };
}

/** Git compresses requests of more than a few lines. */
export function receive(request: IncomingMessage, stdin: NodeJS.WritableStream): void {
  const gzip = ["gzip", "x-gzip"].includes(request.headers["content-encoding"] ?? "");
  // A failure here (the client went away, the process ended first) shows at the process's end.
  const done = gzip ? pipeline(request, createGunzip(), stdin) : pipeline(request, stdin);
  done.catch(() => stdin.end());
}

/** Streams what git prints, and ends the response when it has ended and `after` is done. */
export async function send(
  child: ChildProcessWithoutNullStreams,
  response: ServerResponse,
  after: () => Promise<void> = async () => {},
): Promise<void> {
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (code) => resolve(code ?? 1));
  });
  child.stderr.resume();
  response.on("error", () => child.stdout.resume());
  child.stdout.pipe(response, { end: false });
  response.once("close", () => {
    child.stdout.unpipe(response);
    child.stdout.resume();
  });
  await ended;
  await after();
  response.end();
}

/** Git removes its lock files when it is asked to end. */
export function stop(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, "SIGTERM");
  } catch {
    // It has ended meanwhile.
  }
}
