import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type Input, optionalText, text } from "../input.ts";
import { AwsError, type Operation } from "../service.ts";
import type { Topics } from "./topics.ts";

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const MAX_MESSAGE_BYTES = 256 * 1024;
const MAX_SUBJECT_CHARACTERS = 100;

const invalid = (what: string): AwsError => new AwsError("InvalidParameter", `Invalid parameter: ${what}`);

export function topicOperations(topics: Topics): Readonly<Record<string, Operation>> {
  return {
    Publish: async (input) => {
      const topicArn = text(input, "TopicArn");
      const subject = optionalText(input, "Subject");
      const message = optionalText(input, "Message") ?? "";
      if (message === "") throw invalid("Empty message");
      if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) throw invalid("Message too long");
      checkSubject(subject);
      const attributes = attributesOf(input);
      const messageId = randomUUID();
      topics.publish({
        messageId,
        topicArn,
        message,
        attributes,
        ...(subject === undefined ? {} : { subject }),
      });
      return { MessageId: messageId };
    },
    ListTopics: async () => ({ Topics: topics.list().map((TopicArn) => ({ TopicArn })) }),
    ListSubscriptionsByTopic: async (input) => {
      const topicArn = text(input, "TopicArn");
      return {
        Subscriptions: topics.subscriptions(topicArn).map(({ arn, protocol, endpoint }) => ({
          SubscriptionArn: arn,
          Protocol: protocol,
          Endpoint: endpoint,
          TopicArn: topicArn,
        })),
      };
    },
  };
}

/** ASCII that begins with a letter, a digit or a mark, without line breaks and control characters, under 101 characters. */
function checkSubject(subject: string | undefined): void {
  if (subject === undefined) return;
  if (subject.length > MAX_SUBJECT_CHARACTERS || !/^[\x21-\x7e][\x20-\x7e]*$/.test(subject))
    throw invalid("Subject");
}

/** `MessageAttributes.entry.N.Name`, `….Value.DataType` and `….Value.StringValue`. */
const entriesSchema = z.object({
  MessageAttributes: z
    .object({
      entry: z.record(
        z.string(),
        z.object({
          Name: z.string().min(1).max(256),
          Value: z.object({ DataType: z.string(), StringValue: z.string().min(1) }),
        }),
      ),
    })
    .optional(),
});

function attributesOf(input: Input): Readonly<Record<string, string>> {
  const parsed = entriesSchema.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AwsError("InvalidParameterValue", `${issue?.path.join(".")}: ${issue?.message}`);
  }
  const entries = Object.values(parsed.data.MessageAttributes?.entry ?? {});
  for (const { Name, Value } of entries) {
    if (Value.DataType !== "String")
      throw new AwsError(
        "InvalidParameterValue",
        `The local endpoint emulates attributes of type String only: ${Name}`,
      );
  }
  return Object.fromEntries(entries.map(({ Name, Value }) => [Name, Value.StringValue]));
}
