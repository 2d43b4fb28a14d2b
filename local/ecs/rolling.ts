/**
 * The rolling update as arithmetic: how many tasks of the new deployment may be started and how many of the
 * old ones stopped, now. Nothing here knows a host or a clock.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
 */

export interface RollingLimits {
  /** Tasks that must stay healthy: `minimumHealthyPercent` of the desired count, rounded up. */
  readonly lower: number;
  /** Tasks that may be running or pending: `maximumPercent` of the desired count, rounded down. */
  readonly upper: number;
}

export function rollingLimits(
  desiredCount: number,
  configuration: { readonly minimumHealthyPercent: number; readonly maximumPercent: number },
): RollingLimits {
  return {
    lower: Math.ceil((desiredCount * configuration.minimumHealthyPercent) / 100),
    upper: Math.floor((desiredCount * configuration.maximumPercent) / 100),
  };
}

/** One task, as the arithmetic sees it. */
export type Condition =
  /** Running, and its health checks, if any, pass. */
  | "healthy"
  /** On its way to healthy. */
  | "starting"
  /** Running, but its health checks fail. */
  | "unhealthy";

export interface RollingState {
  readonly desiredCount: number;
  readonly limits: RollingLimits;
  /** Tasks of the PRIMARY deployment that should run, by condition. */
  readonly current: Readonly<Record<Condition, number>>;
  /** The same for all the other deployments. */
  readonly former: Readonly<Record<Condition, number>>;
  /** Whether the PRIMARY deployment may start tasks (false once it has failed). */
  readonly mayStart: boolean;
}

export interface RollingStep {
  readonly start: number;
  /** Of the PRIMARY deployment: what is beyond the desired count, and unhealthy ones that can be replaced. */
  readonly stopCurrent: Readonly<Record<Condition, number>>;
  readonly stopFormer: Readonly<Record<Condition, number>>;
}

const total = (tasks: Readonly<Record<Condition, number>>): number =>
  tasks.healthy + tasks.starting + tasks.unhealthy;

/**
 * What to do now. Former tasks that are not healthy go at once, as they do not count towards the lower limit;
 * healthy ones go as far as the lower limit allows. New tasks come as far as the upper limit allows.
 */
export function rollingStep(state: RollingState): RollingStep {
  const { desiredCount, limits, current, former } = state;
  const healthy = current.healthy + former.healthy;

  const surplus = Math.max(0, current.healthy + current.starting - desiredCount);
  const surplusStarting = Math.min(surplus, current.starting);
  const surplusHealthy = surplus - surplusStarting;

  const removable = Math.max(0, healthy - surplusHealthy - limits.lower);
  const stopHealthyFormer = Math.min(former.healthy, removable);

  // An unhealthy task is replaced first where the upper limit has room, and stopped first where it has not.
  const missing = Math.max(0, desiredCount - current.healthy - current.starting);
  const room = Math.max(0, limits.upper - total(current) - total(former));
  const start = state.mayStart ? Math.min(missing, room) : 0;
  const replaced = current.healthy - surplusHealthy >= desiredCount;
  const inTheWay = state.mayStart && missing > 0 && room === 0 ? Math.min(1, current.unhealthy) : 0;

  return {
    start,
    stopCurrent: {
      healthy: surplusHealthy,
      starting: surplusStarting,
      unhealthy: replaced ? current.unhealthy : inTheWay,
    },
    stopFormer: { healthy: stopHealthyFormer, starting: former.starting, unhealthy: former.unhealthy },
  };
}

/**
 * Whether the PRIMARY deployment is complete: it has its desired count, all healthy, and no task of a former
 * deployment is left.
 */
export function isComplete(state: RollingState, formerLeft: number): boolean {
  return (
    total(state.current) === state.desiredCount &&
    state.current.healthy === state.desiredCount &&
    formerLeft === 0
  );
}
