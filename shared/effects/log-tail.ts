import { redact } from "../pipeline/redact.ts";
import type { Aws } from "./aws.ts";
import { isError } from "./context.ts";

const LINE_LENGTH = 500;
/** Of each line, before secrets are taken out: what is looked through has a limit. */
const READ_LENGTH = 4 * LINE_LENGTH;

/** The last lines of a log stream, secrets taken out; none of a log that is not there, or may not be read. */
export async function logTail(
  aws: Aws,
  log: { readonly group: string; readonly stream: string },
  limit: number,
): Promise<readonly string[]> {
  try {
    const { events = [] } = await aws.logs.getLogEvents({
      logGroupName: log.group,
      logStreamName: log.stream,
      startFromHead: false,
      limit,
    });
    // Redacted as one text: a key stands on several lines.
    const text = redact(events.map(({ message = "" }) => message.trimEnd().slice(0, READ_LENGTH)).join("\n"));
    return text === "" ? [] : text.split("\n").map((line) => line.slice(0, LINE_LENGTH));
  } catch (error) {
    if (!isError(error, "ResourceNotFoundException", "AccessDeniedException")) throw error;
    return [];
  }
}
