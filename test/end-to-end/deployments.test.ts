import { createServer, type Server } from "node:http";
import { Readable } from "node:stream";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { DescribeTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { pushIndex } from "../local/ecs-images.ts";
import { isGated, isOver, type Run } from "./support/api.ts";
import { architectureOf, createCluster } from "./support/clusters.ts";
import { sweepLater } from "./support/later-sweep.ts";
import { REGION } from "./support/local-up.ts";
import { eventually } from "./support/poll.ts";
import { type Project, projectWith } from "./support/project.ts";
import { CLUSTER, createServices, rest, revise, revisionOf } from "./support/services.ts";
import { type Ran, tandem } from "./support/tandem.ts";
import { application, git } from "./support/working-copy.ts";
import { openWorld, type World } from "./support/world.ts";

/** A pipeline that follows the branch of its name. */
const pipeline = (name: string, stages: string) => `
name: ${name}
source: { codecommit: { repository: hello, branches: [${name}] } }
images:
  - { name: hello, platforms: [linux/amd64, linux/arm64], tags: [], paths: [Dockerfile, "bin/**"] }
stages:
${stages}
`;

const service = (name: string, more = "") =>
  `{ ecs: { cluster: ${CLUSTER}, service: ${name}, containers: { web: hello }${more} } }`;

const APPROVAL = "approval: { from: [release-managers] }";
const breaker = ", circuitBreaker: { threshold: { count: 2 } }";
const command = (text: string) => `container: web, command: [sh, -c, "${text}"]`;

const PIPELINES = (address: string): Readonly<Record<string, string>> => ({
  files: `
  - name: file
    ${APPROVAL}
    deploy: [${service("filed", ", taskDefinition: { file: deploy/task.json, variables: { LEVEL: debug } }")}]
  - name: newest
    deploy: [${service("newest", ", taskDefinition: family")}]`,
  colours: `
  - name: live
    ${APPROVAL}
    pauseAt: [POST_TEST_TRAFFIC_SHIFT]
    deploy: [${service("colours", ", strategy: blue-green, bake: 1m")}]`,
  alarms: `
  - name: live
    deploy: [${service("alarmed", ", strategy: canary, traffic: { percent: 50, every: 1m }, bake: 10m, alarms: [web-errors]")}]`,
  settling: `
  - name: live
    deploy: [${service("settling", ", bake: 5m, alarms: [settling-errors]")}]`,
  order: `
  - name: live
    deploy: [${service("first")}, ${service("second", `, taskDefinition: family${breaker}`)}]`,
  stay: `
  - name: live
    onFailure: stay
    deploy: [${service("first")}, ${service("second", `, taskDefinition: family${breaker}`)}]`,
  parallel: `
  - name: live
    order: parallel
    deploy: [${service("front", ", needs: [back]")}, ${service("back", `, taskDefinition: family${breaker}`)}, ${service("side")}]`,
  tasks: `
  - name: live
    deploy:
      - ecs:
          cluster: ${CLUSTER}
          service: migrated
          containers: { web: hello }
          taskDefinition: family
          before: { run: migrate, ${command("echo moved 3 tables")}, architecture: arm64, timeout: 5m }
          after: { run: smoke, ${command("echo all is well")} }`,
  smoke: `
  - name: live
    deploy:
      - ecs:
          cluster: ${CLUSTER}
          service: smoked
          containers: { web: hello }
          after: { run: smoke, ${command("echo page is blank; exit 4")} }`,
  gates: `
  - name: closed
    window: { timezone: Asia/Tokyo, notBefore: 2099-01-01T09:00 }
    overrides: [release-managers]
    deploy: [${service("gated")}]
  - name: checked
    checks: [{ http: "${address}" }]
    deploy: [${service("gated")}]
  - name: two
    approval: { from: [release-managers], required: 2 }
    deploy: [${service("gated")}]`,
});

const SERVICES = [
  ...["filed", "newest", "colours", "alarmed", "settling", "first", "second"],
  ...["front", "back", "side", "migrated", "smoked", "gated"],
];

let project: Project;
let world: World;
let checked: Server;
let healthy = false;
let cloudWatch: CloudWatch;
let image: string;

beforeAll(async () => {
  checked = createServer((_request, response) => response.writeHead(healthy ? 200 : 503).end());
  await new Promise<void>((resolve) => checked.listen(0, "127.0.0.1", resolve));
  const address = checked.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const pipelines = Object.entries(PIPELINES(`http://127.0.0.1:${port}/health`));
  project = await projectWith(
    Object.fromEntries(pipelines.map(([name, stages]) => [`${name}.yml`, pipeline(name, stages)])),
  );
  world = await openWorld({ project: project.folder });
  const { aws, url, registry, copy } = world;
  cloudWatch = new CloudWatch({
    endpoint: url,
    region: REGION,
    credentials: { accessKeyId: "alice", secretAccessKey: "alice" },
  });
  await aws.logs.createLogGroup({ logGroupName: "/ecs/staging" });
  image = `${new URL(url).host}/hello@${await registry.pushFirst()}`;
  await createCluster(aws, CLUSTER, image);
  await createServices(aws, SERVICES, image);
  await putAlarm("settling-errors", "OK");
  await copy.commit({ ...application(1), "deploy/task.json": TASK });
  // All builds at once: whoever comes later finds its first release built.
  for (const [name] of pipelines) await copy.push("carol", `HEAD:refs/heads/${name}`);
}, 180_000);
afterAll(async () => {
  cloudWatch?.destroy();
  await world?.close();
  await project?.remove();
  checked?.close();
}, 30_000);

const TASK = JSON.stringify({
  family: "filed",
  networkMode: "bridge",
  containerDefinitions: [
    {
      name: "web",
      image: "of the release",
      memory: 32,
      essential: true,
      environment: [
        { name: "LEVEL", value: `\${LEVEL}` },
        { name: "RUN", value: `\${TANDEM_RUN}` },
      ],
      dockerLabels: { team: "shop" },
      notYetKnown: { kept: [1, 2] },
    },
  ],
});

/** The field of the containers that the SDK does not know, as ECS says it. */
async function unknownFields(taskDefinition: string): Promise<readonly unknown[]> {
  const { ecs } = world.aws;
  let text = "";
  const command = new DescribeTaskDefinitionCommand({ taskDefinition });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = z
        .object({ response: z.looseObject({ body: z.instanceof(Readable) }) })
        .parse(result);
      for await (const chunk of response.body) text += String(chunk);
      return { ...result, response: Object.assign(result.response ?? {}, { body: Buffer.from(text) }) };
    },
    { step: "deserialize", priority: "low" },
  );
  await ecs.send(command);
  const containers = z.array(z.looseObject({ notYetKnown: z.unknown() }));
  const whole = z.object({ taskDefinition: z.object({ containerDefinitions: containers }) });
  return whole.parse(JSON.parse(text)).taskDefinition.containerDefinitions.map((one) => one.notYetKnown);
}

/** A sidecar whose arm64 image holds a program for x86_64. */
async function brokenProxy(): Promise<string> {
  const { url } = world;
  const digest = await pushIndex(url, "hello", [
    { architecture: "amd64" },
    { architecture: "arm64", machine: "x86_64" },
  ]);
  return `${new URL(url).host}/hello@${digest}`;
}

async function putAlarm(AlarmName: string, StateValue: "OK" | "ALARM"): Promise<void> {
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
  await cloudWatch.setAlarmState({ AlarmName, StateValue, StateReason: "a test" });
}

/** A run of a pipeline by its number, once it can be looked at. */
async function begun(pipelineName: string, number: number): Promise<string> {
  const id = `${pipelineName}-${number}`;
  return eventually(
    async () => ((await world.api.send("GET", `/api/runs/${id}`)).status === 200 ? id : undefined),
    id,
  );
}

const first = (name: string): Promise<string> => begun(name, 1);
const ended = async (id: string): Promise<Run> => world.api.until(id, isOver, 45_000);

/** Pushes a commit that needs no build. @returns its run, whose number follows the one before */
async function pushed(
  name: string,
  before: string,
  files: Readonly<Record<string, string>> = { "notes.txt": `after ${before}` },
): Promise<string> {
  const { copy, api } = world;
  await git(copy.folder, ["checkout", "--quiet", "--detach", await tipOf(name)]);
  const commit = await copy.commit(files);
  await copy.push("carol", `HEAD:refs/heads/${name}`);
  return api.runOf(commit);
}

async function tipOf(branchName: string): Promise<string> {
  const { branch } = await world.aws.codeCommit.getBranch({ repositoryName: "hello", branchName });
  return branch?.commitId ?? "";
}

/** The command as alice. */
const said = (...args: string[]): Promise<Ran> =>
  tandem([...args, "--url", world.url], { AWS_ACCESS_KEY_ID: "alice", AWS_SECRET_ACCESS_KEY: "alice" });

const gated = async (id: string, stage: string) => world.api.until(id, isGated(stage), 45_000);
const wait = (id: string, text: string) =>
  world.api.until(id, ({ explanation }) => explanation.some((line) => line.includes(text)), 45_000);

describe("a task definition", () => {
  test("comes from a file of the repository at the commit, with variables; `tandem diff` says what changes", async () => {
    const id = await first("files");
    await gated(id, "file");
    const before = await said("diff", id, "file");
    expect(before.err).toBe("");
    expect(before.out).toContain(`${id} would change in file:`);
    expect(before.out).toContain("LEVEL");
    expect(before.out).toContain("+ debug");
    // The stage after it starts from the family's newest, which the service does not run yet.
    await revise(world.aws, "newest", image, { FLAVOUR: "new" });
    expect((await said("approve", id, "file")).code).toBe(0);
    expect(await ended(id)).toMatchObject({ status: "succeeded" });
    const after = await said("diff", id, "file");
    expect(after.out).toContain(`${id} changed in file:`);
    expect(after.out).toContain("+ debug");
    expect((await said("diff", id, "newest")).out).toContain("FLAVOUR");

    const { taskDefinition } = await world.aws.ecs.describeTaskDefinition({
      taskDefinition: await revisionOf(world.aws, "filed"),
    });
    expect(taskDefinition?.containerDefinitions).toMatchObject([
      {
        environment: [
          { name: "LEVEL", value: "debug" },
          { name: "RUN", value: id },
        ],
        dockerLabels: { team: "shop" },
        image: expect.stringContaining("/hello@sha256:"),
      },
    ]);
    expect(await unknownFields(await revisionOf(world.aws, "filed"))).toEqual([{ kept: [1, 2] }]);
    const newest = await world.aws.ecs.describeTaskDefinition({
      taskDefinition: await revisionOf(world.aws, "newest"),
    });
    expect(newest.taskDefinition?.containerDefinitions?.[0]?.environment).toEqual([
      { name: "FLAVOUR", value: "new" },
    ]);
  });

  test.each([
    ["is no JSON", "{ family: filed }", "deploy/task.json is no JSON"],
    [
      "has a placeholder nobody knows",
      TASK.replace("LEVEL}", "LEVLE}"),
      "deploy/task.json has placeholders that stand for nothing: ${LEVLE}",
    ],
  ])("whose file %s fails the stage, which says so", async (_what, text, reason) => {
    const before = await revisionOf(world.aws, "filed");
    const run = await ended(await pushed("files", reason, { "deploy/task.json": text }));
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(reason);
    expect(await revisionOf(world.aws, "filed")).toBe(before);
  });

  test("whose file is missing, too", async () => {
    const { copy } = world;
    await git(copy.folder, ["checkout", "--quiet", "--detach", await tipOf("files")]);
    await git(copy.folder, ["rm", "--quiet", "deploy/task.json"]);
    const commit = await copy.commit({ "notes.txt": "without the file" });
    await copy.push("carol", "HEAD:refs/heads/files");
    const run = await ended(await world.api.runOf(commit));
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(`hello has no file deploy/task.json at ${commit.slice(0, 7)}`);
  });
});

describe("blue-green with `pauseAt`", () => {
  test("waits for the approvals once more, and goes on with them", async () => {
    const id = await first("colours");
    await gated(id, "live");
    expect(await said("approve", id, "live")).toMatchObject({ code: 0 });
    await wait(id, "waits for approvals at POST_TEST_TRAFFIC_SHIFT");
    expect((await said("show", id)).out).toContain("colours: ECS waits at POST_TEST_TRAFFIC_SHIFT until");
    expect(await said("approve", id, "live")).toMatchObject({ code: 0 });
    expect(await ended(id)).toMatchObject({ status: "succeeded" });
  });

  test("goes back when it is refused, and the stage is held", async () => {
    const before = await revisionOf(world.aws, "colours");
    const id = await pushed("colours", "colours-1", { Dockerfile: `${application(2).Dockerfile}# 2\n` });
    await gated(id, "live");
    await said("approve", id, "live");
    await wait(id, "waits for approvals at POST_TEST_TRAFFIC_SHIFT");
    expect(await said("refuse", id, "live", "--reason", "the page is blank")).toMatchObject({ code: 0 });
    const run = await ended(id);
    expect(run.status).toBe("failed");
    expect(run.stages[0]?.status).toBe("rolled-back");
    expect(run.reason).toContain(
      "alice sent the deployment of service colours back at POST_TEST_TRAFFIC_SHIFT",
    );
    expect(await revisionOf(world.aws, "colours")).toBe(before);
    expect(await said("release-hold", "colours", "live", "--reason", "mended")).toMatchObject({ code: 0 });
  });
});

describe("alarms", () => {
  test("that do not exist, or ring, are refused before anything is touched", async () => {
    const before = await revisionOf(world.aws, "alarmed");
    const unknown = await ended(await first("alarms"));
    expect(unknown.status).toBe("failed");
    expect(unknown.reason).toContain("there is no alarm web-errors in CloudWatch");
    await putAlarm("web-errors", "ALARM");
    const ringing = await ended(await pushed("alarms", "alarms-1"));
    expect(ringing.status).toBe("failed");
    expect(ringing.reason).toContain("alarm web-errors is in ALARM");
    expect(await revisionOf(world.aws, "alarmed")).toBe(before);
  });

  test("that ring while ECS bakes the release: it goes back, and has not succeeded", async () => {
    const before = await revisionOf(world.aws, "alarmed");
    await putAlarm("web-errors", "OK");
    const id = await pushed("alarms", "alarms-2");
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
    await putAlarm("web-errors", "ALARM");
    const run = await ended(id);
    expect(run.status).toBe("failed");
    expect(run.stages[0]).toMatchObject({ status: "rolled-back" });
    expect((await world.api.events(id)).map(({ type }) => type)).not.toContain("deployment.succeeded");
    expect(await revisionOf(world.aws, "alarmed")).toBe(before);
  });

  test("that ring while a rolling release has to hold: it is taken back", async () => {
    const id = await first("settling");
    await wait(id, "settling must hold until");
    await putAlarm("settling-errors", "ALARM");
    await sweepLater(world.aws, world.url, 60_000, project.folder);
    const run = await ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("alarm settling-errors is in ALARM");
    expect(await revisionOf(world.aws, "settling")).toMatch(/settling:1$/);
  });
});

describe("several services", () => {
  test("in order: when the second fails, the first goes back", async () => {
    expect(await ended(await first("order"))).toMatchObject({ status: "succeeded" });
    const before = await revisionOf(world.aws, "first");
    await revise(world.aws, "second", image, {}, await brokenProxy());
    const id = await pushed("order", "order-1", { Dockerfile: `${application(2).Dockerfile}# 2\n` });
    const run = await ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("arm64 0/1: exit 255 (exec format error)");
    expect(run.reason).toContain("first went back");
    expect(await revisionOf(world.aws, "first")).toBe(before);
    await rest(world.aws, "second");
  });

  test("stay with `onFailure: stay`", async () => {
    const run = await ended(await first("stay"));
    // It began while the family was sound.
    expect(run.status).toBe("succeeded");
    const before = await revisionOf(world.aws, "first");
    const id = await pushed("stay", "stay-1", { Dockerfile: `${application(2).Dockerfile}# 3\n` });
    const failed = await ended(id);
    expect(failed.status).toBe("failed");
    expect(failed.reason).not.toContain("went back");
    expect(await revisionOf(world.aws, "first")).not.toBe(before);
  });

  test("side by side, those that `needs` name first", async () => {
    const id = await first("parallel");
    expect(await ended(id)).toMatchObject({ status: "succeeded" });
    const moves = (await world.api.events(id)).flatMap((event) =>
      /^deployment\.(?:started|succeeded)$/.test(event.type)
        ? [`${event.service} ${event.type.slice(11)}`]
        : [],
    );
    expect(moves.indexOf("front started")).toBeGreaterThan(moves.indexOf("back succeeded"));
    expect(moves.indexOf("side started")).toBeLessThan(moves.indexOf("back succeeded"));
  });

  test("side by side: when one fails, what needs it never begins, and what has moved goes back", async () => {
    const before = await revisionOf(world.aws, "side");
    await revise(world.aws, "back", image, {}, await brokenProxy());
    const id = await pushed("parallel", "parallel-1", { Dockerfile: `${application(2).Dockerfile}# 4\n` });
    const run = await ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("side went back");
    expect(await revisionOf(world.aws, "side")).toBe(before);
    const about = (await world.api.events(id)).filter((event) => event.service === "front");
    expect(about).toEqual([]);
  });
});

describe("tasks before and after", () => {
  test("run once, on the architecture that is asked for, and their log is there", async () => {
    const id = await first("tasks");
    const run = await ended(id);
    expect(run.status).toBe("succeeded");
    const { body } = await world.api.send("GET", `/api/runs/${id}`);
    expect(body).toMatchObject({
      stages: [
        {
          services: [
            {
              oneOffTasks: [
                {
                  run: "migrate",
                  when: "before",
                  status: "succeeded",
                  log: expect.arrayContaining(["moved 3 tables"]),
                },
                {
                  run: "smoke",
                  when: "after",
                  status: "succeeded",
                  log: expect.arrayContaining(["all is well"]),
                },
              ],
            },
          ],
        },
      ],
    });
    const shown = (await said("show", id)).out;
    expect(shown).toContain("task migrate (before) succeeded");
    const { taskArns = [] } = await world.aws.ecs.listTasks({
      cluster: CLUSTER,
      startedBy: `tandem/${id}`,
      desiredStatus: "STOPPED",
    });
    const { tasks = [] } = await world.aws.ecs.describeTasks({ cluster: CLUSTER, tasks: taskArns });
    expect(tasks.filter(({ group }) => group === "tandem:migrate").map(architectureOf)).toEqual(["arm64"]);
  });

  test("a failure before moves nothing", async () => {
    const before = await revisionOf(world.aws, "migrated");
    await revise(world.aws, "migrated", image, { TANDEM_SIMULATED_EXIT_CODE: "3" });
    const id = await pushed("tasks", "tasks-1");
    const run = await ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain(
      "before the deployment of service migrated: task migrate ended with exit code 3",
    );
    expect((await said("show", id)).out).toContain("task migrate (before) failed");
    expect(await revisionOf(world.aws, "migrated")).toBe(before);
  });

  test("one that takes too long is stopped", async () => {
    const before = await revisionOf(world.aws, "migrated");
    await revise(world.aws, "migrated", image, { TANDEM_SIMULATED_SECONDS: "600" });
    const id = await pushed("tasks", "tasks-2");
    await wait(id, "migrated waits for its task");
    await sweepLater(world.aws, world.url, 6 * 60_000, project.folder);
    const run = await ended(id);
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("task migrate took longer than 5 minutes, and was stopped");
    expect(await revisionOf(world.aws, "migrated")).toBe(before);
    const { taskArns = [] } = await world.aws.ecs.listTasks({ cluster: CLUSTER, startedBy: `tandem/${id}` });
    expect(taskArns).toEqual([]);
  });

  test("a failure after takes the service back", async () => {
    const run = await ended(await first("smoke"));
    expect(run.status).toBe("failed");
    expect(run.reason).toContain("after the deployment of service smoked: task smoke ended with exit code 4");
    const { services: [service] = [] } = await world.aws.ecs.describeServices({
      cluster: CLUSTER,
      services: ["smoked"],
    });
    expect(service?.taskDefinition).toMatch(/smoked:1$/);
  });
});

describe("a gate", () => {
  test("out of its window says until when, and lets through whoever overrides", async () => {
    const id = await first("gates");
    await wait(id, "closed waits for");
    expect((await said("explain", id)).out).toContain("until 2099-01-01 00:00");
    expect((await said("show", id)).out).toContain("until 2099-01-01 00:00");
    const refused = await tandem(["override", id, "closed", "--reason", "mine", "--url", world.url], {
      AWS_ACCESS_KEY_ID: "carol",
      AWS_SECRET_ACCESS_KEY: "carol",
    });
    expect(refused.code).toBe(5);
    expect(await said("override", id, "closed", "--reason", "hotfix")).toMatchObject({ code: 0 });
    await wait(id, "closed runs the release");
  });

  test("holds while a check fails, and opens when it passes", async () => {
    const id = await first("gates");
    await wait(id, "it answered 503");
    expect((await said("show", id)).out).toContain("it answered 503");
    healthy = true;
    await sweepLater(world.aws, world.url, 60_000, project.folder);
    await wait(id, "checked runs the release");
  });

  test("counts no approval that was withdrawn; a run that is stopped ends there", async () => {
    const id = await first("gates");
    await gated(id, "two");
    await said("approve", id, "two");
    expect(await said("withdraw", id, "two")).toMatchObject({ code: 0 });
    expect((await gated(id, "two")).stages[2]?.gate?.approvals).toEqual([]);
    expect(await said("stop", id, "--reason", "wrong branch")).toMatchObject({ code: 0 });
    const run = await ended(id);
    expect(run.status).toBe("stopped");
    expect(run.reason).toContain("wrong branch");
  });
});
