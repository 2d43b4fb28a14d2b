import { spawn } from "node:child_process";

/** What a command left behind. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end, without a shell and without a terminal. A program that does not exist gives code 127, one that
 * takes longer than `timeoutMs` is killed and gives 124, as `timeout(1)` does.
 */
export function command(program: string, args: readonly string[], timeoutMs = 60_000): Promise<Output> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    const end = (code: number, error = ""): void => {
      clearTimeout(timer);
      const said = Buffer.concat(stderr).toString().trim();
      resolve({
        code: late ? 124 : code,
        stdout: Buffer.concat(stdout).toString().trim(),
        stderr: said || error,
      });
    };
    child.on("error", (error) => end(127, error.message));
    child.on("close", (code) => end(code ?? 1));
  });
}
