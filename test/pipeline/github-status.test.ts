import { describe, expect, test } from "@jest/globals";
import type { PipelineDefinition } from "../../shared/pipeline/definition.ts";
import type { RunEvent, Said } from "../../shared/pipeline/events.ts";
import { line } from "../../shared/pipeline/github-messages.ts";
import { plan } from "../../shared/pipeline/plan.ts";
import { receive } from "../../shared/pipeline/receive.ts";
import { desired, unsaid } from "../../shared/pipeline/reports.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { LEASE_MILLISECONDS } from "../../shared/pipeline/silence.ts";
import { headOf, viewOf } from "../../shared/pipeline/view.ts";
import { githubPipeline } from "../effects/sources.ts";
import {
  approvalBy,
  buildFailed,
  buildStarted,
  buildSucceeded,
  definition,
  deploymentStarted,
  PRODUCTION,
  prepared,
  published,
  refusalBy,
  runAfter,
  STAGING,
  service,
  stageEntered,
  started,
  T0,
  UNTIL_GATED,
  UNTIL_PUBLISHED,
} from "./given.ts";

const { source: GITHUB } = githubPipeline({}, { repository: "acme/web", pullRequests: "build-only" });

/** A run of the same events, of a pipeline at GitHub. */
function githubRun(events: readonly RunEvent[], change: Partial<PipelineDefinition> = {}): Run {
  const at = definition({ source: GITHUB, ...change });
  return runAfter(
    ...events.map((event) => (event.type === "run.started" ? { ...event, definition: at } : event)),
  );
}

/** `key: state, description`, as a person reads it. */
const shown = (run: Run) =>
  desired(run).map(({ key, state, description }) => `${key}: ${state}, ${description}`);
const about = (run: Run, what: string) => shown(run).filter((one) => one.includes(what));

/** What GitHub has been told when it has been told everything. */
const allSaid = (run: Run, change: Partial<Said> = {}): RunEvent => ({
  type: "report.made",
  at: T0,
  said: Object.fromEntries(
    desired(run).map(({ key, state, description }) => [key, { state, description, ...change }]),
  ),
});

describe("what GitHub is to show", () => {
  test("of a run that has just begun", () => {
    expect(shown(githubRun([started()]))).toEqual([
      "tandem/hello: hello linux/amd64: pending, is to be built",
      "tandem/hello: hello linux/arm64: pending, is to be built",
      "tandem/hello: hello index: pending, is published when every platform is built",
    ]);
  });

  test("of builds that differ", () => {
    const run = githubRun([
      started(),
      buildStarted("linux/amd64"),
      { ...buildSucceeded("linux/amd64"), at: T0 + 63_000 },
      buildFailed("linux/arm64", { transient: true }),
      buildStarted("linux/arm64", 2),
    ]);
    expect(about(run, "linux/")).toEqual([
      "tandem/hello: hello linux/amd64: success, built in 63 s",
      "tandem/hello: hello linux/arm64: running, builds (attempt 2)",
    ]);
  });

  test("of a run whose build has failed", () => {
    const run = githubRun([
      started(),
      buildStarted("linux/amd64"),
      buildFailed("linux/arm64"),
      { type: "build.stopped", at: T0, image: "hello", platform: "linux/amd64", attempt: 1 },
      { type: "run.finished", at: T0, outcome: "failed", reason: "building failed" },
    ]);
    expect(shown(run)).toEqual([
      "tandem/hello: hello linux/amd64: cancelled, stopped, since another build failed",
      "tandem/hello: hello linux/arm64: failure, failed: failed in BUILD: exit status 1",
      "tandem/hello: hello index: cancelled, not published, since the run has ended",
    ]);
  });

  test("of a run at its gate: the stages it has come to, and the deployments it has begun", () => {
    const run = githubRun(UNTIL_GATED, {
      stages: [{ ...STAGING, url: "https://staging.example.com" }, PRODUCTION],
    });
    expect(shown(run)).toEqual([
      "tandem/hello: hello linux/amd64: success, built in 0 s",
      "tandem/hello: hello linux/arm64: success, built in 0 s",
      "tandem/hello: hello index: success, published as main, 1111111: sha256:696e64657800",
      "tandem/hello: staging: success, runs the release",
      "deployment staging: success, runs the release",
      "tandem/hello: production: pending, waits for 1 of 1 approval from release-managers",
    ]);
    expect(desired(run)[4]).toMatchObject({ environment: "staging", url: "https://staging.example.com" });
  });

  test("of a stage that deploys, fails, or is rolled back", () => {
    const deploying = [...UNTIL_PUBLISHED, stageEntered("staging"), deploymentStarted("staging")];
    expect(about(githubRun(deploying), "staging")).toEqual([
      "tandem/hello: staging: running, deploys web",
      "deployment staging: in_progress, deploys web",
    ]);
    const failed = (rolledBack: boolean): RunEvent => ({
      type: "deployment.failed",
      at: T0,
      ...service("staging"),
      failure: { reason: "tasks died" },
      rolledBack,
    });
    expect(about(githubRun([...deploying, failed(false)]), "staging")).toEqual([
      "tandem/hello: staging: failure, failed: tasks died",
      "deployment staging: failure, failed: tasks died",
    ]);
    expect(about(githubRun([...deploying, failed(true)]), "deployment")).toEqual([
      "deployment staging: failure, rolled-back: tasks died",
    ]);
  });

  test("of a refusal: nobody's name, and no deployment", () => {
    expect(about(githubRun([...UNTIL_GATED, refusalBy("bob", "not today")]), "production")).toEqual([
      "tandem/hello: production: failure, refused: `tandem explain hello-1` says why",
    ]);
  });

  test("of a run that a newer one has replaced", () => {
    const run = githubRun([...UNTIL_GATED, { type: "run.superseded", at: T0, by: "hello-2" }]);
    expect(about(run, "production")).toEqual(["tandem/hello: production: cancelled, superseded by hello-2"]);
  });

  test("of a stage whose gate is opened anew while its deployment is known, until that is given up", () => {
    const deploying = [
      ...UNTIL_GATED,
      approvalBy("bob"),
      { type: "stage.deploying", at: T0, stage: "production" },
      { type: "deployment.requested", at: T0, ...service("production"), lease: 0 },
    ] as const;
    const voided = [
      ...deploying,
      allSaid(githubRun(deploying)),
      {
        type: "gate.voided",
        at: T0,
        stage: "production",
        why: "changed",
        deployments: [prepared("production", 2)],
      },
    ] as const;
    expect(about(githubRun(voided), "deployment production")).toEqual([
      "deployment production: queued, waits for 1 of 1 approval from release-managers",
    ]);
    expect(about(githubRun([...voided, refusalBy("carol")]), "deployment production")).toEqual([
      "deployment production: inactive, not deployed after all",
    ]);
  });

  test("of a pull request: its builds alone", () => {
    const trigger = { type: "pull-request", number: 12, fork: false } as const;
    expect(shown(githubRun([started({ trigger })]))).toEqual([
      "tandem/hello: hello linux/amd64: pending, is to be built",
      "tandem/hello: hello linux/arm64: pending, is to be built",
    ]);
  });

  test("of an image that is used again: all that a branch may require", () => {
    const { image: _image, type: _type, at: _at, tags: _tags, skippedTags: _skipped, ...index } = published();
    const reused = { hello: { runId: "hello-0", sequence: 0, commit: "0".repeat(40), ...index } };
    expect(shown(githubRun([started({ reused })]))).toEqual([
      "tandem/hello: hello linux/amd64: success, none of its paths has changed: the index of hello-0 is used again",
      "tandem/hello: hello linux/arm64: success, none of its paths has changed: the index of hello-0 is used again",
      "tandem/hello: hello index: success, none of its paths has changed: the index of hello-0 is used again",
    ]);
  });

  test("of a run from CodeCommit: nothing", () => {
    expect(desired(runAfter(...UNTIL_GATED))).toEqual([]);
    expect(plan(runAfter(started()), T0).map(({ type }) => type)).not.toContain("report");
  });
});

describe("a description", () => {
  test("has at most 140 characters, and no half ones", () => {
    expect(line("a".repeat(140))).toBe("a".repeat(140));
    expect(line("a".repeat(141))).toBe(`${"a".repeat(139)}…`);
    expect(line(`${"a".repeat(138)}😀😀`)).toBe(`${"a".repeat(138)}…`);
  });

  test("is one line without secrets", () => {
    expect(line("failed:\n  token=abcdefgh12345\n")).toBe("failed: token=…");
  });
});

describe("what is reported when", () => {
  const begun = [started(), buildStarted("linux/amd64"), buildStarted("linux/arm64")];
  const reportOf = (run: Run, now = T0) => plan(run, now).find(({ type }) => type === "report");

  test("everything at first, and then only what is new", () => {
    const run = githubRun(begun);
    expect(unsaid(run)).toHaveLength(3);
    const told = [...begun, allSaid(run)];
    expect(unsaid(githubRun(told))).toEqual([]);
    expect(reportOf(githubRun(told))).toBeUndefined();
    const more = githubRun([...told, buildSucceeded("linux/amd64")]);
    expect(unsaid(more).map(({ key }) => key)).toEqual(["tandem/hello: hello linux/amd64"]);
  });

  test("by one at a time, whose claim can be taken over", () => {
    expect(reportOf(githubRun(begun))).toMatchObject({ lease: 0 });
    const claimed = githubRun([...begun, { type: "report.requested", at: T0, lease: 0 }]);
    expect(reportOf(claimed, T0 + LEASE_MILLISECONDS - 1)).toBeUndefined();
    expect(reportOf(claimed, T0 + LEASE_MILLISECONDS)).toMatchObject({ lease: 1 });
  });

  test("the end of a run, too; until then it stays among those that the sweep visits", () => {
    const events = [
      ...begun,
      allSaid(githubRun(begun)),
      { type: "run.finished", at: T0, outcome: "stopped", reason: "somebody stopped it" },
    ] as const;
    const ended = githubRun(events);
    expect(plan(ended, T0).map(({ type }) => type)).toEqual(["report"]);
    expect(headOf(ended, 1).active).toBe(true);
    const claim: RunEvent = { type: "report.requested", at: T0 + 1, lease: 0 };
    expect(receive(ended, claim)).toEqual({ type: "news", event: claim });
    const told = githubRun([...events, claim, { ...allSaid(ended), at: T0 + 1 }]);
    expect(plan(told, T0)).toEqual([]);
    expect(headOf(told, 1).active).toBe(false);
    expect(told).toMatchObject({ status: { status: "stopped" }, updatedAt: T0 });
  });

  test("what GitHub refused is kept as a problem, not asked again, and forgotten when it is heard", () => {
    const run = githubRun(begun);
    const said = { ...allSaid(run, { refused: true }), problem: "GitHub answered 403" } as RunEvent;
    const refused = githubRun([...begun, said]);
    expect(plan(refused, T0)).toEqual([]);
    expect(viewOf(refused).reportProblem).toBe("GitHub answered 403");
    expect(viewOf(githubRun([...begun, said, allSaid(run)])).reportProblem).toBeUndefined();
  });
});
