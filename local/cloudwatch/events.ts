import type { EventDraft } from "../service.ts";
import type { Alarm } from "./alarm.ts";

/** As in `2019-10-02T17:04:40.985+0000`. */
const timestamp = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace("Z", "+0000");

const stateOf = ({ value, reason, data, at }: Alarm["state"]): Record<string, unknown> => ({
  value,
  reason,
  ...(data === undefined ? {} : { reasonData: data }),
  timestamp: timestamp(at),
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
export function alarmStateChange(alarm: Alarm, previous: Alarm["state"]): EventDraft {
  const { AlarmDescription, Namespace, MetricName, Period, Statistic } = alarm.definition;
  return {
    source: "aws.cloudwatch",
    detailType: "CloudWatch Alarm State Change",
    resources: [alarm.arn],
    detail: {
      alarmName: alarm.name,
      state: stateOf(alarm.state),
      previousState: stateOf(previous),
      configuration: {
        ...(typeof AlarmDescription === "string" ? { description: AlarmDescription } : {}),
        metrics:
          typeof MetricName === "string"
            ? [
                {
                  id: "m1",
                  metricStat: {
                    metric: { namespace: Namespace, name: MetricName, dimensions: dimensionsOf(alarm) },
                    period: Period,
                    stat: Statistic,
                  },
                  returnData: true,
                },
              ]
            : [],
      },
    },
  };
}

/** `[{Name, Value}]` as `{Name: Value}`. */
function dimensionsOf({ definition }: Alarm): Record<string, string> {
  const list: readonly unknown[] = Array.isArray(definition.Dimensions) ? definition.Dimensions : [];
  return Object.fromEntries(
    list.flatMap((one) =>
      typeof one === "object" && one !== null && "Name" in one && "Value" in one
        ? [[String(one.Name), String(one.Value)]]
        : [],
    ),
  );
}
