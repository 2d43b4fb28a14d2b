import { cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BatchGetBuildsCommand,
  BatchGetProjectsCommand,
  CreateProjectCommand,
  ListBuildsCommand,
  ListBuildsForProjectCommand,
  ListProjectsCommand,
  StartBuildCommand,
  StopBuildCommand,
} from "@aws-sdk/client-codebuild";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { After } from "../../local/codebuild/build-run.ts";
import { type CodeEndpoint, detailOf, startCode, temporaryFolder } from "./codebuild-endpoint.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const spec = (...commands: readonly string[]) =>
  JSON.stringify({ version: 0.2, env: { shell: "bash" }, phases: { build: { commands } } });

/** A command that ends only when it is killed. */
const FOREVER = "echo started; sleep 1000";

describe("the operations", () => {
  let code: CodeEndpoint;

  beforeAll(async () => {
    code = await startCode({ stateDir: join(folder.path, "operations") });
  });
  afterAll(() => code.stop());

  test("CreateProject, BatchGetProjects and ListProjects", async () => {
    const project = {
      name: "made",
      source: { type: "NO_SOURCE", buildspec: spec("true") },
      artifacts: { type: "NO_ARTIFACTS" },
      environment: { type: "LINUX_CONTAINER", image: "image", computeType: "BUILD_GENERAL1_SMALL" },
      serviceRole: "arn:aws:iam::000000000000:role/role",
    } as const;
    const created = await code.client.send(new CreateProjectCommand(project));
    expect(created.project).toMatchObject({ ...project, timeoutInMinutes: 60, queuedTimeoutInMinutes: 480 });
    await expect(code.client.send(new CreateProjectCommand(project))).rejects.toMatchObject({
      name: "ResourceAlreadyExistsException",
    });
    const found = await code.client.send(new BatchGetProjectsCommand({ names: ["made", "missing"] }));
    expect(found.projects?.[0]).toEqual(created.project);
    expect(found.projectsNotFound).toEqual(["missing"]);
    expect((await code.client.send(new ListProjectsCommand({}))).projects).toContain("made");
    await code.project("made", { Description: "changed by the template", TimeoutInMinutes: "10" });
    const changed = (await code.client.send(new BatchGetProjectsCommand({ names: ["made"] }))).projects?.[0];
    expect(changed).toMatchObject({ description: "changed by the template", timeoutInMinutes: 10 });
    expect(changed?.created).toEqual(created.project?.created);
  });

  test("StartBuild refuses what it cannot start", async () => {
    await code.project("limited", { ConcurrentBuildLimit: 1 });
    const start = (input: object) =>
      code.client.send(new StartBuildCommand({ projectName: "limited", ...input }));
    await expect(start({ projectName: "missing" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    await expect(start({ timeoutInMinutesOverride: 4 })).rejects.toMatchObject({
      name: "InvalidInputException",
      message: expect.stringContaining("timeoutInMinutesOverride"),
    });
    await expect(start({ environmentTypeOverride: "TOASTER" })).rejects.toThrow(/environmentTypeOverride/);
    const { build } = await start({ buildspecOverride: spec(FOREVER) });
    await expect(start({})).rejects.toMatchObject({ name: "AccountLimitExceededException" });
    await code.client.send(new StopBuildCommand({ id: build?.id }));
    await code.ended(build?.id ?? "");
  });

  test("a template with a fault is refused with the property's name", async () => {
    await expect(code.project("bad", { TimeoutInMinutes: 3 })).rejects.toThrow(/Project .*timeoutInMinutes/);
    await expect(code.project("bad", { Source: { Type: "FTP" } })).rejects.toThrow(/source\.type/);
  });

  test("an idempotency token gives one build, for equal parameters only", async () => {
    await code.project("idempotent");
    const input = { projectName: "idempotent", buildspecOverride: spec("true"), idempotencyToken: "token-1" };
    const variables = [{ name: "A", value: "1" }];
    const [first, second] = await Promise.all([code.start(input), code.start(input)]);
    expect(second.id).toBe(first.id);
    await code.ended(first.id ?? "");
    expect((await code.start(input)).id).toBe(first.id);
    await expect(code.start({ ...input, environmentVariablesOverride: variables })).rejects.toMatchObject({
      name: "InvalidInputException",
      message: expect.stringContaining("token-1"),
    });
    const other = await code.start({ ...input, idempotencyToken: "token-2" });
    expect(other.id).not.toBe(first.id);
    expect([first.buildNumber, other.buildNumber]).toEqual([1, 2]);
    await code.ended(other.id ?? "");
  });

  test("BatchGetBuilds takes ids and ARNs, 1 to 100 of them", async () => {
    const { build } = await code.run(spec("true"));
    const get = (ids: string[]) => code.client.send(new BatchGetBuildsCommand({ ids }));
    const found = await get([build.id ?? "", build.arn ?? "", "plain:missing"]);
    expect(found.builds?.map(({ id }) => id)).toEqual([build.id, build.id]);
    expect(found.buildsNotFound).toEqual(["plain:missing"]);
    await expect(get([])).rejects.toMatchObject({ name: "InvalidInputException" });
    await expect(get(Array.from({ length: 101 }, () => "a:b"))).rejects.toMatchObject({
      name: "InvalidInputException",
    });
  });

  test("lists of builds are newest first, and by project", async () => {
    await code.project("listed");
    const ids: string[] = [];
    for (const _ of [1, 2, 3])
      ids.push((await code.run(spec("true"), { projectName: "listed" })).build.id ?? "");
    const input = { projectName: "listed" };
    const newest = await code.client.send(new ListBuildsForProjectCommand(input));
    expect(newest.ids).toEqual([...ids].reverse());
    const oldest = await code.client.send(
      new ListBuildsForProjectCommand({ ...input, sortOrder: "ASCENDING" }),
    );
    expect(oldest.ids).toEqual(ids);
    expect((await code.client.send(new ListBuildsCommand({}))).ids?.slice(0, 3)).toEqual([...ids].reverse());
    await expect(
      code.client.send(new ListBuildsForProjectCommand({ projectName: "missing" })),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("the events of a build have the documented shape", async () => {
    const { build } = await code.run(spec("exit 2"), {
      environmentVariablesOverride: [{ name: "RUN", value: "hello-1" }],
    });
    const own = code.events.filter((event) => event.resources[0] === build.arn);
    expect(own.every(({ source }) => source === "aws.codebuild")).toBe(true);
    const states = own
      .filter(({ detailType }) => detailType === "CodeBuild Build State Change")
      .map(detailOf);
    expect(states.map((detail) => detail["build-status"])).toEqual(["IN_PROGRESS", "FAILED"]);
    const time = expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M$/);
    expect(states[1]).toMatchObject({
      "build-id": build.arn,
      "project-name": "plain",
      "current-phase": "COMPLETED",
      "current-phase-context": "[]",
      version: "1",
      "additional-information": {
        "build-complete": true,
        "build-start-time": time,
        initiator: "release-managers/alice",
        "timeout-in-minutes": 60,
        environment: {
          type: "LINUX_CONTAINER",
          "compute-type": "BUILD_GENERAL1_SMALL",
          "privileged-mode": true,
          "environment-variables": [{ name: "RUN", type: "PLAINTEXT", value: "hello-1" }],
        },
        source: { type: "NO_SOURCE" },
        logs: {
          "group-name": "/aws/codebuild/plain",
          "stream-name": build.id?.split(":")[1],
          "deep-link": expect.any(String),
        },
      },
    });
    const phases = own
      .filter(({ detailType }) => detailType === "CodeBuild Build Phase Change")
      .map(detailOf);
    expect(phases.map((detail) => detail["completed-phase"])).toEqual([
      ...["SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD"],
      ...["BUILD", "POST_BUILD", "FINALIZING", "COMPLETED"],
    ]);
    expect(phases[6]).toMatchObject({
      "completed-phase-status": "FAILED",
      "completed-phase-context":
        "[COMMAND_EXECUTION_ERROR: Error while executing command: exit 2. Reason: exit status 2]",
      "completed-phase-duration-seconds": expect.any(Number),
      "completed-phase-start": time,
      "completed-phase-end": time,
    });
  });
});

describe("a build that is ended from outside", () => {
  let code: CodeEndpoint;
  let timers: { readonly milliseconds: number; readonly callback: () => void }[] = [];
  const after: After = (milliseconds, callback) => {
    const timer = { milliseconds, callback };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };

  beforeAll(async () => {
    code = await startCode({ stateDir: join(folder.path, "ended"), dependencies: { after, concurrency: 1 } });
    await code.project("plain");
  });
  afterEach(() => {
    expect(timers).toEqual([]);
  });
  afterAll(() => code.stop());

  const started = async () => {
    const before = code.events.length;
    const build = await code.start({ projectName: "plain", buildspecOverride: spec(FOREVER) });
    const { groupName = "", streamName = "" } = build.logs ?? {};
    expect(before).toBeLessThan(code.events.length);
    return { id: build.id ?? "", running: () => code.log(groupName, streamName).includes("started") };
  };

  test("by StopBuild, with everything it has started", async () => {
    const { id } = await started();
    await code.logged(/^started$/);
    const stopped = await code.client.send(new StopBuildCommand({ id }));
    expect(stopped.build?.id).toBe(id);
    const build = await code.ended(id);
    expect(build).toMatchObject({ buildStatus: "STOPPED", buildComplete: true });
    expect(build.phases?.at(-2)).toMatchObject({ phaseType: "BUILD", phaseStatus: "STOPPED" });
    expect(await readdir(join(folder.path, "ended", "codebuild", "work"))).toEqual([]);
    expect((await code.client.send(new StopBuildCommand({ id }))).build?.buildStatus).toBe("STOPPED");
    await expect(code.client.send(new StopBuildCommand({ id: "plain:missing" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  test("by its time-out", async () => {
    const { id } = await started();
    const [timer] = timers.filter(({ milliseconds }) => milliseconds === 60 * 60_000);
    timer?.callback();
    const build = await code.ended(id);
    expect(build.buildStatus).toBe("TIMED_OUT");
    expect(build.phases?.find(({ phaseStatus }) => phaseStatus === "TIMED_OUT")?.contexts?.[0]?.message).toBe(
      "Build has timed out after 60 minutes.",
    );
  });

  test("in the queue, by StopBuild or by the queued time-out, while another goes on", async () => {
    const first = await started();
    const second = await started();
    const third = await started();
    expect((await code.build(second.id)).currentPhase).toBe("QUEUED");
    await code.client.send(new StopBuildCommand({ id: second.id }));
    expect((await code.build(second.id)).buildStatus).toBe("STOPPED");
    for (const timer of timers.filter(({ milliseconds }) => milliseconds === 480 * 60_000)) timer.callback();
    const late = await code.ended(third.id);
    expect(late).toMatchObject({ buildStatus: "TIMED_OUT" });
    expect(late.phases?.map(({ phaseType }) => phaseType)).toEqual(["SUBMITTED", "QUEUED", "COMPLETED"]);
    expect((await code.build(first.id)).buildStatus).toBe("IN_PROGRESS");
    await code.client.send(new StopBuildCommand({ id: first.id }));
    await code.ended(first.id);
    for (const timer of [...timers]) timer.callback();
    timers = [];
  });
});

describe("side by side", () => {
  test("two builds run at the same time even on one core", async () => {
    const code = await startCode({ stateDir: join(folder.path, "parallel") });
    const meet = (mine: string, other: string) =>
      spec(
        `touch ${folder.path}/${mine}`,
        `for i in {1..500}; do [ -e ${folder.path}/${other} ] && exit 0; sleep 0.02; done; exit 1`,
      );
    const [one, two] = await Promise.all([
      code.run(meet("one", "two"), {}),
      code.run(meet("two", "one"), {}),
    ]);
    expect([one.build.buildStatus, two.build.buildStatus]).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    await code.stop();
  });
});

describe("a restart", () => {
  test("keeps projects and builds; those that ran are a FAULT; numbers go on", async () => {
    const stateDir = join(folder.path, "restarted");
    const before = await startCode({ stateDir });
    const done = await before.run(spec("export A=1"));
    const running = await before.start({ projectName: "plain", buildspecOverride: spec(FOREVER) });
    await before.logged(/^started$/);
    await before.stop();
    const after = await startCode({ stateDir });
    expect(await after.build(done.build.id ?? "")).toEqual(done.build);
    const lost = await after.build(running.id ?? "");
    expect(lost).toMatchObject({ buildStatus: "FAULT", buildComplete: true, buildNumber: 2 });
    expect(lost.phases?.at(-2)?.contexts?.[0]?.message).toMatch(/local endpoint was stopped/);
    const next = await after.start({ projectName: "plain", buildspecOverride: spec("true") });
    expect(next.buildNumber).toBe(3);
    await after.ended(next.id ?? "");
    await after.stop();
  });

  test("after a crash ends what the lost builds had started", async () => {
    const before = await startCode({ stateDir: join(folder.path, "crashing") });
    await before.project("plain");
    const { id = "" } = await before.start({ projectName: "plain", buildspecOverride: spec(FOREVER) });
    await before.logged(/^started$/);
    // A copy of the state is what the next start finds after a crash; the processes are still there.
    const isWhole = (source: string) => !source.endsWith(".new");
    await cp(before.stateDir, join(folder.path, "crashed"), { recursive: true, filter: isWhole });
    const after = await startCode({ stateDir: join(folder.path, "crashed") });
    expect((await after.build(id)).buildStatus).toBe("FAULT");
    expect((await before.ended(id)).buildStatus).toBe("FAILED");
    await after.stop();
    await before.stop();
  });

  test.each(["projects", "builds"])("refuses a damaged state of %s by name", async (kind) => {
    const stateDir = join(folder.path, `damaged-${kind}`);
    const before = await startCode({ stateDir });
    await before.run(spec("true"));
    await before.stop();
    const [name = ""] = await readdir(join(stateDir, "codebuild", kind));
    const file = join(stateDir, "codebuild", kind, name);
    await writeFile(file, '{"version":1,"data":{}}');
    await expect(startCode({ stateDir })).rejects.toThrow(file);
  });
});
