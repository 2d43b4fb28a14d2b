import { z } from "zod";
import { page } from "../input.ts";
import { AwsError, type LocalContext, type LocalService } from "../service.ts";
import { alarmDefinitionSchema, alarmStates, describeAlarm } from "./alarm.ts";
import { Alarms } from "./alarms.ts";

export interface CloudWatchService extends LocalService {
  readonly alarms: Alarms;
}

const describeSchema = z.object({
  AlarmNames: z.array(z.string()).max(100).optional(),
  AlarmNamePrefix: z.string().optional(),
  AlarmTypes: z.array(z.string()).optional(),
  StateValue: z.enum(alarmStates).optional(),
  MaxRecords: z.number().int().min(1).max(100).default(50),
  NextToken: z.string().optional(),
});
const stateSchema = z.object({
  AlarmName: z.string().min(1),
  StateValue: z.enum(alarmStates),
  StateReason: z.string(),
  StateReasonData: z.string().optional(),
});
const deleteSchema = z.object({ AlarmNames: z.array(z.string()).max(100) });

/** @throws AwsError InvalidParameterValue */
function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AwsError(
    "InvalidParameterValue",
    `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`,
  );
}

/**
 * CloudWatch, as far as deployment alarms need it: alarms without metrics. An alarm is in the state that SetAlarmState
 * gave it, as one does on AWS to test what hangs on an alarm.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
 *
 * @throws StateError when the state below `stateDir/cloudwatch` is damaged.
 */
export async function createCloudWatch(
  context: Pick<LocalContext, "accountId" | "region" | "stateDir" | "now" | "emit" | "say">,
): Promise<CloudWatchService> {
  const alarms = await Alarms.open(context);
  return {
    alarms,
    targetPrefix: "GraniteServiceVersion20100801",
    jsonVersion: "1.0",
    operations: {
      PutMetricAlarm: async (input) => {
        await alarms.put(parse(alarmDefinitionSchema, input));
      },
      DescribeAlarms: async (input) => {
        const wanted = parse(describeSchema, input);
        const metricAlarms = wanted.AlarmTypes?.includes("MetricAlarm") ?? true;
        const matching = alarms
          .list()
          .filter(
            ({ name, state }) =>
              metricAlarms &&
              (wanted.AlarmNames?.includes(name) ?? true) &&
              name.startsWith(wanted.AlarmNamePrefix ?? "") &&
              (wanted.StateValue === undefined || wanted.StateValue === state.value),
          );
        const { items, nextToken } = page(matching, wanted.MaxRecords, wanted.NextToken);
        return { MetricAlarms: items.map(describeAlarm), CompositeAlarms: [], NextToken: nextToken };
      },
      SetAlarmState: async (input) => {
        const wanted = parse(stateSchema, input);
        await alarms.setState(
          wanted.AlarmName,
          wanted.StateValue,
          wanted.StateReason,
          wanted.StateReasonData,
        );
      },
      DeleteAlarms: async (input) => alarms.remove(parse(deleteSchema, input).AlarmNames),
    },
    resources: {
      "AWS::CloudWatch::Alarm": async ({ logicalId, properties }) => {
        const AlarmName = properties.AlarmName ?? logicalId;
        const alarm = await alarms.put(parse(alarmDefinitionSchema, { ...properties, AlarmName }));
        return { ref: alarm.name, attributes: { Arn: alarm.arn } };
      },
    },
    close: () => alarms.save(),
  };
}
