import { describe, expect, test } from "@jest/globals";
import { lookAtBuilds } from "../../shared/effects/look-at-builds.ts";
import { lookAtCommits } from "../../shared/effects/look-at-commits.ts";
import { lookAtImages, lookAtScan } from "../../shared/effects/look-at-images.ts";
import { lookAtCluster, lookAtRollout } from "../../shared/effects/look-at-tasks.ts";
import { buildPrice } from "../../shared/pipeline/build-price.ts";
import {
  buildIdOf,
  buildStarted,
  definition,
  digest,
  published,
  runAfter,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "../pipeline/given.ts";
import { awsError, contextOf, fakeAws, operations } from "./fakes.ts";

describe("the commits that a release brings", () => {
  const { source } = definition();
  /** `a` came out of `b`, and so on; `f` has a second parent. */
  const parents: Readonly<Record<string, readonly string[]>> = { f: ["e", "x"], e: ["d"], d: ["c"], c: [] };
  const history = fakeAws({
    codecommit: {
      getCommit: async ({ commitId = "" }) => {
        const known = parents[commitId];
        if (known === undefined) throw awsError("CommitIdDoesNotExistException");
        const author = { name: "Ada", email: "ada@example.com", date: "1795252800 +0900" };
        return { commit: { message: `${commitId}\n\nbody`, parents: [...known], author } };
      },
    },
  });
  const between = async (from: string | undefined, to: string) => {
    const found = await lookAtCommits(contextOf(history.aws), source, from, to);
    return found === undefined ? undefined : { ...found, commits: found.commits.map(({ commit }) => commit) };
  };

  test("are those since the stage's release, the newest first", async () => {
    await expect(between("d", "f")).resolves.toEqual({ commits: ["f", "e"], more: 0, goesBack: false });
    await expect(between("f", "f")).resolves.toEqual({ commits: [], more: 0, goesBack: false });
  });

  test("are the release's own where the stage has none yet", async () => {
    await expect(between(undefined, "f")).resolves.toMatchObject({ commits: ["f"], goesBack: false });
  });

  test("are none of a release that is older than the stage's: it goes back", async () => {
    await expect(between("f", "d")).resolves.toMatchObject({ commits: ["d"], goesBack: true });
  });

  test("are not known where the repository has lost one", async () => {
    await expect(between("d", "nothing")).resolves.toBeUndefined();
  });

  test("name their authors, and their time in UTC", async () => {
    const found = await lookAtCommits(contextOf(history.aws), source, "e", "f");
    expect(found?.commits[0]).toMatchObject({
      author: "Ada <ada@example.com>",
      at: "2026-11-21T09:20:00.000Z",
      message: "f\n\nbody",
    });
  });

  test("are compared by GitHub itself", async () => {
    const asked: string[] = [];
    const commit = (sha: string) => ({
      sha,
      commit: { message: sha, author: { name: "Ada", email: "a@b.c" } },
    });
    const data = { status: "diverged", total_commits: 40, commits: [commit("old"), commit("new")] };
    const github = {
      identity: async () => "anonymous" as const,
      request: async (_repository: string, _method: string, path: string) => {
        asked.push(path);
        return { status: 200, data };
      },
    };
    const at = { ...definition().source, type: "github", repository: "acme/hello" } as const;
    const wanted = { ...at, forks: "off", releases: false } as const;
    const { approvalState: _approvalState, ...atGitHub } = { approvalState: false, ...wanted };
    const found = await lookAtCommits({ ...contextOf(history.aws), github }, atGitHub, "aaa", "bbb");
    expect(asked).toEqual(["/repos/acme/hello/compare/aaa...bbb"]);
    expect(found).toMatchObject({ more: 38, goesBack: true });
    expect(found?.compare).toBe("https://github.com/acme/hello/compare/aaa...bbb");
    expect(found?.commits.map(({ link }) => link)).toEqual([
      "https://github.com/acme/hello/commit/new",
      "https://github.com/acme/hello/commit/old",
    ]);
  });
});

describe("builds as CodeBuild describes them", () => {
  test("their phases, their price and the end of their log, without secrets", async () => {
    const { aws, calls } = fakeAws({
      codebuild: {
        batchGetBuilds: async ({ ids = [] }) => ({
          builds: ids.map((id) => ({
            id,
            startTime: new Date(T0),
            endTime: new Date(T0 + 61_000),
            environment: {
              type: id.includes("arm") ? "ARM_CONTAINER" : "LINUX_CONTAINER",
              computeType: "BUILD_GENERAL1_LARGE",
              image: "x",
            },
            phases: [
              { phaseType: "BUILD", phaseStatus: "SUCCEEDED", durationInSeconds: 60 },
              { phaseType: "COMPLETED" },
            ],
            logs: { groupName: "g", streamName: id, deepLink: "https://logs" },
          })),
        }),
      },
      logs: {
        getLogEvents: async () => ({ events: [{ message: "AWS_SECRET_ACCESS_KEY=abcdefghijklmnop\n" }] }),
      },
    });
    const builds = await lookAtBuilds(aws, runAfter(...UNTIL_GATED));
    expect(operations(calls)).toEqual(["BatchGetBuilds", "GetLogEvents", "GetLogEvents"]);
    expect(builds).toMatchObject([
      { platform: "linux/amd64", cost: { usd: 0.04 }, phases: [{ name: "BUILD", seconds: 60 }] },
      { platform: "linux/arm64", cost: { usd: 0.03 }, log: { link: "https://logs" } },
    ]);
    expect(JSON.stringify(builds)).not.toContain("abcdefghijklmnop");
  });

  test("of one that runs, only what there is; of one that has not begun, nothing", async () => {
    const id = buildIdOf("linux/amd64");
    const { aws } = fakeAws({
      codebuild: { batchGetBuilds: async () => ({ builds: [{ id, phases: [{ phaseType: "QUEUED" }] }] }) },
    });
    const run = runAfter(started(), buildStarted("linux/amd64"));
    const [build, ...others] = await lookAtBuilds(aws, run);
    expect(others).toEqual([]);
    expect(build).toMatchObject({ platform: "linux/amd64", phases: [{ name: "QUEUED" }] });
    expect(build?.cost).toBeUndefined();
  });

  test("a price that is not known is not guessed", () => {
    expect(buildPrice("LINUX_CONTAINER", "BUILD_GENERAL1_SMALL", 1)).toBe(0.005);
    expect(buildPrice("ARM_CONTAINER", "BUILD_GENERAL1_2XLARGE", 60)).toBeUndefined();
    expect(buildPrice("LINUX_CONTAINER", "toString", 60)).toBeUndefined();
  });
});

describe("images as ECR describes them", () => {
  const run = runAfter(...UNTIL_GATED);

  test("the size of each platform", async () => {
    const { aws, calls } = fakeAws({
      ecr: {
        describeImages: async ({ imageIds = [] }) => ({
          imageDetails: imageIds.map(({ imageDigest }, index) => ({
            imageDigest,
            imageSizeInBytes: index + 1,
          })),
        }),
      },
    });
    await expect(lookAtImages(aws, run)).resolves.toEqual([
      {
        image: "hello",
        children: [
          { platform: "linux/amd64", digest: digest("linux/amd64"), size: 1 },
          { platform: "linux/arm64", digest: digest("linux/arm64"), size: 2 },
        ],
      },
    ]);
    expect(calls).toHaveLength(1);
  });

  test("no sizes where one is gone", async () => {
    const { aws } = fakeAws({
      ecr: { describeImages: async () => Promise.reject(awsError("ImageNotFoundException")) },
    });
    const [image] = await lookAtImages(aws, run);
    expect(image?.children.map(({ size }) => size)).toEqual([undefined, undefined]);
  });

  test("what the index lists, also where a build pushed another around it or this run has built nothing", async () => {
    const { aws } = fakeAws({ ecr: { describeImages: async () => ({ imageDetails: [] }) } });
    const children = [digest("inside amd64"), digest("inside arm64")];
    const wrapped = runAfter(
      ...UNTIL_PUBLISHED.map((event) => (event.type === "index.published" ? { ...event, children } : event)),
    );
    const { repositoryUri, digest: index, size, mediaType } = published();
    const earlier = { runId: "hello-1", commit: "2".repeat(40), sequence: 1 };
    const reused = { hello: { ...earlier, repositoryUri, digest: index, size, mediaType, children } };
    const again = runAfter(started({ sequence: 2, reused }));
    for (const one of [wrapped, again])
      await expect(lookAtImages(aws, one)).resolves.toMatchObject([
        {
          children: [
            { platform: "linux/amd64", digest: children[0] },
            { platform: "linux/arm64", digest: children[1] },
          ],
        },
      ]);
  });

  test("a scan with its findings, and none of what was never scanned", async () => {
    const scanned = fakeAws({
      ecr: {
        describeImageScanFindings: async () => ({
          imageScanStatus: { status: "COMPLETE" },
          imageScanFindings: { findingSeverityCounts: { HIGH: 2 } },
        }),
      },
    });
    await expect(lookAtScan(scanned.aws, "hello", digest("x"))).resolves.toEqual({
      status: "COMPLETE",
      findings: { HIGH: 2 },
    });
    const never = fakeAws({
      ecr: { describeImageScanFindings: async () => Promise.reject(awsError("ScanNotFoundException")) },
    });
    await expect(lookAtScan(never.aws, "hello", digest("x"))).resolves.toBeUndefined();
  });
});

describe("tasks as ECS describes them", () => {
  const attributes = (architecture: string) => [{ name: "ecs.cpu-architecture", value: architecture }];
  const tasks = [
    ["new", "x86_64", "RUNNING"],
    ["old", "x86_64", "RUNNING"],
    ["new", "arm64", "RUNNING"],
    ["new", "arm64", "PENDING"],
    ["old", "arm64", "RUNNING"],
  ].map(([startedBy = "", architecture = "", lastStatus = ""], index) => ({
    taskArn: `arn:aws:ecs:us-east-1:000000000000:task/production/${index}`,
    startedBy,
    lastStatus,
    taskDefinitionArn: `web:${startedBy}`,
    containerInstanceArn: `arn:aws:ecs:us-east-1:000000000000:container-instance/production/${architecture}`,
    // One of them does not say it: its host does.
    attributes: index === 0 ? [] : attributes(architecture),
  }));
  const ecs = {
    describeServices: async () => ({
      services: [
        {
          serviceName: "web",
          desiredCount: 4,
          deployments: [
            { id: "old", status: "ACTIVE" },
            { id: "new", status: "PRIMARY", rolloutState: "IN_PROGRESS" as const },
          ],
        },
      ],
    }),
    listTasks: async ({ nextToken }: { nextToken?: string | undefined }) =>
      nextToken === undefined
        ? { taskArns: tasks.slice(0, 3).map(({ taskArn }) => taskArn), nextToken: "more" }
        : { taskArns: tasks.slice(3).map(({ taskArn }) => taskArn) },
    describeTasks: async ({ tasks: arns = [] }: { tasks?: string[] | undefined }) => ({
      tasks: tasks.filter(({ taskArn }) => arns.includes(taskArn)),
    }),
    listContainerInstances: async () => ({
      containerInstanceArns: tasks.slice(1, 3).map(({ containerInstanceArn }) => containerInstanceArn),
    }),
    describeContainerInstances: async ({
      containerInstances = [],
    }: {
      containerInstances?: string[] | undefined;
    }) => ({
      containerInstances: containerInstances.map((containerInstanceArn) => ({
        containerInstanceArn,
        status: "ACTIVE",
        agentConnected: true,
        attributes: attributes(containerInstanceArn.split("/").at(-1) ?? ""),
      })),
    }),
  };

  test("a rollout: the tasks of the newest deployment and the others, by architecture", async () => {
    const { aws, calls } = fakeAws({ ecs });
    const rollout = await lookAtRollout(aws, "production", "web");
    expect(rollout).toMatchObject({ desired: 4, state: "IN_PROGRESS" });
    expect(rollout.groups).toEqual([
      { architecture: "x86_64", side: "new", running: 1, pending: 0 },
      { architecture: "x86_64", side: "old", running: 1, pending: 0 },
      { architecture: "arm64", side: "new", running: 1, pending: 1 },
      { architecture: "arm64", side: "old", running: 1, pending: 0 },
    ]);
    expect(operations(calls).sort()).toEqual([
      "DescribeContainerInstances",
      "DescribeServices",
      "DescribeTasks",
      "DescribeTasks",
      "ListTasks",
      "ListTasks",
    ]);
  });

  test("a cluster: its hosts, and where each task is", async () => {
    const { aws } = fakeAws({ ecs });
    const cluster = await lookAtCluster(aws, "production", ["web"]);
    expect(cluster.hosts.map(({ id, architecture }) => `${id} ${architecture}`)).toEqual([
      "x86_64 x86_64",
      "arm64 arm64",
    ]);
    expect(cluster.services).toMatchObject([
      { name: "web", desired: 4, tasks: [{ host: "x86_64" }, {}, {}, {}, {}] },
    ]);
  });

  test("a cluster that is gone is empty", async () => {
    const gone = () => Promise.reject(awsError("ClusterNotFoundException"));
    const { aws } = fakeAws({
      ecs: { describeServices: gone, listTasks: gone, listContainerInstances: gone },
    });
    await expect(lookAtCluster(aws, "production", ["web"])).resolves.toMatchObject({
      hosts: [],
      services: [{ name: "web", desired: 0, tasks: [] }],
    });
  });
});
