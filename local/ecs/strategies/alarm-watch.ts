import type { Alarms } from "../../cloudwatch/alarms.ts";
import type { DeploymentConfiguration } from "../deployment-configuration.ts";
import type { Service, ServiceDeployment } from "../types.ts";

/** What deployments ask of CloudWatch. */
export type AlarmSource = Pick<Alarms, "find" | "listen">;

type Watched = NonNullable<ServiceDeployment["alarms"]>;

/**
 * The alarms that a new service deployment watches. One that is in ALARM already when it begins turns the watching off for
 * this deployment: it may be the one that mends what the alarm is about. An alarm that does not exist is not noticed.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
 */
export function alarmsAtStart(
  { alarms }: DeploymentConfiguration,
  source: AlarmSource | undefined,
): Watched | undefined {
  if (alarms === undefined) return undefined;
  const already = alarms.alarmNames.some((name) => source?.find(name)?.state.value === "ALARM");
  const status = alarms.enable && !already ? "MONITORING" : "DISABLED";
  return { status, names: [...alarms.alarmNames], triggered: [] };
}

/** Notes an alarm that went to ALARM in the service deployments that watch it. @returns their services */
export function noteAlarm(name: string, services: Iterable<Service>): readonly Service[] {
  return [...services].filter((service) => {
    const record = service.serviceDeployments.find(({ finishedAt }) => finishedAt === undefined);
    const watched = record?.alarms;
    if (watched?.status !== "MONITORING" || !watched.names.includes(name)) return false;
    watched.status = "TRIGGERED";
    watched.triggered = [name];
    return true;
  });
}

/**
 * How long a rolling update goes on watching its alarms after it is done, where it has no bake time of its own: ECS takes
 * it from the alarms, as the longest time that one of them needs to go to ALARM.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
 *
 * @returns seconds
 */
export function alarmBakeSeconds(watched: Watched | undefined, source: AlarmSource | undefined): number {
  if (watched?.status !== "MONITORING") return 0;
  return Math.max(
    0,
    ...watched.names.map((name) => {
      const { Period = 0, EvaluationPeriods = 1 } = source?.find(name)?.definition ?? {};
      return Period * EvaluationPeriods;
    }),
  );
}
