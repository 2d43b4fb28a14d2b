import type { LifecycleStage } from "./stages.ts";

/** Why a deployment failed, in the words of each place that says so. */
export interface Failure {
  /** What the rollout state's reason begins with. */
  readonly name: string;
  /** What the service's event says: `deployment failed: …`. */
  readonly event: string;
  /** Why the service deployment went back, or stopped where it was. */
  readonly cause: string;
  /** Whether the service goes back to the last revision that completed. */
  readonly rollback: boolean;
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html */
export const breakerFailure = (rollback: boolean): Failure => ({
  name: "ECS deployment circuit breaker",
  event: "tasks failed to start",
  cause: "the circuit breaker threshold was exceeded",
  rollback,
});

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html */
export const alarmFailure = (alarms: readonly string[], rollback: boolean): Failure => ({
  name: "ECS deployment alarm",
  event: "alarm detected",
  cause: `an alarm went to ALARM: ${alarms.join(", ")}`,
  rollback,
});

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html */
export const hookFailure = (stage: LifecycleStage): Failure => ({
  name: "ECS deployment lifecycle hook",
  event: `lifecycle hook at ${stage} did not succeed`,
  cause: `a lifecycle hook at ${stage} did not let it go on`,
  rollback: true,
});

/** StopServiceDeployment with ROLLBACK. */
export const requestedStop: Pick<Failure, "name" | "cause"> = {
  name: "ECS deployment stopped",
  cause: "it was requested",
};
