import { AwsClient } from "aws4fetch";
import { z } from "zod";
import { type AwsQuery, AwsQueryError, type AwsQueryOptions } from "./aws-query.ts";
import type { BusEvent, Notice } from "./messenger.ts";
import { SendError, silenceOf } from "./send-error.ts";

/** Milliseconds for one call. */
const LIMIT = 3_000;

/** Errors that pass, of SNS and of EventBridge. */
const PASSING = /throttl|internal|unavailable|limitexceeded/i;

/** Publishes to SNS. */
export function snsPublish(query: AwsQuery) {
  return async ({ topicArn, subject, text, attributes }: Notice): Promise<void> => {
    const entries = Object.entries(attributes).flatMap(([name, value], index) => {
      const at = `MessageAttributes.entry.${index + 1}`;
      return [
        [`${at}.Name`, name],
        [`${at}.Value.DataType`, "String"],
        [`${at}.Value.StringValue`, value],
      ];
    });
    try {
      await query("sns", "2010-03-31", "Publish", {
        TopicArn: topicArn,
        Subject: subject,
        Message: text,
        ...Object.fromEntries(entries),
      });
    } catch (error) {
      if (!(error instanceof AwsQueryError)) throw silenceOf(error, "SNS", 5_000);
      const kind = PASSING.test(error.name) ? "later" : "final";
      throw new SendError(kind, error.name, `SNS refused it: ${error.message} (${error.name})`, error);
    }
  };
}

const putSchema = z.object({
  Entries: z
    .array(z.object({ ErrorCode: z.string().optional(), ErrorMessage: z.string().optional() }))
    .optional(),
  __type: z.string().optional(),
  message: z.string().optional(),
});

/** Puts an event on a bus, over signed HTTP: one call needs no SDK. */
export function eventBridgePut(options: AwsQueryOptions) {
  return async ({ bus, source, detailType, detail }: BusEvent): Promise<void> => {
    const [region, { accessKeyId, secretAccessKey, sessionToken }] = await Promise.all([
      options.region(),
      options.credentials(),
    ]);
    const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    const origin = options.endpoint?.replace(/\/+$/, "") ?? `https://events.${region}.${domain}`;
    const session = sessionToken === undefined ? {} : { sessionToken };
    const client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...session,
      service: "events",
      region,
      retries: 1,
    });
    const entry = { Source: source, DetailType: detailType, Detail: JSON.stringify(detail) };
    let status: number;
    let answer: z.infer<typeof putSchema>;
    try {
      const response = await client.fetch(`${origin}/`, {
        method: "POST",
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSEvents.PutEvents" },
        body: JSON.stringify({ Entries: [bus === "default" ? entry : { ...entry, EventBusName: bus }] }),
        signal: AbortSignal.timeout(LIMIT),
      });
      status = response.status;
      answer = putSchema.parse(await response.json());
    } catch (error) {
      throw silenceOf(error, "EventBridge", LIMIT);
    }
    const failed = answer.Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
    if (status < 300 && failed === undefined) return;
    const code = failed?.ErrorCode ?? answer.__type?.split("#").at(-1) ?? `http-${status}`;
    const said = failed?.ErrorMessage ?? answer.message ?? `the answer was ${status}`;
    throw new SendError(
      PASSING.test(code) ? "later" : "final",
      code,
      `EventBridge refused it: ${said} (${code})`,
    );
  };
}
