import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { putAlarm } from "./support/alarms.ts";
import { isOver, type Run } from "./support/api.ts";
import { weightsOf } from "./support/moves.ts";
import { eventually } from "./support/poll.ts";
import { openServices, type ServiceWorld } from "./support/service-world.ts";
import { CLUSTER, rest, revisionOf } from "./support/services.ts";
import { addSmokeFunction, openShop, type Shop } from "./support/shop.ts";
import { ALARMS, pipelines, SERVICES } from "./support/stage-pipelines.ts";
import { tandem } from "./support/tandem.ts";
import { application } from "./support/working-copy.ts";

let world: ServiceWorld;
let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
  const { url } = shop;
  world = await openServices(pipelines(url), SERVICES, (folder) => addSmokeFunction(folder, url));
  for (const name of ALARMS) await putAlarm(world.aws, name, "OK");
  await world.beginAll(application(1), ["linear"]);
}, 180_000);
afterAll(async () => {
  await world?.close();
  shop?.close();
}, 30_000);

describe("blue-green with `pauseAt`", () => {
  test("waits for the approvals once more, and goes on with them", async () => {
    const id = await world.begun("colours");
    await world.gated(id, "live");
    expect(await world.said("approve", id, "live")).toMatchObject({ code: 0 });
    await world.waitFor(id, "waits for approvals at POST_TEST_TRAFFIC_SHIFT");
    expect((await world.said("show", id)).out).toContain(
      "colours: ECS waits at POST_TEST_TRAFFIC_SHIFT until",
    );
    expect(await world.said("approve", id, "live")).toMatchObject({ code: 0 });
    expect(await world.ended(id)).toMatchObject({ status: "succeeded" });
  });

  test("goes back when it is refused, and the stage is held", async () => {
    const before = await revisionOf(world.aws, "colours");
    const id = await world.push("colours", { Dockerfile: `${application(2).Dockerfile}# 2\n` });
    await world.gated(id, "live");
    await world.said("approve", id, "live");
    await world.waitFor(id, "waits for approvals at POST_TEST_TRAFFIC_SHIFT");
    expect(await world.said("refuse", id, "live", "--reason", "the page is blank")).toMatchObject({
      code: 0,
    });
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.stages[0]?.status).toBe("rolled-back");
    expect(run.reason).toContain(
      "alice sent the deployment of service colours back at POST_TEST_TRAFFIC_SHIFT",
    );
    expect(await revisionOf(world.aws, "colours")).toBe(before);
    expect(await world.said("release-hold", "colours", "live", "--reason", "mended")).toMatchObject({
      code: 0,
    });
  });
});

describe("alarms", () => {
  test("that do not exist, or ring, are refused before anything is touched", async () => {
    const before = await revisionOf(world.aws, "alarmed");
    const unknown = await world.ended(await world.begun("alarms"));
    expect(unknown.status).toBe("failed");
    expect(unknown.reason).toContain("there is no alarm web-errors in CloudWatch");
    await putAlarm(world.aws, "web-errors", "ALARM");
    const ringing = await world.ended(await world.push("alarms", { "notes.txt": "after alarms-1" }));
    expect(ringing.status).toBe("failed");
    expect(ringing.reason).toContain("alarm web-errors is in ALARM");
    expect(await revisionOf(world.aws, "alarmed")).toBe(before);
  });

  test("that ring while ECS bakes the release: it goes back, and has not succeeded", async () => {
    const before = await revisionOf(world.aws, "alarmed");
    await putAlarm(world.aws, "web-errors", "OK");
    const id = await world.push("alarms", { "notes.txt": "after alarms-2" });
    await eventually(async () => {
      const { serviceDeployments = [] } = await world.aws.ecs.listServiceDeployments({
        cluster: CLUSTER,
        service: "alarmed",
        status: ["IN_PROGRESS"],
      });
      const arns = serviceDeployments.flatMap(({ serviceDeploymentArn: arn }) => arn ?? []);
      if (arns.length === 0) return undefined;
      const found = await world.aws.ecs.describeServiceDeployments({ serviceDeploymentArns: arns });
      return found.serviceDeployments?.[0]?.lifecycleStage === "BAKE_TIME" ? true : undefined;
    }, "the bake of alarmed");
    await putAlarm(world.aws, "web-errors", "ALARM");
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.stages[0]).toMatchObject({ status: "rolled-back" });
    expect((await world.api.events(id)).map(({ type }) => type)).not.toContain("deployment.succeeded");
    expect(await revisionOf(world.aws, "alarmed")).toBe(before);
  });

  test("that ring while a rolling release has to hold: it is taken back", async () => {
    const id = await world.begun("settling");
    await world.waitFor(id, "settling must hold until");
    await putAlarm(world.aws, "settling-errors", "ALARM");
    await world.sweepLater();
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("alarm settling-errors is in ALARM");
    expect(await revisionOf(world.aws, "settling")).toMatch(/settling:1$/);
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
    const id = await world.push("linear", application(2));
    const weights = new Set<number>();
    await eventually(async () => {
      const weight = (await newest())?.targetServiceRevision?.requestedProductionTrafficWeight;
      if (weight !== undefined) weights.add(weight);
      return isOver(await world.api.run(id)) ? true : undefined;
    }, "the end");
    expect([...weights]).toEqual([...weights].sort((a, b) => a - b));
    expect([...weights].filter((weight) => [25, 50, 75].includes(weight)).length).toBeGreaterThan(1);
    const run = await world.ended(id);
    expect(run).toMatchObject({ status: "succeeded" });
    expect(run.stages[0]?.services[0]).toMatchObject({ tasks: { x86_64: 1, arm64: 1 } });
    expect((await newest())?.deploymentConfiguration).toMatchObject({
      strategy: "LINEAR",
      linearConfiguration: { stepPercent: 25, stepBakeTimeInMinutes: 1 },
    });
  });

  test("an alarm between two steps takes it back, and that is no success", async () => {
    const before = await revisionOf(world.aws, "shifting");
    const id = await world.push("linear", application(3));
    await eventually(
      async () => ((await newest())?.lifecycleStage === "PRODUCTION_TRAFFIC_SHIFT" ? true : undefined),
      "the first step",
    );
    await putAlarm(world.aws, "shifting-errors", "ALARM");
    const run = await world.ended(id);
    expect(run.stages[0]).toMatchObject({ status: "rolled-back" });
    expect((await world.api.events(id)).map(({ type }) => type)).not.toContain("deployment.succeeded");
    expect(await revisionOf(world.aws, "shifting")).toBe(before);
  });
});

describe("a gate", () => {
  test("out of its window says until when, and lets through whoever overrides", async () => {
    const id = await world.begun("gates");
    await world.waitFor(id, "closed waits for");
    expect((await world.said("explain", id)).out).toContain("until 2099-01-01 00:00");
    expect((await world.said("show", id)).out).toContain("until 2099-01-01 00:00");
    const refused = await tandem(["override", id, "closed", "--reason", "mine", "--url", world.url], {
      AWS_ACCESS_KEY_ID: "carol",
      AWS_SECRET_ACCESS_KEY: "carol",
    });
    expect(refused.code).toBe(5);
    expect(await world.said("override", id, "closed", "--reason", "hotfix")).toMatchObject({ code: 0 });
    await world.waitFor(id, "closed runs the release");
  });

  test("holds while a check fails, and opens when it passes", async () => {
    const id = await world.begun("gates");
    await world.waitFor(id, "it answered 503");
    expect((await world.said("show", id)).out).toContain("it answered 503");
    shop.healthy = true;
    await world.sweepLater();
    await world.waitFor(id, "checked runs the release");
  });

  test("counts no approval that was withdrawn; a run that is stopped ends there", async () => {
    const id = await world.begun("gates");
    await world.gated(id, "two");
    await world.said("approve", id, "two");
    expect(await world.said("withdraw", id, "two")).toMatchObject({ code: 0 });
    expect((await world.gated(id, "two")).stages[2]?.gate?.approvals).toEqual([]);
    expect(await world.said("stop", id, "--reason", "wrong branch")).toMatchObject({ code: 0 });
    const run = await world.ended(id);
    expect(run.status).toBe("stopped");
    expect(run.reason).toContain("wrong branch");
  });
});

describe("a check before a stage", () => {
  test("asks a function: what it says is shown, that it fails, too, and the stage begins when it is content", async () => {
    const id = await world.begun("smoke");
    await world.waitFor(id, "the basket is empty");
    expect((await world.said("show", id)).out).toContain("function smoke");
    const release = (await world.api.run(id)).images[0]?.indexDigest;
    expect(shop.asked[0]).toMatchObject({ run: id, pipeline: "smoke", stage: "live", release });
    shop.answer = { status: 500, body: "" };
    await world.sweepLater();
    const failed = (await world.waitFor(id, "the shop is closed")).explanation.join();
    expect(failed).toContain("it failed: Error: the shop is closed");
    expect(failed).not.toContain("file://");
    shop.answer = { status: 200, body: '{"fine": true}' };
    await world.sweepLater();
    await world.waitFor(id, 'not {"ok": true}');
    shop.answer = { status: 200, body: '{"ok": true}' };
    await world.sweepLater();
    expect(await world.ended(id)).toMatchObject({ status: "succeeded" });
  });

  test("asks CloudWatch: an alarm has to be there, and OK; without data it is not", async () => {
    const id = await world.begun("alarm");
    await world.waitFor(id, "there is no alarm checkout-errors in CloudWatch");
    await putAlarm(world.aws, "checkout-errors");
    await world.sweepLater();
    await world.waitFor(id, "alarm checkout-errors is in INSUFFICIENT_DATA");
    await putAlarm(world.aws, "checkout-errors", "ALARM");
    await world.sweepLater();
    await world.waitFor(id, "alarm checkout-errors is in ALARM");
    expect(await revisionOf(world.aws, "watched")).toMatch(/watched:1$/);
    await putAlarm(world.aws, "checkout-errors", "OK");
    await world.sweepLater();
    expect(await world.ended(id)).toMatchObject({ status: "succeeded" });
  });

  test("asks ECR for its scans of every platform: nobody has scanned here, and whoever may overrides that", async () => {
    const id = await world.begun("scan");
    const waiting = await world.waitFor(id, "has not been scanned");
    const said = waiting.explanation.join();
    expect(said).toContain("no findings of severity high or above");
    for (const platform of ["linux/amd64", "linux/arm64"])
      expect(said).toMatch(new RegExp(`${platform} of hello@sha256:[0-9a-f]+… has not been scanned`));
    expect(await world.said("override", id, "live", "--reason", "scanned by hand")).toMatchObject({
      code: 0,
    });
    expect(await world.ended(id)).toMatchObject({ status: "succeeded" });
  });
});

// The last: what has failed for half an hour is asked more seldom, and so would be the checks above.
describe("weights that are moved, and an alarm that rings in the middle", () => {
  const weights = () => weightsOf(world.aws, CLUSTER, "leaning");

  /** It rings while a step has to hold: the service is back at the weights before, by itself, with the release it has. */
  async function ringsAt(id: string, step: { readonly done: number; readonly of: number }): Promise<Run> {
    await world.waitFor(id, "leaning must hold until");
    expect((await world.api.run(id)).stages[0]?.services[0]?.step).toEqual(step);
    await putAlarm(world.aws, "leaning-errors", "ALARM");
    await world.sweepLater();
    const run = await world.ended(id);
    expect(run.status).toBe("failed");
    expect(run.stages[0]).toMatchObject({ status: "rolled-back" });
    expect(run.reason).toContain("alarm leaning-errors is in ALARM");
    expect(run.reason).toContain("leaning keeps the release, with the weights before");
    const types = (await world.api.events(id)).map(({ type }) => type);
    expect(types).not.toContain("deployment.succeeded");
    const service = await rest(world.aws, "leaning");
    expect(service.taskDefinition).toBe(run.stages[0]?.services[0]?.taskDefinition);
    await putAlarm(world.aws, "leaning-errors", "OK");
    return run;
  }

  test("a step of `shift:` goes back, and the run says so", async () => {
    const id = await world.begun("leaning");
    await ringsAt(id, { done: 1, of: 2 });
    expect(await weights()).toEqual({ x86: 1, graviton: 1 });
    expect(await revisionOf(world.aws, "leaning")).toMatch(/leaning:2$/);
    expect((await world.said("show", id)).out).toContain("alarm leaning-errors is in ALARM");
    expect(await world.said("release-hold", "leaning", "live", "--reason", "mended")).toMatchObject({
      code: 0,
    });
  });

  test("and so does a step of `tandem shift`: to the weights of the last step that was good", async () => {
    const to = ["--to", "graviton=80%", "--steps", "3", "--bake", "30"];
    const shift = await world.said("shift", "leaning", "live", "leaning", ...to);
    expect(shift).toMatchObject({ code: 0, err: "" });
    const id = await world.begun("leaning", 2);
    await world.waitFor(id, "leaning must hold until");
    expect(await weights()).toEqual({ x86: 40, graviton: 60 });
    await world.sweepLater(31);
    await eventually(async () => ((await weights()).x86 === 30 ? true : undefined), "the second step");
    await ringsAt(id, { done: 2, of: 4 });
    expect(await weights()).toEqual({ x86: 40, graviton: 60 });
    expect((await world.said("show", id)).out).toContain("alarm leaning-errors is in ALARM");
  });
});
