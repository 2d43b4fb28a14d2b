import { describe, expect, test } from "@jest/globals";
import type { SeenTask } from "../../shared/pipeline/task-failures.ts";
import {
  crashLooping,
  digestProblem,
  failedArchitectures,
  type Verdict,
  verdictOf,
  verdictSentence,
} from "../../shared/pipeline/verdict.ts";

const INDEX = "sha256:index";

function running(architecture: string, count: number, digest = INDEX): SeenTask[] {
  return Array.from({ length: count }, () => ({
    architecture,
    state: "running",
    failed: false,
    containers: [{ name: "web", digest }],
  }));
}

function crashed(
  architecture: string | undefined,
  count: number,
  change: Partial<SeenTask> = {},
): SeenTask[] {
  return Array.from({ length: count }, (_, at) => ({
    architecture,
    state: "stopped",
    failed: true,
    reason: "Essential container in task exited",
    stoppedAt: at,
    containers: [
      { name: "proxy", exitCode: 143 },
      { name: "web", digest: INDEX, exitCode: 255, reason: "exec /app/server: exec format error" },
    ],
    ...change,
  }));
}

const SHARED_OUT = { desired: 8, byArchitecture: { x86_64: 6, arm64: 2 } };

describe("a verdict", () => {
  test("says which architecture is whole and how the other failed", () => {
    const verdict = verdictOf([...running("x86_64", 6), ...crashed("arm64", 2)], SHARED_OUT);
    expect(verdictSentence(verdict)).toBe("x86_64 6/6, arm64 0/2: exit 255 (exec format error)");
    expect(verdict).toEqual([
      {
        architecture: "x86_64",
        running: 6,
        wanted: 6,
        attempts: 0,
        digests: [{ container: "web", digest: INDEX, tasks: 6 }],
        failures: [],
      },
      {
        architecture: "arm64",
        running: 0,
        wanted: 2,
        attempts: 2,
        digests: [],
        failures: [{ container: "web", exitCode: 255, reason: "exec format error", count: 2 }],
      },
    ]);
    expect(failedArchitectures(verdict)).toEqual(["arm64"]);
  });

  test("a crash loop is many attempts at few tasks", () => {
    const verdict = verdictOf([...running("x86_64", 6), ...crashed("arm64", 50)], SHARED_OUT);
    expect(verdictSentence(verdict)).toBe("x86_64 6/6, arm64 0/2: exit 255 (exec format error), 50 attempts");
  });

  test("is plain data", () => {
    const verdict = verdictOf([...running("x86_64", 6), ...crashed("arm64", 2)], SHARED_OUT);
    expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
  });

  test("a service that wants nothing has none", () => {
    const verdict = verdictOf([], { desired: 0, byArchitecture: { x86_64: 0, arm64: 0 } });
    expect(verdict).toEqual([]);
    expect(verdictSentence(verdict)).toBe("no task is wanted");
  });

  test("what ECS was told to stop is no failure", () => {
    const stopped = crashed("arm64", 3).map((task) => ({ ...task, failed: false }));
    expect(verdictSentence(verdictOf([...running("arm64", 2), ...stopped], { desired: 2 }))).toBe(
      "arm64 2/2",
    );
  });
});

describe("how many are wanted", () => {
  test("without shares, where tasks are being started, then where the last ones failed", () => {
    const pending: SeenTask = { architecture: "arm64", state: "pending", failed: false, containers: [] };
    const verdict = verdictOf([...running("x86_64", 4), pending, ...crashed("arm64", 20)], { desired: 6 });
    expect(verdict.map(({ architecture, running, wanted }) => [architecture, running, wanted])).toEqual([
      ["x86_64", 4, 4],
      ["arm64", 0, 2],
    ]);
  });

  test("missing tasks of which nothing is known are wanted somewhere", () => {
    expect(verdictSentence(verdictOf(running("x86_64", 1), { desired: 3 }))).toBe("x86_64 1/1, unknown 0/2");
  });

  test("together they are the desired count, however ECS has rounded", () => {
    const verdict = verdictOf([...running("x86_64", 5), ...crashed("arm64", 3)], SHARED_OUT);
    expect(verdict.map(({ wanted }) => wanted)).toEqual([6, 2]);
    const other = verdictOf([...running("x86_64", 7)], SHARED_OUT);
    expect(other.map(({ wanted }) => wanted)).toEqual([7, 1]);
  });

  test("more than are wanted are whole, not lacking elsewhere", () => {
    expect(verdictSentence(verdictOf([...running("x86_64", 7), ...running("arm64", 2)], SHARED_OUT))).toBe(
      "x86_64 7/7, arm64 2/2",
    );
  });
});

describe("why tasks failed", () => {
  const reasonOf = (change: Partial<SeenTask>) =>
    verdictOf(crashed("arm64", 1, change), { desired: 1 })[0]?.failures[0];

  test.each<[string, Partial<SeenTask>, object]>([
    [
      "an image without the platform",
      {
        reason:
          "CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries",
        containers: [{ name: "web" }],
      },
      {
        reason:
          "CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries",
      },
    ],
    [
      "the container that failed, not those stopped with it",
      {
        containers: [
          { name: "proxy", exitCode: 137 },
          { name: "web", exitCode: 3 },
        ],
      },
      { container: "web", exitCode: 3, reason: "stopped" },
    ],
    [
      "killed",
      { containers: [{ name: "web", exitCode: 137 }] },
      { container: "web", exitCode: 137, reason: "killed" },
    ],
    [
      "ended by itself",
      { containers: [{ name: "web", exitCode: 0 }] },
      { exitCode: 0, reason: "it ended, and a service's task must not" },
    ],
    [
      "a health check",
      {
        reason: "Task failed ELB health checks in (target-group arn)",
        containers: [{ name: "web", exitCode: 0 }],
      },
      { reason: "Task failed ELB health checks in (target-group arn)" },
    ],
    ["nothing at all", { reason: "", containers: [] }, { reason: "stopped" }],
  ])("%s", (_name, change, expected) => {
    expect(reasonOf(change)).toEqual({ ...expected, count: 1 });
  });

  test("the same reason with other names of hosts and tasks is one", () => {
    const tasks = ["0123456789abcdef0", "fedcba98"].flatMap((id) =>
      crashed("arm64", 1, { reason: `Host EC2 (instance i-${id}) terminated.`, containers: [] }),
    );
    expect(verdictOf(tasks, { desired: 2 })[0]?.failures).toEqual([
      { reason: "Host EC2 (instance …) terminated.", count: 2 },
    ]);
  });

  test("the most frequent first, five at most, each of bounded length", () => {
    const tasks = Array.from({ length: 8 }, (_, at) =>
      crashed("arm64", at + 1, { containers: [], reason: `${"x".repeat(1000)} ${at}`.slice(at) }),
    ).flat();
    const failures = verdictOf(tasks, { desired: 1 })[0]?.failures ?? [];
    expect(failures.length).toBeLessThanOrEqual(5);
    for (const { reason } of failures) expect(reason.length).toBeLessThanOrEqual(300);
  });

  test("two ways to fail are both told of", () => {
    const tasks = [
      ...crashed("arm64", 2),
      ...crashed("arm64", 1, { containers: [{ name: "web", exitCode: 1 }] }),
    ];
    expect(verdictSentence(verdictOf(tasks, { desired: 2 }))).toBe(
      "arm64 0/2: exit 255 (exec format error) and 1 other way, 3 attempts",
    );
  });
});

describe("an architecture has failed", () => {
  const of = (tasks: readonly SeenTask[]): readonly string[] =>
    failedArchitectures(verdictOf(tasks, SHARED_OUT));

  test("also when ECS gave up before the other had all its tasks, none of which failed", () => {
    expect(of([...running("x86_64", 5), ...crashed("arm64", 9)])).toEqual(["arm64"]);
    expect(of(crashed("arm64", 4))).toEqual(["arm64"]);
  });

  test("not while tasks of the other fail, too, and it is not whole", () => {
    expect(of([...running("x86_64", 5), ...crashed("x86_64", 1), ...crashed("arm64", 9)])).toEqual([]);
  });

  test("not when a task of it runs", () => {
    expect(of([...running("x86_64", 6), ...running("arm64", 1), ...crashed("arm64", 9)])).toEqual([]);
  });

  test("not when it only waits for a host", () => {
    expect(of(running("x86_64", 6))).toEqual([]);
  });

  test("not when both have failed", () => {
    expect(of([...crashed("x86_64", 6), ...crashed("arm64", 2)])).toEqual([]);
  });
});

test("tasks that end again and again are a crash loop, a few failures are none", () => {
  const of = (...tasks: readonly SeenTask[]) => crashLooping(verdictOf(tasks, SHARED_OUT));
  const healthy = running("x86_64", 6);
  expect(of(...healthy, ...running("arm64", 1), ...crashed("arm64", 4))).toEqual(["arm64"]);
  expect(of(...healthy, ...crashed("arm64", 3))).toEqual([]);
  expect(of(...healthy, ...running("arm64", 2), ...crashed("arm64", 9))).toEqual([]);
});

describe("when ECS goes back", () => {
  const retired = crashed("x86_64", 6).map((task) => ({
    ...task,
    failed: false,
    retired: true,
    stoppedAt: 100,
  }));

  test("what ran until then counts as whole, so that the architecture that failed is known", () => {
    const verdict = verdictOf([...retired, ...crashed("arm64", 4)], SHARED_OUT);
    expect(verdictSentence(verdict)).toBe(
      "x86_64 6/6 (stopped since), arm64 0/2: exit 255 (exec format error), 4 attempts",
    );
    expect(verdict[0]).toMatchObject({ running: 0, wanted: 6, retired: 6 });
    expect(failedArchitectures(verdict)).toEqual(["arm64"]);
  });

  test("an architecture that only ran is told of, too", () => {
    const late = crashed("arm64", 4).map((task) => ({ ...task, stoppedAt: 200 }));
    expect(verdictOf([...retired, ...late], { desired: 2 })).toMatchObject([
      { architecture: "x86_64", wanted: 0, retired: 6 },
      { architecture: "arm64", wanted: 2 },
    ]);
  });

  test("also where nothing says how the tasks are shared out: the last that stopped tell", () => {
    const verdict = verdictOf([...retired, ...crashed("arm64", 4)], { desired: 8 });
    expect(verdict.map(({ wanted }) => wanted)).toEqual([6, 2]);
  });
});

describe("digests", () => {
  const release = { web: [INDEX, "sha256:amd64", "sha256:arm64"] };

  test("the index's and the platforms' own count, and containers that are not ours do not", () => {
    const verdict = verdictOf([...running("x86_64", 1), ...running("arm64", 1, "sha256:arm64")], {
      desired: 2,
    });
    expect(digestProblem("web", verdict, release)).toBeUndefined();
    expect(digestProblem("web", verdict, {})).toBeUndefined();
  });

  test("any other is named with its tasks and architecture", () => {
    const verdict: Verdict = verdictOf([...running("x86_64", 2), ...running("arm64", 3, "sha256:old")], {
      desired: 5,
    });
    expect(digestProblem("web", verdict, release)?.reason).toBe(
      "tasks of service web run other images than the release: 3 on arm64 run web from sha256:old",
    );
  });
});
