import type { AwsClients } from "./clients.ts";

/**
 * An alarm of CloudWatch, in a state that a test says.
 * @param StateValue without one it is as ECS finds an alarm that nothing has been measured for: INSUFFICIENT_DATA
 */
export async function putAlarm(
  { cloudWatch }: AwsClients,
  AlarmName: string,
  StateValue?: "OK" | "ALARM",
): Promise<void> {
  await cloudWatch.putMetricAlarm({
    AlarmName,
    MetricName: "Errors",
    Namespace: "Shop",
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: "GreaterThanThreshold",
  });
  if (StateValue !== undefined)
    await cloudWatch.setAlarmState({ AlarmName, StateValue, StateReason: "a test" });
}
