import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { z } from "zod";
import { functionArn, type LambdaEndpoint } from "./lambda-endpoint.ts";

/** Prints what it is given, on one line. */
export const PRINTER = {
  "index.mjs": `export const handler = async (event) => console.log(JSON.stringify(event));`,
};
/** A dead-letter queue. */
export const QUEUE = "arn:aws:sqs:us-east-1:000000000000:dead";
export const ruleArn = (name: string) => `arn:aws:events:us-east-1:000000000000:rule/${name}`;

/** A rule whose target is a function that may be invoked by it. */
export async function rule(
  local: LambdaEndpoint,
  name: string,
  functionName: string,
  properties: object,
  target: object = {},
): Promise<void> {
  await local.create("AWS::Events::Rule", name, {
    Name: name,
    Targets: [{ Id: "function", Arn: functionArn(functionName), ...target }],
    ...properties,
  });
  await local.create("AWS::Lambda::Permission", `${name}Permission`, {
    FunctionName: functionArn(functionName),
    Action: "lambda:InvokeFunction",
    Principal: "events.amazonaws.com",
    SourceArn: ruleArn(name),
  });
}

/** The events that a printing function was given. */
export function received(local: LambdaEndpoint, functionName: string): unknown[] {
  return local
    .log(functionName)
    .filter((line) => line.includes("\tINFO\t"))
    .map((line) => JSON.parse(line.split("\t")[3] ?? ""));
}

/** Puts events through the SDK; what an entry leaves out is filled in. */
export function putEvents(local: LambdaEndpoint, ...entries: object[]) {
  const whole = entries.map((entry) => ({
    Source: "tandem.test",
    DetailType: "Test",
    Detail: "{}",
    ...entry,
  }));
  return local.eventsClient.send(new PutEventsCommand({ Entries: whole }));
}

/** What the tests read of an event. */
export const eventSchema = z.looseObject({
  id: z.string(),
  detail: z.looseObject({ n: z.number().optional() }),
});

/** What the control routes answer, as far as it is read one by one. */
const controlSchema = z.looseObject({
  events: z.array(z.looseObject({ event: eventSchema, rules: z.array(z.string()) })).default([]),
  faults: z.array(z.unknown()).optional(),
  message: z.string().optional(),
});

/** Asks the routes below `/_local/`. */
export async function control(local: LambdaEndpoint, method: string, path: string, body?: object) {
  const response = await fetch(`${local.url}${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: controlSchema.parse(await response.json()) };
}
