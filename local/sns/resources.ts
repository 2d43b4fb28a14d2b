import { z } from "zod";
import { type ApplyResource, AwsError, type TemplateResource } from "../service.ts";
import { subscriptionId } from "./subscription-id.ts";
import type { Topics } from "./topics.ts";

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html */
const topicSchema = z.object({
  TopicName: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/, "must be letters, digits, _ - (FIFO topics are not emulated)")
    .optional(),
  Subscription: z.array(z.object({ Protocol: z.string(), Endpoint: z.string() })).default([]),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html */
const subscriptionSchema = z.object({
  TopicArn: z.string(),
  Protocol: z.string(),
  Endpoint: z.string(),
});

export function topicResource(topics: Topics): ApplyResource {
  return async (resource) => {
    const { TopicName: name = resource.logicalId, Subscription } = parse(topicSchema, resource);
    const arn = topics.add(name);
    for (const { Protocol, Endpoint } of Subscription) subscribe(topics, arn, Protocol, Endpoint);
    return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
  };
}

export function subscriptionResource(topics: Topics): ApplyResource {
  return async (resource) => {
    const { TopicArn, Protocol, Endpoint } = parse(subscriptionSchema, resource);
    const arn = subscribe(topics, TopicArn, Protocol, Endpoint);
    return { ref: arn, attributes: { Arn: arn } };
  };
}

function subscribe(topics: Topics, topicArn: string, protocol: string, endpoint: string): string {
  const arn = `${topicArn}:${subscriptionId(`${protocol} ${endpoint}`)}`;
  topics.subscribe(topicArn, { arn, protocol, endpoint });
  return arn;
}

function parse<T extends z.ZodType>(schema: T, { properties }: TemplateResource): z.infer<T> {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.join(".") || "properties"}: ${message}`,
  );
  throw new AwsError("InvalidParameter", `${faults.join("; ")}. Correct the resource in the template.`);
}
