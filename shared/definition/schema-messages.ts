import { z } from "zod";
import { SUBJECTS } from "../pipeline/message-channel.ts";

/** Who is told of a pipeline's runs. */

const slack = z
  .strictObject({
    channel: z
      .string()
      .regex(
        /^[CG][A-Z0-9]{8,20}$/,
        "must be a channel's id, e.g. C0123456789: it stands at the end of the channel's details",
      )
      .optional()
      .describe(
        "The id of a channel that the app's bot is in: one thread for each run, and what changes is updated.",
      ),
    webhook: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and hyphens, beginning with a letter")
      .max(40)
      .optional()
      .describe("The name of an incoming webhook in the Slack secret: news one by one."),
  })
  .refine(
    ({ channel, webhook }) => (channel === undefined) !== (webhook === undefined),
    "must name one: channel or webhook",
  );

/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
const sns = z
  .strictObject({
    topic: z
      .string()
      .regex(
        /^(?:[A-Za-z0-9_-]{1,100}|arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]{1,256})$/,
        "must be a name of letters, digits, _ - for a topic that the stack makes, or the ARN of a standard topic that is there",
      )
      .describe("A name, and the stack makes the topic; or the ARN of one that is there."),
    email: z
      .array(z.email("must be an e-mail address").max(254))
      .max(50)
      .default([])
      .describe("Addresses that the stack subscribes to its topic; each has to confirm."),
  })
  .refine(({ topic, email }) => email.length === 0 || !topic.startsWith("arn:"), {
    path: ["email"],
    message: "is for topics that the stack makes: subscribe to the other where it was made",
  });

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html */
const eventBridge = z.strictObject({
  bus: z
    .string()
    .regex(
      /^(?:[\w./-]{1,256}|arn:aws[\w-]*:events:[\w-]+:\d{12}:event-bus\/[\w./-]{1,256})$/,
      "must be the name or the ARN of an event bus",
    )
    .default("default")
    .describe("The event bus: a name or an ARN."),
});

export const messages = z
  .array(
    z
      .strictObject({
        slack: slack.optional().describe("A channel at Slack."),
        sns: sns.optional().describe("A topic of SNS, for e-mail and whatever else subscribes."),
        eventBridge: eventBridge.optional().describe("An event bus, for other programs."),
        about: z
          .array(z.enum(SUBJECTS))
          .min(1)
          .max(SUBJECTS.length)
          .optional()
          .describe(
            "What is told: approvals, failures, deployments, runs. Without it all but runs; of an event bus, everything.",
          ),
      })
      .refine(
        ({ slack, sns, eventBridge }) =>
          [slack, sns, eventBridge].filter((one) => one !== undefined).length === 1,
        "must name one channel: slack, sns or eventBridge",
      ),
  )
  .max(10)
  .default([]);

export type MessagesFile = z.infer<typeof messages>;
