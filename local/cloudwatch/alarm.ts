import { z } from "zod";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html */
export const alarmStates = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;
export type AlarmState = (typeof alarmStates)[number];

/** PutMetricAlarm's members that are looked at; all others are kept as given. */
export const alarmDefinitionSchema = z.looseObject({
  AlarmName: z.string().min(1).max(255),
  EvaluationPeriods: z.coerce.number().int().min(1).optional(),
  Period: z.coerce.number().int().min(1).optional(),
  ComparisonOperator: z.string().optional(),
  Threshold: z.coerce.number().optional(),
});
export type AlarmDefinition = z.infer<typeof alarmDefinitionSchema>;

/** An alarm as it is stored. Times are milliseconds since the epoch. */
export const alarmSchema = z.object({
  name: z.string(),
  arn: z.string(),
  /** What PutMetricAlarm or the template said. */
  definition: alarmDefinitionSchema,
  configuredAt: z.number(),
  state: z.object({
    value: z.enum(alarmStates),
    reason: z.string(),
    data: z.string().optional(),
    at: z.number(),
    /** When `value` was another one before. */
    changedAt: z.number(),
  }),
});
export type Alarm = z.infer<typeof alarmSchema>;

/** An alarm as DescribeAlarms shows it, dates as epoch seconds. */
export function describeAlarm({ arn, definition, configuredAt, state }: Alarm): Record<string, unknown> {
  const { Tags: _tags, ...shown } = definition;
  return {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    Dimensions: [],
    ...shown,
    AlarmArn: arn,
    AlarmConfigurationUpdatedTimestamp: configuredAt / 1000,
    StateValue: state.value,
    StateReason: state.reason,
    ...(state.data === undefined ? {} : { StateReasonData: state.data }),
    StateUpdatedTimestamp: state.at / 1000,
    StateTransitionedTimestamp: state.changedAt / 1000,
  };
}
