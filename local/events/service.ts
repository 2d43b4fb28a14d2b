import type { EventDraft, LocalContext, LocalService } from "../service.ts";
import { createBus, type TargetInvoker } from "./bus.ts";
import { controlApi } from "./control-api.ts";
import { createFaults } from "./faults.ts";
import { createHistory } from "./history.ts";
import { eventOperations } from "./operations.ts";
import { parseRule } from "./rule.ts";
import { createRules, type Rules } from "./rules.ts";

/** What the other services ask of EventBridge. */
export interface EventsService extends LocalService {
  /** Puts an event of an AWS service on the default bus; never throws, delivers later. */
  put(draft: EventDraft): void;
}

/**
 * EventBridge's default bus with the rules of the template.
 *
 * @param lambda invokes the rules' targets
 */
export function createEvents(context: LocalContext, lambda: TargetInvoker): EventsService {
  const faults = createFaults();
  const history = createHistory();
  const bus = createBus({ context, targets: lambda, rules: () => rules.list(), faults, history });
  const rules: Rules = createRules(context.now, (rule) => void bus.fire(rule));
  const control = controlApi({ bus, rules, faults, history });

  return {
    put(draft) {
      try {
        bus.put(draft);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        context.say(`An event ${draft.detailType} of ${draft.source} could not be put: ${reason}`);
      }
    },
    targetPrefix: "AWSEvents",
    jsonVersion: "1.1",
    operations: eventOperations(context, bus, rules),
    resources: {
      "AWS::Events::Rule": async (resource) => {
        const rule = parseRule(resource, context);
        rules.put(rule);
        return { ref: rule.name, attributes: { Arn: rule.arn } };
      },
    },
    routes: { "/_local/events": control, "/_local/schedules": control },
    async close() {
      bus.close();
      rules.close();
    },
  };
}
