import type { CircuitBreaker } from "./deployment-configuration.ts";

/**
 * How many tasks may fail before the deployment circuit breaker trips.
 *
 * `BOUNDED_PERCENT` (the default, 50): the percentage of the desired count, at least 3 and at most 200;
 * `UNBOUNDED_PERCENT`: the same without the bounds; `COUNT`: the value itself. AWS rounds a fraction up.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
 */
export function failureThreshold(breaker: CircuitBreaker, desiredCount: number): number {
  const { type, value } = breaker.thresholdConfiguration ?? { type: "BOUNDED_PERCENT", value: 50 };
  if (type === "COUNT") return value;
  const share = Math.ceil((desiredCount * value) / 100);
  return type === "BOUNDED_PERCENT" ? Math.min(200, Math.max(3, share)) : Math.max(1, share);
}

/** What a task of a deployment in progress did. `healthy`: it runs, and its health checks, if any, pass. */
export type TaskOutcome = "failed" | "healthy";

/**
 * The failure count after an outcome. A task that becomes healthy sets it back to 0, unless
 * `resetOnHealthyTask` is false: on mixed capacity, healthy x86_64 tasks would otherwise hide the arm64
 * tasks that crash.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
 */
export function failuresAfter(failures: number, outcome: TaskOutcome, breaker: CircuitBreaker): number {
  if (outcome === "failed") return failures + 1;
  return breaker.resetOnHealthyTask === false ? failures : 0;
}

/** Whether the breaker trips now. */
export function isTripped(failures: number, breaker: CircuitBreaker, desiredCount: number): boolean {
  return breaker.enable && failures >= failureThreshold(breaker, desiredCount);
}

/**
 * How long the scheduler waits before it starts a task again, after so many failed in a row: AWS restarts
 * at growing intervals, up to 27 minutes (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html).
 * Here the intervals grow as well, but from `firstMs` to `mostMs`, so that a laptop is not kept waiting.
 */
export function restartDelayMs(failures: number, firstMs: number, mostMs: number): number {
  return failures === 0 ? 0 : Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20));
}
