import { execFile } from "node:child_process";
import type { CliContext } from "./context.ts";
import { EXIT, Failure } from "./failure.ts";

/** Runs git in the working directory; undefined when it fails or is not there. */
export function git(
  args: readonly string[],
  { cwd, environment, signal }: Pick<CliContext, "cwd" | "environment" | "signal">,
): Promise<string | undefined> {
  const env = { ...process.env, ...environment };
  return new Promise((resolve) =>
    execFile("git", args, { cwd, env, signal }, (error, out) =>
      resolve(error === null ? out.trim() : undefined),
    ),
  );
}

/**
 * A commit's 40 digits, as the API wants them. An abbreviation is what the repository in the working directory says it is.
 * @throws Failure when it is no commit
 */
export async function fullCommit(given: string, context: CliContext): Promise<string> {
  const sha = given.toLowerCase();
  if (/^[0-9a-f]{40}$/.test(sha)) return sha;
  if (!/^[0-9a-f]{4,39}$/.test(sha))
    throw new Failure(
      EXIT.usage,
      "bad-commit",
      `"${given}" is no commit: give its 40 hexadecimal digits, as \`git rev-parse HEAD\` prints them`,
    );
  const found = await git(["rev-parse", "--verify", "--quiet", `${sha}^{commit}`], context);
  // A branch may have a name of hexadecimal digits, too; that is not what was asked for.
  if (found?.startsWith(sha)) return found;
  const message = `no commit of the repository in ${context.cwd} is abbreviated as ${given}: give all 40 digits, or go to the repository's checkout`;
  throw new Failure(EXIT.usage, "bad-commit", message);
}
