import { randomUUID } from "node:crypto";
import { AwsError, type AwsEvent, type EventDraft, type LocalContext } from "../service.ts";
import type { Faults } from "./faults.ts";
import type { History } from "./history.ts";
import type { Rule, Target } from "./rule.ts";
import { targetPayload } from "./target-input.ts";

/** What the bus asks of Lambda. */
export interface TargetInvoker {
  invokeAsync(nameOrArn: string, payload: unknown): void;
  allows(nameOrArn: string, principal: string, sourceArn: string): boolean;
}

/** The default event bus. */
export interface Bus {
  /** Accepts an event and delivers it later. @returns its id */
  put(draft: EventDraft, time?: number): string;
  /** Delivers an event of the history again, as it was. @returns the names of the rules that matched, undefined when it is forgotten */
  replay(id: string): readonly string[] | undefined;
  /** Puts the event of a scheduled rule, for that rule only. @returns its id */
  fire(rule: Rule): string;
  close(): void;
}

export interface BusSettings {
  readonly context: LocalContext;
  readonly targets: TargetInvoker;
  readonly rules: () => readonly Rule[];
  readonly faults: Faults;
  readonly history: History;
}

export function createBus(settings: BusSettings): Bus {
  const { context, faults, history } = settings;
  const late = new Set<NodeJS.Timeout>();
  let open = true;

  /** Delivery is asynchronous even when it is not late: who puts an event has gone on before a target sees it. */
  const later = (milliseconds: number, deliver: () => void) => {
    const timer = setTimeout(() => {
      late.delete(timer);
      deliver();
    }, milliseconds);
    late.add(timer);
  };

  const accept = (event: AwsEvent, deliver: () => void): string => {
    if (!open) return event.id;
    const fault = faults.strike(event["detail-type"]);
    history.add(event, fault?.mode);
    if (fault?.mode === "lose") return event.id;
    later(fault?.milliseconds ?? 0, deliver);
    if (fault?.mode === "double") later(0, deliver);
    return event.id;
  };

  const deliver = (event: AwsEvent): readonly string[] => {
    const matching = settings.rules().filter((rule) => rule.enabled && rule.pattern?.matches(event) === true);
    history.delivered(
      event.id,
      matching.map((rule) => rule.name),
    );
    for (const rule of matching) deliverToTargets(settings, rule, event);
    return matching.map((rule) => rule.name);
  };

  return {
    put(draft, time) {
      const event = toEvent(draft, context, time);
      return accept(event, () => void deliver(event));
    },
    replay(id) {
      const entry = history.find(id);
      return entry === undefined ? undefined : deliver(entry.event);
    },
    fire(rule) {
      const draft = {
        source: "aws.events",
        detailType: "Scheduled Event",
        resources: [rule.arn],
        detail: {},
      };
      const event = toEvent(draft, context);
      return accept(event, () => {
        history.delivered(event.id, [rule.name]);
        deliverToTargets(settings, rule, event);
      });
    },
    close() {
      open = false;
      for (const timer of late) clearTimeout(timer);
    },
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html; the detail is copied, so that who put it cannot change it later. */
function toEvent(draft: EventDraft, context: LocalContext, time: number = context.now()): AwsEvent {
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": draft.detailType,
    source: draft.source,
    account: context.accountId,
    time: `${new Date(time).toISOString().slice(0, 19)}Z`,
    region: context.region,
    resources: [...draft.resources],
    detail: structuredClone(draft.detail),
  };
}

function deliverToTargets(settings: BusSettings, rule: Rule, event: AwsEvent): void {
  for (const target of rule.targets) {
    try {
      if (!settings.targets.allows(target.arn, "events.amazonaws.com", rule.arn)) {
        const message = `Lambda function ${target.arn} has no AWS::Lambda::Permission for events.amazonaws.com and ${rule.arn}`;
        throw new AwsError("NO_PERMISSIONS", message, 403);
      }
      settings.targets.invokeAsync(target.arn, targetPayload(target.input, event, rule));
    } catch (error) {
      giveUp(settings.context, rule, target, event, error);
    }
  }
}

/**
 * A target that is missing or forbids it is not tried again: the event goes to the target's dead-letter queue at once
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html). Lambda's own retries come after it has
 * accepted an event, so that a rule's `RetryPolicy` has nothing to do here.
 */
function giveUp(context: LocalContext, rule: Rule, target: Target, event: AwsEvent, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  context.say(`Rule ${rule.name}: event ${event.id} was not delivered to target ${target.id}: ${message}`);
  if (target.deadLetterArn === undefined) return;
  context.deadLetter?.(target.deadLetterArn, JSON.stringify(event), {
    RULE_ARN: rule.arn,
    TARGET_ARN: target.arn,
    ERROR_CODE: errorCodeOf(error),
    ERROR_MESSAGE: message,
    RETRY_ATTEMPTS: "0",
  });
}

function errorCodeOf(error: unknown): string {
  if (!(error instanceof AwsError)) return "INVALID_JSON";
  return error.code === "ResourceNotFoundException" ? "NO_RESOURCE" : error.code;
}
