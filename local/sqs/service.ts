import { join } from "node:path";
import { z } from "zod";
import { type Input, optionalList, optionalNumber, optionalText, page, text } from "../input.ts";
import { AwsError, type LocalContext, type LocalService } from "../service.ts";
import { readState, writeState } from "../state.ts";
import { type Message, md5, Queue } from "./queue.ts";

const MAX_BODY_BYTES = 1024 * 1024;

const messageSchema = z.object({
  id: z.string(),
  body: z.string(),
  attributes: z.record(z.string(), z.string()),
  sentMs: z.number(),
  receives: z.number(),
  firstReceivedMs: z.number().optional(),
  visibleFromMs: z.number(),
  receipt: z.string().optional(),
});

const stateSchema = z.array(
  z.object({ name: z.string(), visibilityTimeout: z.number(), messages: z.array(messageSchema) }),
);

/** A standard-queue SQS, so that dead-letter queues can be filled and looked at. */
export async function createSqs(
  context: Pick<LocalContext, "url" | "accountId" | "region" | "stateDir" | "now" | "say">,
): Promise<LocalService & { readonly deadLetter: NonNullable<LocalContext["deadLetter"]> }> {
  const file = join(context.stateDir, "sqs", "queues.json");
  const queues = new Map<string, Queue>();
  const write = (): Promise<void> =>
    writeState(
      file,
      1,
      [...queues.values()].map(({ name, visibilityTimeout, messages }) => ({
        name,
        visibilityTimeout,
        messages,
      })),
    );
  const save = (): void => {
    write().catch((error: unknown) => context.say(`SQS cannot write ${file}: ${String(error)}`));
  };
  const add = (name: string, visibilityTimeout: number, messages: readonly Message[] = []): Queue => {
    const queue = new Queue(name, visibilityTimeout, messages, save);
    queues.set(name, queue);
    return queue;
  };
  for (const stored of await loadQueues(file)) add(stored.name, stored.visibilityTimeout, stored.messages);

  const url = (name: string): string => `${context.url}/${context.accountId}/${name}`;
  const arn = (name: string): string => `arn:aws:sqs:${context.region}:${context.accountId}:${name}`;
  const named = (name: string): Queue => {
    const queue = queues.get(name);
    if (queue === undefined)
      throw new AwsError(
        "AWS.SimpleQueueService.NonExistentQueue",
        `The specified queue does not exist: ${name}. The local queues are those of the template.`,
      );
    return queue;
  };
  // The queue is known by the end of its address, whatever host name the caller uses for this endpoint.
  const queueOf = (input: Input): Queue => named(text(input, "QueueUrl").split("/").pop() ?? "");

  return {
    targetPrefix: "AmazonSQS",
    jsonVersion: "1.0",
    operations: {
      ListQueues: async (input) => {
        const names = [...queues.keys()]
          .sort()
          .filter((name) => name.startsWith(optionalText(input, "QueueNamePrefix") ?? ""));
        const { items, nextToken } = page(
          names,
          optionalNumber(input, "MaxResults") ?? 1_000,
          optionalText(input, "NextToken"),
        );
        return { QueueUrls: items.map(url), NextToken: nextToken };
      },
      GetQueueUrl: async (input) => ({ QueueUrl: url(named(text(input, "QueueName")).name) }),
      GetQueueAttributes: async (input) => {
        const queue = queueOf(input);
        const all = queueAttributes(queue, arn(queue.name), context.now());
        const wanted = optionalList(input, "AttributeNames");
        if (wanted.includes("All")) return { Attributes: all };
        return {
          Attributes: Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))),
        };
      },
      SendMessage: async (input) => {
        const body = text(input, "MessageBody");
        if (Buffer.byteLength(body) > MAX_BODY_BYTES)
          throw new AwsError(
            "InvalidParameterValue",
            `One or more parameters are invalid. Reason: Message must be shorter than ${MAX_BODY_BYTES} bytes.`,
          );
        const delayMs = (optionalNumber(input, "DelaySeconds") ?? 0) * 1_000;
        const message = queueOf(input).send(body, stringAttributes(input), context.now(), delayMs);
        return { MessageId: message.id, MD5OfMessageBody: md5(body) };
      },
      ReceiveMessage: async (input) => receive(queueOf(input), input, context.now),
      DeleteMessage: async (input) => {
        queueOf(input).delete(text(input, "ReceiptHandle"));
      },
      PurgeQueue: async (input) => queueOf(input).purge(),
    },
    resources: {
      "AWS::SQS::Queue": async ({ logicalId, properties }) => {
        const name = String(properties.QueueName ?? logicalId);
        const known = queues.get(name);
        add(name, Number(properties.VisibilityTimeout ?? known?.visibilityTimeout ?? 30), known?.messages);
        save();
        return { ref: url(name), attributes: { Arn: arn(name), QueueName: name, QueueUrl: url(name) } };
      },
    },
    deadLetter: (queueArn, body, attributes = {}) => {
      const queue = queues.get(queueArn.split(":").pop() ?? "");
      if (queue !== undefined) queue.send(body, attributes, context.now());
      else context.say(`a dead letter is lost, since there is no queue ${queueArn}: ${body.slice(0, 200)}`);
    },
    close: () => (queues.size === 0 ? Promise.resolve() : write()),
  };
}

async function loadQueues(file: string): Promise<z.infer<typeof stateSchema>> {
  const stored = await readState(file, 1);
  if (stored === undefined) return [];
  const parsed = stateSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new Error(`${file} does not hold SQS queues: move it away, or use another --state`);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html */
function queueAttributes(queue: Queue, arn: string, now: number): Readonly<Record<string, string>> {
  const hidden = queue.messages.filter(({ visibleFromMs }) => visibleFromMs > now).length;
  return {
    QueueArn: arn,
    ApproximateNumberOfMessages: String(queue.messages.length - hidden),
    ApproximateNumberOfMessagesNotVisible: String(hidden),
    ApproximateNumberOfMessagesDelayed: "0",
    VisibilityTimeout: String(queue.visibilityTimeout),
  };
}

function stringAttributes(input: Input): Readonly<Record<string, string>> {
  const given = input.MessageAttributes;
  if (typeof given !== "object" || given === null) return {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, attribute]: [string, unknown]) =>
      typeof attribute === "object" && attribute !== null && "StringValue" in attribute
        ? [[name, String(attribute.StringValue)]]
        : [],
    ),
  );
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
async function receive(queue: Queue, input: Input, now: () => number): Promise<unknown> {
  const count = Math.min(Math.max(optionalNumber(input, "MaxNumberOfMessages") ?? 1, 1), 10);
  const hideMs = (optionalNumber(input, "VisibilityTimeout") ?? queue.visibilityTimeout) * 1_000;
  const waitMs = Math.min(optionalNumber(input, "WaitTimeSeconds") ?? 0, 20) * 1_000;
  let messages = queue.receive(count, hideMs, now());
  if (messages.length === 0 && waitMs > 0) {
    await queue.arrival(waitMs);
    messages = queue.receive(count, hideMs, now());
  }
  if (messages.length === 0) return {};
  return { Messages: messages.map(wireMessage) };
}

function wireMessage(message: Message): unknown {
  const attributes = Object.entries(message.attributes);
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    MD5OfBody: md5(message.body),
    Body: message.body,
    Attributes: {
      ApproximateReceiveCount: String(message.receives),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
      SentTimestamp: String(message.sentMs),
    },
    ...(attributes.length > 0 && {
      MessageAttributes: Object.fromEntries(
        attributes.map(([name, value]) => [name, { DataType: "String", StringValue: value }]),
      ),
    }),
  };
}
