import { type AwsHttp, AwsHttpError } from "./aws-http.ts";
import { type AwsQuery, AwsQueryError } from "./aws-query.ts";
import type { BusEvent, Notice } from "./messenger.ts";
import { SendError, silenceOf } from "./send-error.ts";

/** Errors that pass although their status is not one of the server's: asked too often, or with credentials of yesterday. */
const PASSING = /throttl|internal|unavailable|limitexceeded|expiredtoken/i;

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
      throw sendErrorOf(error, "SNS");
    }
  };
}

/** Puts an event on a bus. */
export function eventBridgePut({ putEvent }: Pick<AwsHttp, "putEvent">) {
  return async ({ bus, source, detailType, detail }: BusEvent): Promise<void> => {
    const entry = { Source: source, DetailType: detailType, Detail: JSON.stringify(detail) };
    try {
      await putEvent(bus === "default" ? entry : { ...entry, EventBusName: bus });
    } catch (error) {
      throw sendErrorOf(error, "EventBridge");
    }
  };
}

/** Whether another try is worth it: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
function sendErrorOf(error: unknown, who: string): SendError {
  if (!(error instanceof AwsQueryError || error instanceof AwsHttpError)) return silenceOf(error, who);
  const { name, message, status = 400 } = error;
  const passes = status >= 500 || status === 429 || PASSING.test(name);
  return new SendError(passes ? "later" : "final", name, `${who} refused it: ${message} (${name})`, error);
}
