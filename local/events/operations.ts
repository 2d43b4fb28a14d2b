import { z } from "zod";
import { AwsError, type LocalContext, type Operation } from "../service.ts";
import type { Bus } from "./bus.ts";
import { InvalidPattern } from "./pattern.ts";
import { type Rule, readPattern } from "./rule.ts";
import type { Rules } from "./rules.ts";

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
const MAX_ENTRY_BYTES = 256 * 1024;

const entrySchema = z.looseObject({
  Source: z.string().optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  Resources: z.array(z.string()).default([]),
  EventBusName: z.string().optional(),
  /** Seconds since the epoch. */
  Time: z.number().optional(),
});
type Entry = z.infer<typeof entrySchema>;

const putEventsSchema = z.looseObject({ Entries: z.array(entrySchema).min(1).max(10) });
const pageSchema = z.looseObject({
  NamePrefix: z.string().optional(),
  NextToken: z.string().optional(),
  Limit: z.int().min(1).max(100).default(100),
});
const nameSchema = z.looseObject({ Name: z.string() });
const targetsSchema = z.looseObject({
  Rule: z.string(),
  NextToken: z.string().optional(),
  Limit: z.int().min(1).max(100).default(100),
});
const testSchema = z.looseObject({ EventPattern: z.string(), Event: z.string() });

/** The operations of EventBridge that exist locally: https://docs.aws.amazon.com/eventbridge/latest/APIReference/ */
export function eventOperations(
  context: LocalContext,
  bus: Bus,
  rules: Rules,
): Readonly<Record<string, Operation>> {
  return {
    PutEvents: async (input) => {
      const { Entries } = parse(putEventsSchema, input);
      const results = Entries.map((entry) => putEntry(bus, entry));
      return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
    },
    ListRules: async (input) => {
      const { NamePrefix = "", NextToken, Limit } = parse(pageSchema, input);
      const found = rules.list().filter((rule) => rule.name.startsWith(NamePrefix));
      const { items, next } = page(found, NextToken, Limit);
      return { Rules: items.map((rule) => summary(rule)), ...next };
    },
    DescribeRule: async (input) => {
      const rule = rules.find(parse(nameSchema, input).Name);
      return { ...summary(rule), CreatedBy: context.accountId };
    },
    ListTargetsByRule: async (input) => {
      const { Rule: name, NextToken, Limit } = parse(targetsSchema, input);
      const { items, next } = page(rules.find(name).targets, NextToken, Limit);
      return { Targets: items.map((target) => target.properties), ...next };
    },
    EnableRule: async (input) => rules.switch(parse(nameSchema, input).Name, true),
    DisableRule: async (input) => rules.switch(parse(nameSchema, input).Name, false),
    TestEventPattern: async (input) => {
      const { EventPattern, Event } = parse(testSchema, input);
      return { Result: testPattern(EventPattern, Event) };
    },
  };
}

function parse<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new AwsError(
    "ValidationException",
    `${faults.length} validation error detected: ${faults.join("; ")}`,
  );
}

type EntryResult =
  | { readonly EventId: string }
  | { readonly ErrorCode: string; readonly ErrorMessage: string };

/** One entry fails by itself: the others are put all the same. */
function putEntry(bus: Bus, entry: Entry): EntryResult {
  const { Source, DetailType, Detail, Resources, EventBusName, Time } = entry;
  if (Source === undefined || Source === "") return required("Source");
  if (DetailType === undefined || DetailType === "") return required("DetailType");
  if (Detail === undefined || Detail === "") return required("Detail");
  if (Source.startsWith("aws.")) {
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  }
  if (EventBusName !== undefined && !/(^|\/)default$/.test(EventBusName)) {
    return {
      ErrorCode: "ResourceNotFoundException",
      ErrorMessage: `Event bus ${EventBusName} does not exist.`,
    };
  }
  const texts = [Source, DetailType, Detail, ...Resources];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time === undefined ? 0 : 14);
  if (bytes > MAX_ENTRY_BYTES) {
    return {
      ErrorCode: "InvalidArgument",
      ErrorMessage: `The entry is larger than ${MAX_ENTRY_BYTES} bytes.`,
    };
  }
  const detail = parseObject(Detail);
  if (detail === undefined) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  const draft = { source: Source, detailType: DetailType, resources: Resources, detail };
  return { EventId: bus.put(draft, Time === undefined ? undefined : Time * 1000) };
}

function required(name: string): EntryResult {
  return {
    ErrorCode: "InvalidArgument",
    ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  };
}

function parseObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @throws AwsError InvalidEventPatternException, ValidationException */
function testPattern(pattern: string, text: string): boolean {
  const event = parseObject(text);
  if (event === undefined) throw new AwsError("ValidationException", "Parameter Event is not valid JSON.");
  try {
    return readPattern(pattern).matches(event);
  } catch (error) {
    if (error instanceof InvalidPattern) throw new AwsError("InvalidEventPatternException", error.message);
    throw error;
  }
}

function summary(rule: Rule): Readonly<Record<string, unknown>> {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventBusName: "default",
    State: rule.enabled ? "ENABLED" : "DISABLED",
    ...(rule.description === "" ? {} : { Description: rule.description }),
    ...(rule.pattern === undefined ? {} : { EventPattern: rule.pattern.json }),
    ...(rule.schedule === undefined ? {} : { ScheduleExpression: rule.schedule.expression }),
  };
}

/** The token is the index of the next item. */
function page<T>(all: readonly T[], token: string | undefined, limit: number) {
  const start = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(start))
    throw new AwsError("ValidationException", "Parameter NextToken is not valid.");
  const end = start + limit;
  const next = end < all.length ? { NextToken: Buffer.from(String(end)).toString("base64url") } : {};
  return { items: all.slice(start, end), next };
}
