import type { Command } from "../pipeline/commands.ts";
import { redact } from "../pipeline/redact.ts";
import { type EffectContext, facts, isError, type Outcome } from "./context.ts";

const LINES = 20;
const LINE_LENGTH = 500;
/** Of each line, before secrets are taken out: what is looked through has a limit. */
const READ_LENGTH = 4 * LINE_LENGTH;

/** Reads the last lines of a failed build's log; of a log that is not there, or may not be read, there are none. */
export async function readBuildLog(
  context: EffectContext,
  { image, platform, attempt, log }: Extract<Command, { readonly type: "read-build-log" }>,
): Promise<Outcome> {
  let lines: readonly string[] = [];
  try {
    const { events = [] } = await context.aws.logs.getLogEvents({
      logGroupName: log.group,
      logStreamName: log.stream,
      startFromHead: false,
      limit: LINES,
    });
    // Redacted as one text: a key stands on several lines.
    const text = redact(events.map(({ message = "" }) => message.trimEnd().slice(0, READ_LENGTH)).join("\n"));
    lines = text === "" ? [] : text.split("\n").map((line) => line.slice(0, LINE_LENGTH));
  } catch (error) {
    if (!isError(error, "ResourceNotFoundException", "AccessDeniedException")) throw error;
  }
  return facts({ type: "build.log-read", at: context.now(), image, platform, attempt, lines });
}
