import type { Command } from "../pipeline/commands.ts";
import { type EffectContext, facts, type Outcome } from "./context.ts";
import { logTail } from "./log-tail.ts";

const LINES = 20;

/** Reads the last lines of a failed build's log; of a log that is not there, or may not be read, there are none. */
export async function readBuildLog(
  context: EffectContext,
  { image, platform, attempt, log }: Extract<Command, { readonly type: "read-build-log" }>,
): Promise<Outcome> {
  const lines = await logTail(context.aws, log, LINES);
  return facts({ type: "build.log-read", at: context.now(), image, platform, attempt, lines });
}
