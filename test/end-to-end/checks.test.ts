import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isOver } from "./support/api.ts";
import { createCluster } from "./support/clusters.ts";
import { sweepLater } from "./support/later-sweep.ts";
import { REGION } from "./support/local-up.ts";
import { command, ecs, nextVersion, pipeline, pushed } from "./support/moves.ts";
import { eventually } from "./support/poll.ts";
import { type Project, projectWith } from "./support/project.ts";
import { CLUSTER, createServices, revisionOf } from "./support/services.ts";
import { openWorld, type World } from "./support/world.ts";

const LINEAR = ", strategy: linear, traffic: { percent: 25, every: 1m }, alarms: [shifting-errors]";

let project: Project;
let world: World;
let cloudWatch: CloudWatch;
/** What the user's own function looks at. */
let shop: Server;
let answer = { status: 200, body: '{"ok": false, "reason": "the basket is empty"}' };
const asked: unknown[] = [];

beforeAll(async () => {
  shop = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    asked.push(JSON.parse(body));
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
  const address = shop.address();
  const port = typeof address === "object" ? address?.port : undefined;
  project = await projectWith({
    "smoke.yml": pipeline("smoke", [ecs(CLUSTER, "asked")], ["checks: [{ lambda: smoke }]"]),
    "alarm.yml": pipeline("alarm", [ecs(CLUSTER, "watched")], ["checks: [{ alarm: checkout-errors }]"]),
    "scan.yml": pipeline(
      "scan",
      [ecs(CLUSTER, "scanned")],
      ["checks: [{ scan: high }]", "overrides: [release-managers]"],
    ),
    "linear.yml": pipeline("linear", [ecs(CLUSTER, "shifting", LINEAR)]),
  });
  await addFunction(project.folder, `http://127.0.0.1:${port}/`);
  world = await openWorld({ project: project.folder });
  const { aws, url, registry } = world;
  const credentials = { accessKeyId: "alice", secretAccessKey: "alice" };
  cloudWatch = new CloudWatch({ endpoint: url, region: REGION, credentials });
  await aws.logs.createLogGroup({ logGroupName: "/ecs/staging" });
  const image = `${new URL(url).host}/hello@${await registry.pushFirst()}`;
  await createCluster(aws, CLUSTER, image);
  await createServices(aws, ["asked", "watched", "scanned", "shifting"], image);
  await putAlarm("shifting-errors", "OK");
}, 180_000);
afterAll(async () => {
  cloudWatch?.destroy();
  await world?.close();
  await project?.remove();
  shop?.close();
}, 30_000);

/** A function of the user's own, beside those of Tandem. */
async function addFunction(folder: string, url: string): Promise<void> {
  const code = `export async function handler(event: unknown): Promise<unknown> {
    const response = await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify(event) });
    if (!response.ok) throw new Error("the shop is closed");
    return response.json();
  }`;
  await writeFile(join(folder, "functions", "smoke.ts"), code);
  const file = join(folder, "serverless.yml");
  const declared = "\nfunctions:\n  smoke:\n    name: smoke\n    handler: functions/smoke.handler\n";
  const role = "    role: !GetAtt OnBuildChangeRole.Arn\n";
  await writeFile(file, (await readFile(file, "utf8")).replace("\nfunctions:\n", declared + role));
}

async function putAlarm(AlarmName: string, StateValue?: "OK" | "ALARM"): Promise<void> {
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

const wait = (id: string, text: string) =>
  world.api.until(id, ({ explanation }) => explanation.some((line) => line.includes(text)));
let ahead = 0;
/** Checks are asked again each minute: what a sweep has found later, only one that is later still finds anew. */
const later = () => {
  ahead += 60_000;
  return sweepLater(world.aws, world.url, ahead, project.folder);
};

describe("a check before a stage", () => {
  test("asks a function: what it says is shown, that it fails, too, and the stage begins when it is content", async () => {
    const id = await pushed(world, "smoke");
    await wait(id, "the basket is empty");
    expect((await command(world, ["show", id])).out).toContain("function smoke");
    const release = (await world.api.run(id)).images[0]?.indexDigest;
    expect(asked[0]).toMatchObject({ run: id, pipeline: "smoke", stage: "live", release });
    answer = { status: 500, body: "" };
    await later();
    const failed = (await wait(id, "the shop is closed")).explanation.join();
    expect(failed).toContain("it failed: Error: the shop is closed");
    expect(failed).not.toContain("file://");
    answer = { status: 200, body: '{"fine": true}' };
    await later();
    await wait(id, 'not {"ok": true}');
    answer = { status: 200, body: '{"ok": true}' };
    await later();
    expect(await world.api.until(id, isOver)).toMatchObject({ status: "succeeded" });
  });

  test("asks CloudWatch: an alarm has to be there, and OK; without data it is not", async () => {
    const id = await pushed(world, "alarm");
    await wait(id, "there is no alarm checkout-errors in CloudWatch");
    await putAlarm("checkout-errors");
    await later();
    await wait(id, "alarm checkout-errors is in INSUFFICIENT_DATA");
    await putAlarm("checkout-errors", "ALARM");
    await later();
    await wait(id, "alarm checkout-errors is in ALARM");
    expect(await revisionOf(world.aws, "watched")).toMatch(/watched:1$/);
    await putAlarm("checkout-errors", "OK");
    await later();
    expect(await world.api.until(id, isOver)).toMatchObject({ status: "succeeded" });
  });

  test("asks ECR for its scans of every platform: nobody has scanned here, and whoever may overrides that", async () => {
    const id = await pushed(world, "scan");
    const waiting = await wait(id, "has not been scanned");
    const said = waiting.explanation.join();
    expect(said).toContain("no findings of severity high or above");
    expect(said.match(/hello@sha256:[0-9a-f]+… has not been scanned/g)).toHaveLength(2);
    expect(await command(world, ["override", id, "live", "--reason", "scanned by hand"])).toMatchObject({
      code: 0,
    });
    expect(await world.api.until(id, isOver)).toMatchObject({ status: "succeeded" });
  });
});

describe("the strategy linear", () => {
  /** The newest deployment of the service, as ECS describes it. */
  async function newest() {
    const { serviceDeployments: [brief] = [] } = await world.aws.ecs.listServiceDeployments({
      cluster: CLUSTER,
      service: "shifting",
      maxResults: 1,
    });
    const { serviceDeployments: [found] = [] } = await world.aws.ecs.describeServiceDeployments({
      serviceDeploymentArns: [brief?.serviceDeploymentArn ?? ""],
    });
    return found;
  }

  test("is ECS's own: with the steps that the pipeline says, and succeeded when all tasks run the release", async () => {
    const id = await pushed(world, "linear");
    const weights = new Set<number>();
    await eventually(async () => {
      const weight = (await newest())?.targetServiceRevision?.requestedProductionTrafficWeight;
      if (weight !== undefined) weights.add(weight);
      return isOver(await world.api.run(id)) ? true : undefined;
    }, "the end");
    expect([...weights]).toEqual([...weights].sort((a, b) => a - b));
    expect([...weights].filter((weight) => [25, 50, 75].includes(weight)).length).toBeGreaterThan(1);
    const run = await world.api.until(id, isOver);
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.stages[0]?.services[0]).toMatchObject({ tasks: { x86_64: 1, arm64: 1 } });
    expect((await newest())?.deploymentConfiguration).toMatchObject({
      strategy: "LINEAR",
      linearConfiguration: { stepPercent: 25, stepBakeTimeInMinutes: 1 },
    });
  });

  test("an alarm between two steps takes it back, and that is no success", async () => {
    const before = await revisionOf(world.aws, "shifting");
    const id = await pushed(world, "linear", nextVersion());
    await eventually(
      async () => ((await newest())?.lifecycleStage === "PRODUCTION_TRAFFIC_SHIFT" ? true : undefined),
      "the first step",
    );
    await putAlarm("shifting-errors", "ALARM");
    const run = await world.api.until(id, isOver);
    expect(run.stages[0]).toMatchObject({ status: "rolled-back" });
    expect((await world.api.events(id)).map(({ type }) => type)).not.toContain("deployment.succeeded");
    expect(await revisionOf(world.aws, "shifting")).toBe(before);
  });
});
