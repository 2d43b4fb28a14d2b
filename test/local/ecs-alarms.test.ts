import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
  type StateValue,
} from "@aws-sdk/client-cloudwatch";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { AwsClient } from "aws4fetch";
import { decodeCbor, encodeCbor } from "../../local/aws/cbor.ts";
import { createWeb, describeWeb, detailOf } from "./ecs-cluster.ts";
import { answers, deploymentIs, ends, startTraffic, type Traffic, updateWeb } from "./ecs-traffic.ts";

let traffic: Traffic;
let cloudWatch: CloudWatchClient;

beforeEach(async () => {
  traffic = await startTraffic();
  cloudWatch = new CloudWatchClient({
    endpoint: traffic.endpoint.url,
    region: "us-east-1",
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  cloudWatch.destroy();
  await traffic.endpoint.stop();
});

const putAlarm = (AlarmName: string, more: Partial<PutMetricAlarmCommand["input"]> = {}) =>
  cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      AlarmDescription: "errors",
      Namespace: "AWS/ApplicationELB",
      MetricName: "HTTPCode_Target_5XX_Count",
      Dimensions: [{ Name: "LoadBalancer", Value: "app/web/0" }],
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 2,
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      ...more,
    }),
  );

const setState = (AlarmName: string, StateValue: StateValue) =>
  cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "a test" }));

const alarmNames = async (input: DescribeAlarmsCommand["input"] = {}): Promise<(string | undefined)[]> =>
  ((await cloudWatch.send(new DescribeAlarmsCommand(input))).MetricAlarms ?? []).map(
    ({ AlarmName }) => AlarmName,
  );

describe("CloudWatch", () => {
  test("keeps what an alarm was created with; its state is what it was set to, and a change is an event", async () => {
    await putAlarm("errors");
    const before = Date.now() - 1000;
    await setState("errors", "ALARM");
    await setState("errors", "ALARM");
    const { MetricAlarms = [] } = await cloudWatch.send(
      new DescribeAlarmsCommand({ AlarmNames: ["errors", "none"] }),
    );
    expect(MetricAlarms).toMatchObject([
      {
        AlarmName: "errors",
        AlarmArn: "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors",
        StateValue: "ALARM",
        StateReason: "a test",
        EvaluationPeriods: 2,
        Dimensions: [{ Name: "LoadBalancer", Value: "app/web/0" }],
      },
    ]);
    expect(MetricAlarms[0]?.StateUpdatedTimestamp?.getTime()).toBeGreaterThan(before);
    const changes = traffic.endpoint.events.filter(({ source }) => source === "aws.cloudwatch");
    expect(changes).toMatchObject([
      {
        detailType: "CloudWatch Alarm State Change",
        resources: ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors"],
        detail: {
          alarmName: "errors",
          state: { value: "ALARM", reason: "a test" },
          previousState: { value: "INSUFFICIENT_DATA" },
          configuration: {
            metrics: [{ metricStat: { metric: { dimensions: { LoadBalancer: "app/web/0" } } } }],
          },
        },
      },
    ]);
  });

  test("finds by prefix and state, by page, and deletes", async () => {
    for (const name of ["web-a", "web-b", "api"]) await putAlarm(name);
    await setState("web-b", "OK");
    expect(await alarmNames({ AlarmNamePrefix: "web" })).toEqual(["web-a", "web-b"]);
    expect(await alarmNames({ StateValue: "OK" })).toEqual(["web-b"]);
    expect(await alarmNames({ MaxRecords: 2, NextToken: "2" })).toEqual(["web-b"]);
    await expect(
      cloudWatch.send(new DeleteAlarmsCommand({ AlarmNames: ["api", "none"] })),
    ).rejects.toMatchObject({ name: "ResourceNotFound" });
    await cloudWatch.send(new DeleteAlarmsCommand({ AlarmNames: ["api"] }));
    expect(await alarmNames()).toEqual(["web-a", "web-b"]);
    await expect(setState("api", "OK")).rejects.toMatchObject({ name: "ResourceNotFound" });
  });

  test("comes out of a template, and speaks CBOR to clients that prefer it", async () => {
    const template =
      "Resources: { Errors: { Type: AWS::CloudWatch::Alarm, Properties: { AlarmName: errors, EvaluationPeriods: '1', Period: '60', Threshold: 1, ComparisonOperator: GreaterThanThreshold, MetricName: m, Namespace: n } } }";
    await traffic.endpoint.deploy("alarms", template, {});
    await setState("errors", "OK");
    await traffic.endpoint.deploy("alarms", template, {});
    const aws = new AwsClient({
      accessKeyId: "alice",
      secretAccessKey: "alice",
      service: "monitoring",
      region: "us-east-1",
    });
    const response = await aws.fetch(
      `${traffic.endpoint.url}/service/GraniteServiceVersion20100801/operation/DescribeAlarms`,
      {
        method: "POST",
        headers: { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" },
        body: new Uint8Array(encodeCbor({ AlarmNames: ["errors"] })),
      },
    );
    expect(decodeCbor(Buffer.from(await response.arrayBuffer()))).toMatchObject({
      MetricAlarms: [{ AlarmName: "errors", StateValue: "OK", Period: 60 }],
    });
  });
});

describe("deployment alarms", () => {
  type Configuration = NonNullable<Parameters<typeof updateWeb>[1]["deploymentConfiguration"]>;

  async function running(deploymentConfiguration: Configuration) {
    await putAlarm("errors");
    const { endpoint } = traffic;
    const one = await traffic.revision("one");
    const loadBalancers = traffic.loadBalancers(deploymentConfiguration.strategy !== "ROLLING");
    await createWeb(endpoint, one.arn, {
      desiredCount: 2,
      deploymentConfiguration: { strategy: deploymentConfiguration.strategy },
      loadBalancers,
    });
    await ends(endpoint);
    const two = await traffic.revision("two");
    return {
      endpoint,
      one,
      deploy: () => updateWeb(endpoint, { taskDefinition: two.arn, deploymentConfiguration }),
    };
  }

  const baking = () =>
    deploymentIs(traffic.endpoint, "baking", ({ lifecycleStage }) => lifecycleStage === "BAKE_TIME");
  const alarms = { alarmNames: ["errors"], enable: true, rollback: true };

  test.each<[string, Configuration]>([
    ["a rolling update", { strategy: "ROLLING", bakeTimeInMinutes: 1440, alarms }],
    ["a blue/green deployment", { strategy: "BLUE_GREEN", bakeTimeInMinutes: 1440, alarms }],
  ])("an alarm while %s bakes takes it back", async (_what, configuration) => {
    const { endpoint, one, deploy } = await running(configuration);
    await deploy();
    expect((await baking()).alarms).toMatchObject({ status: "MONITORING", alarmNames: ["errors"] });
    await setState("errors", "ALARM");
    const done = await ends(endpoint);
    expect(done).toMatchObject({
      status: "ROLLBACK_SUCCESSFUL",
      statusReason: "Service deployment rolled back because an alarm went to ALARM: errors.",
      alarms: { status: "TRIGGERED", triggeredAlarmNames: ["errors"] },
    });
    expect(await answers(traffic.production, 4)).toEqual({ [one.digest]: 4 });
    const { events = [] } = await describeWeb(endpoint);
    const messages = events.map(({ message }) => message ?? "");
    expect(messages.some((message) => message.endsWith("deployment failed: alarm detected."))).toBe(true);
    const failed = endpoint.events.find(
      (event) => detailOf(event, "eventName") === "SERVICE_DEPLOYMENT_FAILED",
    );
    expect(failed).toMatchObject({ detail: { eventType: "ERROR" } });
  });

  test("without rollback it stops where it is", async () => {
    const { endpoint, deploy } = await running({
      strategy: "ROLLING",
      bakeTimeInMinutes: 1440,
      alarms: { ...alarms, rollback: false },
    });
    await deploy();
    await baking();
    await setState("errors", "ALARM");
    expect(await ends(endpoint)).toMatchObject({ status: "STOPPED", alarms: { status: "TRIGGERED" } });
  });

  test("one that is in ALARM when the deployment begins is not watched", async () => {
    const { endpoint, deploy } = await running({ strategy: "ROLLING", bakeTimeInMinutes: 1, alarms });
    await setState("errors", "ALARM");
    await deploy();
    expect(await ends(endpoint)).toMatchObject({ status: "SUCCESSFUL", alarms: { status: "DISABLED" } });
  });

  test("a rolling update without a bake time goes on watching as long as its alarms need", async () => {
    const { endpoint, deploy } = await running({ strategy: "ROLLING", alarms });
    await deploy();
    const started = await baking();
    const done = await ends(endpoint);
    expect(done).toMatchObject({ status: "SUCCESSFUL", alarms: { status: "MONITORING_COMPLETE" } });
    // Two periods of one minute, each 120 ms here.
    expect(Number(done.finishedAt) - Number(started.updatedAt)).toBeGreaterThanOrEqual(230);
  });
});
