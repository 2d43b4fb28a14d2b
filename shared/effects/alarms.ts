import type { Failure } from "../pipeline/events.ts";
import type { Aws } from "./aws.ts";

/**
 * Why alarms speak against a deployment: one is in ALARM, or does not exist. Undefined when none does.
 * @param accepted the states that are no objection; an alarm without data is none, unless OK is asked for
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
 */
export async function alarmFault(
  aws: Aws,
  names: readonly string[],
  accepted: readonly string[] = ["OK", "INSUFFICIENT_DATA"],
): Promise<Failure | undefined> {
  if (names.length === 0) return undefined;
  const { MetricAlarms = [], CompositeAlarms = [] } = await aws.cloudwatch.describeAlarms({
    AlarmNames: [...names],
    AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
    MaxRecords: 100,
  });
  const states = new Map(
    [...MetricAlarms, ...CompositeAlarms].map((alarm) => [alarm.AlarmName, alarm.StateValue]),
  );
  const unknown = names.filter((name) => !states.has(name));
  if (unknown.length > 0) {
    return {
      reason: `there is no alarm ${unknown.join(", ")} in CloudWatch`,
      remedy: "create it, or mend `alarms` in the pipeline",
    };
  }
  const ringing = names.filter((name) => !accepted.includes(states.get(name) ?? ""));
  if (ringing.length === 0) return undefined;
  const said = ringing.map((name) => `alarm ${name} is in ${states.get(name)}`);
  return { reason: said.join(", "), remedy: "mend what rings, and push again" };
}
