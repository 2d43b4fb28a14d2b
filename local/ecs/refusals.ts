import { lastPart } from "./arns.ts";
import type { Placement, Refusal } from "./placement.ts";

type Refused = Extract<Placement, { ok: false }>;

const closestIs: Readonly<Record<Refusal, string>> = {
  "RESOURCE:CPU": "has insufficient CPU units available",
  "RESOURCE:MEMORY": "has insufficient memory available",
  "RESOURCE:PORTS": "is already using a port required by your task",
  ATTRIBUTE: "is missing an attribute required by your task",
  CONSTRAINT: 'encountered error "MemberOf placement constraint unsatisfied."',
  AGENT: 'encountered error "AGENT"',
  INACTIVE: 'encountered error "INACTIVE"',
};

/**
 * The end of the service event "(service web) was unable to place a task …".
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
 */
export function explainRefusal(refused: Refused): string {
  const start = "was unable to place a task because no container instance met all of its requirements.";
  if (refused.reason === "NO_INSTANCE" || refused.closest === undefined) {
    return `${start} Reason: No Container Instances were found in your cluster.`;
  }
  return `${start} The closest matching container-instance ${lastPart(refused.closest.arn)} ${closestIs[refused.reason]}.`;
}

/**
 * The reason in a `SERVICE_TASK_PLACEMENT_FAILURE` event and among the `failures` of RunTask.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
 *
 * @param provider whether a capacity provider was to give the host.
 */
export function failureReason(refused: Refused, provider: boolean): string {
  switch (refused.reason) {
    case "NO_INSTANCE":
      return provider ? "EMPTY CAPACITY PROVIDER" : "No Container Instances were found in your cluster.";
    case "CONSTRAINT":
      return "MemberOf placement constraint unsatisfied.";
    case "INACTIVE":
      return "NO ACTIVE INSTANCES";
    default:
      return refused.reason;
  }
}
