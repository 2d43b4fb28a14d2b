import { type Input, optionalNumber, optionalText } from "../input.ts";
import { AwsError } from "../service.ts";
import { firstAt, type LogStream } from "./store.ts";

const MAX_EVENTS = 10_000;

/**
 * Tokens name a position in the stream: `f/N` reads forward from event N, `b/N` the events before N. At the end of a
 * stream the forward token is the one that was given.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
 */
export function getEvents(stream: LogStream, input: Input): unknown {
  const limit = Math.min(optionalNumber(input, "limit") ?? MAX_EVENTS, MAX_EVENTS);
  const start = optionalNumber(input, "startTime");
  const end = optionalNumber(input, "endTime");
  const low = start === undefined ? 0 : firstAt(stream, start);
  const high = end === undefined ? stream.count : firstAt(stream, end);
  const token = optionalText(input, "nextToken");
  const position = token === undefined ? undefined : /^([fb])\/(\d+)$/.exec(token);
  if (position === null)
    throw new AwsError("InvalidParameterException", "The specified nextToken is invalid.");

  const backward = position === undefined ? input.startFromHead !== true : position[1] === "b";
  const at = position === undefined ? (backward ? high : low) : Number(position[2]);
  const from = backward ? Math.max(low, Math.min(at, high) - limit) : Math.max(low, at);
  const events = stream.read(from, Math.min(limit, (backward ? Math.min(at, high) : high) - from));
  return {
    events,
    nextForwardToken: `f/${String(from + events.length).padStart(12, "0")}`,
    nextBackwardToken: `b/${String(from).padStart(12, "0")}`,
  };
}
