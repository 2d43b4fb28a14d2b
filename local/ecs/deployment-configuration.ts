import { z } from "zod";
import { hookStages } from "./strategies/stages.ts";

export const circuitBreakerSchema = z.looseObject({
  enable: z.boolean(),
  rollback: z.boolean(),
  resetOnHealthyTask: z.boolean().optional(),
  thresholdConfiguration: z
    .object({
      type: z.enum(["COUNT", "BOUNDED_PERCENT", "UNBOUNDED_PERCENT"]),
      // A template may carry it as text.
      value: z.coerce.number().int().min(1),
    })
    .refine(({ type, value }) => type === "COUNT" || value <= 100, {
      error: "the value of a percentage is between 1 and 100",
    })
    .optional(),
});
export type CircuitBreaker = z.infer<typeof circuitBreakerSchema>;

/** Multiples of 0.1 from `least` to 100, as the percentages of traffic are. */
const trafficPercent = (least: number) => z.number().min(least).max(100).multipleOf(0.1);
const minutesOfADay = z.number().int().min(0).max(1440);

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html */
const canarySchema = z.object({
  canaryPercent: trafficPercent(0.1).default(5),
  canaryBakeTimeInMinutes: minutesOfADay.default(10),
});

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html */
const linearSchema = z.object({
  stepPercent: trafficPercent(3).default(10),
  stepBakeTimeInMinutes: minutesOfADay.default(6),
});

function jsonOfText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return parsed;
  } catch {
    return value;
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html */
export const lifecycleHookSchema = z.object({
  targetType: z.enum(["AWS_LAMBDA", "PAUSE"]).default("AWS_LAMBDA"),
  hookTargetArn: z.string().optional(),
  roleArn: z.string().optional(),
  lifecycleStages: z.array(z.enum(hookStages)).min(1),
  // A template has it as the text of a JSON object.
  hookDetails: z.unknown().transform(jsonOfText).optional(),
  timeoutConfiguration: z
    .object({
      timeoutInMinutes: z.number().int().min(1).max(20_160).default(1440),
      action: z.enum(["ROLLBACK", "CONTINUE"]).default("ROLLBACK"),
    })
    .optional(),
});
export type LifecycleHook = z.infer<typeof lifecycleHookSchema>;

/** Defaults: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
export const deploymentConfigurationSchema = z.looseObject({
  minimumHealthyPercent: z.number().int().min(0).default(100),
  maximumPercent: z.number().int().min(0).default(200),
  deploymentCircuitBreaker: circuitBreakerSchema.default({ enable: false, rollback: false }),
  strategy: z.enum(["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"]).default("ROLLING"),
  bakeTimeInMinutes: z.number().int().min(0).max(1440).default(0),
  alarms: z
    .looseObject({ alarmNames: z.array(z.string()), enable: z.boolean(), rollback: z.boolean() })
    .optional(),
  canaryConfiguration: canarySchema.optional(),
  linearConfiguration: linearSchema.optional(),
  lifecycleHooks: z.array(lifecycleHookSchema).optional(),
});
export type DeploymentConfiguration = z.infer<typeof deploymentConfigurationSchema>;

/**
 * What UpdateService makes of a configuration: members that are not given stay. Those that belong to the steps of a strategy
 * go with it when another strategy is given.
 */
export function changedConfiguration(
  current: DeploymentConfiguration,
  wanted: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> {
  const { canaryConfiguration, linearConfiguration, ...rest } = current;
  const sameStrategy = wanted?.strategy === undefined || wanted.strategy === current.strategy;
  return {
    ...rest,
    ...(sameStrategy && canaryConfiguration !== undefined ? { canaryConfiguration } : {}),
    ...(sameStrategy && linearConfiguration !== undefined ? { linearConfiguration } : {}),
    ...wanted,
  };
}
