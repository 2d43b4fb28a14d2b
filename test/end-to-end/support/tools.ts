import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { describe } from "@jest/globals";

const run = promisify(execFile);

/** Whether a program of somebody else's is there. */
function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** `describe` where the program is there, `describe.skip` elsewhere. */
export const describeWith = (program: string | undefined) =>
  program !== undefined && isInstalled(program) ? describe : describe.skip;

/** Runs a program. @returns what it printed on standard output. @throws Error with what it said on standard error */
export async function output(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const env = { PATH: process.env.PATH ?? "", ...environment };
  const { stdout } = await run(program, args, { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
