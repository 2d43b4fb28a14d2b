import { join } from "node:path";
import { type Input, optionalList, optionalNumber, optionalText, page, text } from "../input.ts";
import { AwsError, type LocalContext, type LocalService, type LogSink } from "../service.ts";
import { filterEvents } from "./filter-events.ts";
import { getEvents } from "./get-events.ts";
import { LogStore, type LogStream } from "./store.ts";

type Where = Pick<LocalContext, "accountId" | "region" | "now">;

/** CloudWatch Logs, kept in files below the state folder. */
export async function createLogs(
  context: Where & Pick<LocalContext, "stateDir">,
): Promise<LocalService & { readonly sink: LogSink }> {
  const store = new LogStore(join(context.stateDir, "logs"));
  const arn = (group: string): string =>
    `arn:aws:logs:${context.region}:${context.accountId}:log-group:${group}`;
  const streamsOf = (input: Input): ReadonlyMap<string, LogStream> => {
    const group = groupName(input);
    const streams = store.find(group);
    if (streams === undefined)
      throw new AwsError("ResourceNotFoundException", `The specified log group does not exist: ${group}`);
    return streams;
  };
  return {
    targetPrefix: "Logs_20140328",
    jsonVersion: "1.1",
    sink: { put: (group, stream, lines) => store.stream(group, stream).append(lines, context.now()) },
    operations: {
      CreateLogGroup: async (input) => {
        const name = text(input, "logGroupName");
        if (store.find(name) !== undefined)
          throw new AwsError(
            "ResourceAlreadyExistsException",
            `The specified log group already exists: ${name}`,
          );
        store.group(name);
      },
      CreateLogStream: async (input) => {
        const name = text(input, "logStreamName");
        if (streamsOf(input).has(name))
          throw new AwsError(
            "ResourceAlreadyExistsException",
            `The specified log stream already exists: ${name}`,
          );
        store.stream(groupName(input), name);
      },
      PutLogEvents: async (input) => {
        const stream = streamOf(streamsOf(input), text(input, "logStreamName"));
        const lines = optionalList(input, "logEvents").map((event) => {
          if (typeof event === "object" && event !== null && "message" in event) return String(event.message);
          throw new AwsError(
            "InvalidParameterException",
            "logEvents needs members with timestamp and message",
          );
        });
        stream.append(lines, context.now());
        return { nextSequenceToken: String(stream.count) };
      },
      DescribeLogGroups: async (input) => {
        const prefix = optionalText(input, "logGroupNamePrefix") ?? "";
        const pattern = optionalText(input, "logGroupNamePattern") ?? "";
        const names = store.groups().filter((name) => name.startsWith(prefix) && name.includes(pattern));
        const { items, nextToken } = page(
          names,
          optionalNumber(input, "limit") ?? 50,
          optionalText(input, "nextToken"),
        );
        const logGroups = items.map((logGroupName) => ({
          logGroupName,
          arn: `${arn(logGroupName)}:*`,
          logGroupArn: arn(logGroupName),
          storedBytes: [...(store.find(logGroupName)?.values() ?? [])].reduce(
            (sum, { bytes }) => sum + bytes,
            0,
          ),
          metricFilterCount: 0,
        }));
        return { logGroups, nextToken };
      },
      DescribeLogStreams: async (input) => describeStreams(streamsOf(input), input, arn(groupName(input))),
      GetLogEvents: async (input) =>
        getEvents(streamOf(streamsOf(input), text(input, "logStreamName")), input),
      FilterLogEvents: async (input) => filterEvents(streamsOf(input), input),
    },
    resources: {
      "AWS::Logs::LogGroup": async ({ logicalId, properties }) => {
        const name = String(properties.LogGroupName ?? logicalId);
        store.group(name);
        return { ref: name, attributes: { Arn: `${arn(name)}:*` } };
      },
    },
    close: async () => {},
  };
}

/** A group is named by its name, or by its ARN as `logGroupIdentifier`. */
function groupName(input: Input): string {
  const identifier = optionalText(input, "logGroupIdentifier");
  if (identifier === undefined) return text(input, "logGroupName");
  return identifier.replace(/^arn:.*:log-group:/, "").replace(/:\*$/, "");
}

function streamOf(streams: ReadonlyMap<string, LogStream>, name: string): LogStream {
  const stream = streams.get(name);
  if (stream === undefined)
    throw new AwsError("ResourceNotFoundException", `The specified log stream does not exist: ${name}`);
  return stream;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html */
function describeStreams(streams: ReadonlyMap<string, LogStream>, input: Input, groupArn: string): unknown {
  const prefix = optionalText(input, "logStreamNamePrefix") ?? "";
  const found = [...streams.values()].filter(({ name }) => name.startsWith(prefix));
  if (optionalText(input, "orderBy") === "LastEventTime")
    found.sort((a, b) => (a.last?.timestamp ?? 0) - (b.last?.timestamp ?? 0));
  else found.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (input.descending === true) found.reverse();
  const { items, nextToken } = page(
    found,
    optionalNumber(input, "limit") ?? 50,
    optionalText(input, "nextToken"),
  );
  const logStreams = items.map(({ name, first, last, bytes }) => ({
    logStreamName: name,
    arn: `${groupArn}:log-stream:${name}`,
    creationTime: first?.timestamp,
    firstEventTimestamp: first?.timestamp,
    lastEventTimestamp: last?.timestamp,
    lastIngestionTime: last?.ingestionTime,
    storedBytes: bytes,
  }));
  return { logStreams, nextToken };
}
