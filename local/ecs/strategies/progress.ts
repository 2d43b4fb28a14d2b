import type { Service, ServiceDeployment } from "../types.ts";
import type { HookExecution } from "./lifecycle.ts";
import type { LifecycleStage, Position } from "./stages.ts";

/** What a service deployment that was stored before lifecycles were has: it rolls. */
const rolling: Position = { stage: "SCALE_UP", step: 0 };

/** Where a service deployment stands. */
export function positionOf({ lifecycle }: ServiceDeployment): Position {
  return lifecycle?.course[lifecycle.at] ?? rolling;
}

/** What comes next; undefined at the end of the course. */
export function nextPosition({ lifecycle }: ServiceDeployment): Position | undefined {
  return lifecycle?.course[lifecycle.at + 1];
}

export const isPending = ({ status }: HookExecution): boolean =>
  status === "AWAITING_ACTION" || status === "IN_PROGRESS";

/** Whether a hook that has ended wants the deployment back. */
const wantsBack = ({ status, timeoutAction }: HookExecution): boolean =>
  status === "FAILED" || (status === "TIMED_OUT" && timeoutAction === "ROLLBACK");

export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether the PRIMARY deployment has its desired count, all healthy. */
  readonly ready: boolean;
  /** Tasks of all other deployments. */
  readonly formerLeft: number;
  /** Those of them that are neither of the PRIMARY deployment nor of what served before. */
  readonly strayLeft: number;
}

export type Progress =
  | { readonly type: "stay"; readonly until?: number }
  | { readonly type: "expire" }
  | { readonly type: "next" }
  | { readonly type: "back"; readonly stage: LifecycleStage };

/**
 * Whether a service deployment may go on to its next stage. All hooks of a stage run side by side, and it is left when all
 * have ended; one that wants a rollback is enough for it. A rollback itself is not stopped by its hooks.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html#pause-hooks-multiple-at-same-stage
 */
export function progressOf(record: ServiceDeployment, facts: Facts): Progress {
  const { stage } = positionOf(record);
  const hooks = record.lifecycle?.hooks ?? [];
  const until = record.lifecycle?.until;
  const pending = hooks.filter(isPending);
  if (pending.some(({ expiresAt }) => expiresAt <= facts.now)) return { type: "expire" };
  if (record.rollback === undefined && hooks.some(wantsBack)) return { type: "back", stage };
  if (pending.length > 0)
    return { type: "stay", until: Math.min(...pending.map(({ expiresAt }) => expiresAt)) };
  if (until !== undefined && facts.now < until) return { type: "stay", until };
  return isDone(record, stage, facts) ? { type: "next" } : { type: "stay" };
}

function isDone(record: ServiceDeployment, stage: LifecycleStage, facts: Facts): boolean {
  const rollingUpdate = record.deploymentConfiguration.strategy === "ROLLING";
  switch (stage) {
    case "RECONCILE_SERVICE":
      // A rolling update replaces whatever there is, all at the same time.
      return rollingUpdate || facts.strayLeft === 0;
    case "SCALE_UP":
      return facts.ready && (!rollingUpdate || facts.formerLeft === 0);
    case "CLEAN_UP":
      return facts.ready && facts.formerLeft === 0;
    default:
      return true;
  }
}

/** What the scheduler does with the tasks of a service. */
export type Mode =
  /** The PRIMARY deployment takes over from all others, task by task. */
  | "roll"
  /** What served before is kept; the PRIMARY deployment does not begin yet. */
  | "hold"
  /** Both run with the desired count. */
  | "parallel";

/**
 * @param record the service deployment of the PRIMARY deployment.
 */
export function modeOf(record: ServiceDeployment | undefined): Mode {
  if (record === undefined) return "roll";
  const rollingUpdate = record.deploymentConfiguration.strategy === "ROLLING";
  // Stopped on the way: both revisions stay where they are.
  if (record.finishedAt !== undefined)
    return record.status === "STOPPED" && !rollingUpdate ? "parallel" : "roll";
  const { stage } = positionOf(record);
  if (stage === "RECONCILE_SERVICE" || stage === "PRE_SCALE_UP") return "hold";
  return rollingUpdate || stage === "CLEAN_UP" ? "roll" : "parallel";
}

/** How many tasks a deployment of the service is to have. */
export function requestedCount(
  service: Pick<Service, "desiredCount">,
  deployment: Service["deployments"][number],
  record: ServiceDeployment | undefined,
): number {
  const mode = modeOf(record);
  if (deployment.status === "PRIMARY")
    return deployment.rolloutState === "FAILED" || mode === "hold" ? 0 : service.desiredCount;
  const serves = mode !== "roll" && deployment.revisionArn === record?.baseRevisionArn;
  return serves ? service.desiredCount : 0;
}
