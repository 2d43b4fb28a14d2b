import type {
  CircuitBreaker,
  CpuArchitecture,
  DeploymentStrategy,
  EcsDeployment,
  StageDefinition,
} from "./definition.ts";

/**
 * What a release changes in a service's deployment configuration. Everything the pipeline is silent about stays as the
 * service has it. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
 */

/** The configuration as ECS describes it; only what we touch is named. */
export interface ConfigurationDocument {
  readonly strategy?: StrategyName | undefined;
  readonly bakeTimeInMinutes?: number | undefined;
  readonly [field: string]: unknown;
}

/** ECS's own word for a strategy. */
type StrategyName = "ROLLING" | "BLUE_GREEN" | "LINEAR" | "CANARY";

const STRATEGIES = {
  rolling: "ROLLING",
  "blue-green": "BLUE_GREEN",
  linear: "LINEAR",
  canary: "CANARY",
} as const satisfies Record<DeploymentStrategy["type"], string>;

/** ECS's own: a day. */
const PAUSE_MINUTES = 1440;

/**
 * The whole configuration, the service's merged with the pipeline's; undefined when they say the same.
 * @param architectures of the service's hosts: with more than one, healthy tasks of one must not reset the circuit
 * breaker's count of the other's failures
 */
export function deploymentConfiguration(
  current: ConfigurationDocument | undefined,
  target: EcsDeployment,
  stage: Pick<StageDefinition, "pauseAt">,
  architectures: readonly CpuArchitecture[],
): ConfigurationDocument | undefined {
  const wanted: Record<string, unknown> = {
    ...strategyOf(target.strategy),
    ...(target.circuitBreaker === undefined
      ? {}
      : { deploymentCircuitBreaker: breakerOf(target.circuitBreaker, architectures, current) }),
    ...(target.alarms === undefined
      ? {}
      : {
          alarms: {
            alarmNames: [...target.alarms],
            enable: true,
            rollback: target.circuitBreaker?.rollback ?? true,
          },
        }),
    ...bakeOf(target, current),
    ...(stage.pauseAt === undefined ? {} : hooksOf(current, stage.pauseAt)),
  };
  const changed = Object.entries(wanted).some(
    ([field, value]) => canonical(current?.[field]) !== canonical(value),
  );
  return changed ? { ...current, ...wanted } : undefined;
}

function strategyOf(strategy: DeploymentStrategy | undefined): Record<string, unknown> {
  if (strategy === undefined) return {};
  const { type, percent, stepMinutes } = strategy;
  const given = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: value });
  return {
    strategy: STRATEGIES[type],
    ...(type === "linear"
      ? {
          linearConfiguration: {
            ...given("stepPercent", percent),
            ...given("stepBakeTimeInMinutes", stepMinutes),
          },
        }
      : {}),
    ...(type === "canary"
      ? {
          canaryConfiguration: {
            ...given("canaryPercent", percent),
            ...given("canaryBakeTimeInMinutes", stepMinutes),
          },
        }
      : {}),
  };
}

function breakerOf(
  { rollback, threshold }: CircuitBreaker,
  architectures: readonly CpuArchitecture[],
  current: ConfigurationDocument | undefined,
) {
  const before = current?.deploymentCircuitBreaker;
  return {
    ...(typeof before === "object" ? before : {}),
    enable: true,
    rollback,
    ...(architectures.length > 1 ? { resetOnHealthyTask: false } : {}),
    ...(threshold === undefined
      ? {}
      : {
          thresholdConfiguration: {
            type: threshold.type === "count" ? "COUNT" : "BOUNDED_PERCENT",
            value: threshold.value,
          },
        }),
  };
}

/** Where ECS itself keeps both revisions for a while; of a rolling deployment we do the watching. */
export function ecsBakes(target: EcsDeployment, current: ConfigurationDocument | undefined): boolean {
  const strategy = target.strategy === undefined ? current?.strategy : STRATEGIES[target.strategy.type];
  return strategy !== undefined && strategy !== "ROLLING";
}

function bakeOf(
  target: EcsDeployment,
  current: ConfigurationDocument | undefined,
): { readonly bakeTimeInMinutes?: number } {
  return target.bakeMinutes !== undefined && ecsBakes(target, current)
    ? { bakeTimeInMinutes: target.bakeMinutes }
    : {};
}

/** The configuration without our pauses, for a way back; undefined when there are none. */
export function withoutPauses(current: ConfigurationDocument | undefined): ConfigurationDocument | undefined {
  const hooks = hooksOf(current, []);
  return "lifecycleHooks" in hooks ? { ...current, ...hooks } : undefined;
}

/** @param pauseAt empty: no pause any more */
function hooksOf(
  current: ConfigurationDocument | undefined,
  pauseAt: readonly string[],
): { readonly lifecycleHooks?: readonly unknown[] } {
  const others = foreignHooks(current);
  if (pauseAt.length > 0) {
    const timeoutConfiguration = { timeoutInMinutes: PAUSE_MINUTES, action: "ROLLBACK" };
    const ours = { targetType: "PAUSE", lifecycleStages: [...pauseAt], timeoutConfiguration };
    return { lifecycleHooks: [...others, ours] };
  }
  return others.length === hooksIn(current).length ? {} : { lifecycleHooks: others };
}

function hooksIn(current: ConfigurationDocument | undefined): readonly unknown[] {
  return Array.isArray(current?.lifecycleHooks) ? current.lifecycleHooks : [];
}

/** Hooks that others have put there; ours are replaced. */
function foreignHooks(current: ConfigurationDocument | undefined): readonly unknown[] {
  return hooksIn(current).filter(
    (hook: unknown) =>
      !(typeof hook === "object" && hook !== null && "targetType" in hook && hook.targetType === "PAUSE"),
  );
}

/** JSON with the keys in order, and without what is undefined or null. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(
            Object.entries(inner)
              .filter(([, field]) => field !== undefined && field !== null)
              .sort(([a], [b]) => (a < b ? -1 : 1)),
          )
        : inner,
    ) ?? ""
  );
}
