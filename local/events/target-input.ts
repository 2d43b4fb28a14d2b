import type { AwsEvent } from "../service.ts";

/** What of an event a target is given: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html */
export type TargetInput =
  | { readonly type: "event" }
  | { readonly type: "constant"; readonly json: string }
  | { readonly type: "path"; readonly path: string }
  | {
      readonly type: "transformer";
      readonly paths: Readonly<Record<string, string>>;
      readonly template: string;
    };

export interface RuleIdentity {
  readonly name: string;
  readonly arn: string;
}

/**
 * Makes the payload of a target out of an event.
 *
 * @throws Error when a constant or a transformed template is not JSON; it says what came out
 */
export function targetPayload(input: TargetInput, event: AwsEvent, rule: RuleIdentity): unknown {
  switch (input.type) {
    case "event":
      return event;
    case "constant":
      return parse(input.json);
    case "path":
      return valueAt(event, input.path) ?? null;
    case "transformer":
      return transform(input, event, rule);
  }
}

/**
 * The value at a JSON path of the kind EventBridge takes: `$.detail.state`, `$.resources[0]`, `$.detail['build-id']`.
 *
 * @returns undefined when there is none
 */
export function valueAt(event: unknown, path: string): unknown {
  const steps = [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(
    ([, name, index, quoted]) => name ?? quoted ?? Number(index),
  );
  return steps.reduce((value: unknown, step) => {
    if (Array.isArray(value)) return value[Number(step)];
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    return Object.entries(value).find(([key]) => key === String(step))?.[1];
  }, event);
}

/** Whether `valueAt` understands a path. */
export function isEventPath(path: string): boolean {
  return /^\$(\.[^.[\]]+|\[\d+\]|\['[^']*'\])*$/.test(path);
}

function transform(
  { paths, template }: Extract<TargetInput, { readonly type: "transformer" }>,
  event: AwsEvent,
  rule: RuleIdentity,
): unknown {
  const { detail: _, ...withoutDetail } = event;
  const predefined: Readonly<Record<string, unknown>> = {
    "aws.events.rule-arn": rule.arn,
    "aws.events.rule-name": rule.name,
    "aws.events.event.ingestion-time": event.time,
    "aws.events.event.json": event,
    "aws.events.event": withoutDetail,
  };
  const lookUp = (name: string): unknown => {
    const path = Object.hasOwn(paths, name) ? paths[name] : undefined;
    return path === undefined ? predefined[name] : valueAt(event, path);
  };
  return parse(fill(template, lookUp));
}

/** Puts values for `<name>`: as JSON where a value stands, as plain text inside quotation marks. */
function fill(template: string, lookUp: (name: string) => unknown): string {
  let quoted = false;
  return template.replace(/\\.|"|<([A-Za-z0-9_.-]+)>/gs, (token, name: string | undefined) => {
    if (token === '"') quoted = !quoted;
    if (name === undefined) return token;
    const value = lookUp(name);
    if (!quoted) return JSON.stringify(value ?? null);
    const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
    return JSON.stringify(text).slice(1, -1);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the target's input is not JSON: ${text}`);
  }
}
