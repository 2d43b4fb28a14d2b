import type { Task } from "@aws-sdk/client-ecs";
import { describe, expect, test } from "@jest/globals";
import type { Aws } from "../../shared/effects/aws.ts";
import { describeServiceTasks } from "../../shared/effects/tasks.ts";
import { verdictOf, verdictSentence } from "../../shared/pipeline/verdict.ts";
import { awsError, type Call, fakeAws } from "./fakes.ts";

const OURS = "ecs-svc/ours";
const WANTED = { cluster: "production", service: "web", deploymentId: OURS };

function task(n: number, change: Task = {}): Task {
  return {
    taskArn: `task/${n}`,
    startedBy: OURS,
    desiredStatus: "RUNNING",
    lastStatus: "RUNNING",
    attributes: [{ name: "ecs.cpu-architecture", value: n % 4 === 0 ? "arm64" : "x86_64" }],
    containers: [{ name: "web", imageDigest: "sha256:index" }],
    ...change,
  };
}

const STOPPED: Task = {
  desiredStatus: "STOPPED",
  lastStatus: "STOPPED",
  startedAt: new Date(1),
  stopCode: "EssentialContainerExited",
  stoppedReason: "Essential container in task exited",
  containers: [{ name: "web", exitCode: 255, reason: "exec /app: exec format error" }],
};

/** An ECS that lists by the hundred, refuses to describe more at once, and answers as late as it likes. */
function cluster(tasks: readonly Task[]) {
  return fakeAws({
    ecs: {
      listTasks: async ({ desiredStatus = "RUNNING", nextToken = "0", maxResults = 100, serviceName }) => {
        expect(serviceName).toBe("web");
        expect(maxResults).toBeLessThanOrEqual(100);
        const listed = tasks.filter((one) => one.desiredStatus === desiredStatus);
        const end = Number(nextToken) + maxResults;
        return {
          taskArns: listed.slice(Number(nextToken), end).map(({ taskArn = "" }) => taskArn),
          ...(end < listed.length ? { nextToken: String(end) } : {}),
        };
      },
      describeTasks: async ({ tasks: arns = [] }) => {
        expect(arns.length).toBeLessThanOrEqual(100);
        return { tasks: tasks.filter(({ taskArn = "" }) => arns.includes(taskArn)) };
      },
      describeContainerInstances: async ({ containerInstances = [] }) => {
        expect(containerInstances.length).toBeLessThanOrEqual(100);
        return {
          containerInstances: containerInstances.map((containerInstanceArn) => ({
            containerInstanceArn,
            attributes: [
              {
                name: "ecs.cpu-architecture",
                value: Number(containerInstanceArn) % 4 === 0 ? "arm64" : "x86_64",
              },
            ],
          })),
        };
      },
    },
  });
}

function countsOf(calls: readonly Call[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { operation } of calls) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

describe("the tasks of a deployment", () => {
  test("are those it has started: running, starting and stopped; others are not looked at", async () => {
    const { aws } = cluster([
      task(1),
      task(2, { lastStatus: "PENDING" }),
      task(3, { ...STOPPED, stoppedAt: new Date(5) }),
      task(4, { startedBy: "ecs-svc/other" }),
      task(5, { ...STOPPED, startedBy: "ecs-svc/other" }),
    ]);
    expect(await describeServiceTasks(aws, WANTED)).toEqual([
      {
        architecture: "x86_64",
        state: "running",
        failed: false,
        containers: [{ name: "web", digest: "sha256:index" }],
      },
      expect.objectContaining({ state: "pending", failed: false }),
      {
        architecture: "x86_64",
        state: "stopped",
        failed: true,
        reason: "Essential container in task exited",
        stoppedAt: 5,
        containers: [{ name: "web", exitCode: 255, reason: "exec /app: exec format error" }],
      },
    ]);
  });

  test.each<[string, Task, object]>([
    ["a container that ended", STOPPED, { failed: true }],
    [
      "a task that could not start",
      { stopCode: "TaskFailedToStart", stoppedReason: "CannotPullContainerError" },
      { failed: true },
    ],
    [
      "an unhealthy task",
      { stopCode: "ServiceSchedulerInitiated", stoppedReason: "Task failed container health checks" },
      { failed: true },
    ],
    [
      "one that is not needed",
      {
        stopCode: "ServiceSchedulerInitiated",
        stoppedReason: "Scaling activity initiated by (deployment ecs-svc/1)",
      },
      { failed: false, retired: true },
    ],
    [
      "a person",
      { stopCode: "UserInitiated", stoppedReason: "Task stopped by user" },
      { failed: false, retired: true },
    ],
    ["a host that goes", { stopCode: "TerminationNotice" }, { failed: false, retired: true }],
    ["spot", { stopCode: "SpotInterruption" }, { failed: false, retired: true }],
  ])("stopped by %s", async (_what, change, expected) => {
    const { aws } = cluster([task(1, { ...STOPPED, ...change })]);
    const [one] = await describeServiceTasks(aws, WANTED);
    expect(one).toMatchObject(expected);
  });

  test("one that is told to stop no longer runs, though its containers still do", async () => {
    const { aws } = cluster([task(1, { ...STOPPED, lastStatus: "DEACTIVATING" })]);
    expect(await describeServiceTasks(aws, WANTED)).toMatchObject([{ state: "stopped", failed: true }]);
  });

  test("without a host are of the one architecture of their provider", async () => {
    const waiting = { lastStatus: "PROVISIONING", attributes: [], capacityProviderName: "graviton" };
    const { aws } = cluster([task(1, waiting), task(2, { ...waiting, capacityProviderName: "mixed" })]);
    const hosts = { x86_64: ["mixed"], arm64: ["graviton", "mixed"] };
    expect(await describeServiceTasks(aws, { ...WANTED, hosts })).toMatchObject([
      { architecture: "arm64", state: "pending" },
      { architecture: undefined },
    ]);
  });
});

describe("a failure that ECS gives no reason for", () => {
  const silent: Task = {
    ...STOPPED,
    taskDefinitionArn: "web:2",
    containers: [
      { name: "proxy", exitCode: 143 },
      { name: "web", exitCode: 255 },
    ],
  };
  const options = { "awslogs-group": "/ecs/web", "awslogs-stream-prefix": "web" };
  const failing = (n: number) =>
    task(n, { ...silent, taskArn: `arn:task/production/${n}`, stoppedAt: new Date(n) });
  function logged(getLogEvents: Aws["logs"]["getLogEvents"]) {
    const { aws } = cluster([1, 2, 3, 4, 5].map(failing));
    const { aws: more, calls } = fakeAws({
      ecs: {
        ...aws.ecs,
        describeTaskDefinition: async () => ({
          taskDefinition: {
            containerDefinitions: [{ name: "web", logConfiguration: { logDriver: "awslogs", options } }],
          },
        }),
      },
      logs: { getLogEvents },
    });
    return { aws: more, calls };
  }

  test("is what its log says last, asked for once for each kind, of the newest", async () => {
    const { aws, calls } = logged(async () => ({
      events: [{ message: "exec /app/server: exec format error\n" }, { message: "\n" }],
    }));
    const verdict = verdictOf(await describeServiceTasks(aws, WANTED), { desired: 2 });
    expect(verdictSentence(verdict)).toBe(
      "x86_64 0/1: exit 255 (exec format error), 4 attempts, arm64 0/1: exit 255 (exec format error)",
    );
    const asked = calls.filter(({ operation }) => operation === "GetLogEvents");
    expect(asked.map(({ input }) => input)).toEqual([
      { logGroupName: "/ecs/web", logStreamName: "web/web/5", limit: 5, startFromHead: false },
      { logGroupName: "/ecs/web", logStreamName: "web/web/4", limit: 5, startFromHead: false },
    ]);
  });

  test("is its exit code alone where the log may not be read; secrets in it are not told", async () => {
    const denied = logged(() => Promise.reject(awsError("AccessDeniedException")));
    expect(
      verdictSentence(verdictOf(await describeServiceTasks(denied.aws, WANTED), { desired: 1 })),
    ).toContain("exit 255");
    const secret = logged(async () => ({ events: [{ message: "no such password=hunter2hunter2" }] }));
    const said = verdictSentence(verdictOf(await describeServiceTasks(secret.aws, WANTED), { desired: 1 }));
    expect(said).toContain("exit 255 (no such password=…)");
  });
});

/** `max(1, ⌈running / 100⌉) + max(1, ⌈stopped / 100⌉)` lists, `⌈running / 100⌉ + ⌈stopped / 100⌉` descriptions. */
describe("the figure: calls of the verdict", () => {
  const pages = (count: number) => Math.ceil(count / 100);

  test.each([
    [0, 0],
    [1, 0],
    [100, 100],
    [101, 1],
    [1000, 0],
    [1000, 250],
  ])("for %i running and %i stopped tasks grow by the hundred", async (running, stopped) => {
    const { aws, calls } = cluster([
      ...Array.from({ length: running }, (_, n) => task(n)),
      ...Array.from({ length: stopped }, (_, n) => task(running + n, STOPPED)),
    ]);
    const tasks = await describeServiceTasks(aws, WANTED);
    expect(tasks).toHaveLength(running + stopped);
    expect(countsOf(calls)).toEqual({
      ListTasks: Math.max(1, pages(running)) + Math.max(1, pages(stopped)),
      ...(running + stopped === 0 ? {} : { DescribeTasks: pages(running) + pages(stopped) }),
    });
  });

  test("1,000 tasks on 200 instances: 21 calls; two more when the tasks do not say their architecture", async () => {
    const all = (silent: boolean) =>
      Array.from({ length: 1000 }, (_, n) =>
        task(n, silent ? { attributes: [], containerInstanceArn: String(n % 200) } : {}),
      );
    const said = cluster(all(false));
    const verdict = verdictOf(await describeServiceTasks(said.aws, WANTED), { desired: 1000 });
    expect(verdictSentence(verdict)).toBe("x86_64 750/750, arm64 250/250");
    expect(said.calls).toHaveLength(21);

    const silent = cluster(all(true));
    expect(verdictOf(await describeServiceTasks(silent.aws, WANTED), { desired: 1000 })).toEqual(verdict);
    expect(silent.calls).toHaveLength(23);
    expect(countsOf(silent.calls)).toMatchObject({ DescribeContainerInstances: 2 });
  });
});
