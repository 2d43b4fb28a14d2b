import { describe, expect, test } from "@jest/globals";
import type { CodeCommitSource } from "../../shared/pipeline/definition.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { pullRequestComment } from "../../shared/pipeline/pull-request-messages.ts";
import { desired, unsaid } from "../../shared/pipeline/reports.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { codecommitPipeline } from "../effects/sources.ts";
import { buildFailed, buildStarted, buildSucceeded, definition, runAfter, started, T0 } from "./given.ts";

const { source: SOURCE } = codecommitPipeline({}, { pullRequests: "build-only", approvalState: true });

const begun = (source: Partial<CodeCommitSource> = {}) =>
  started({
    definition: codecommitPipeline({}, { pullRequests: "build-only", approvalState: true, ...source }),
    trigger: { type: "pull-request", number: 7, fork: false, revisionId: "c".repeat(64) },
  });

const finished = (outcome: "succeeded" | "failed" | "stopped"): RunEvent => ({
  type: "run.finished",
  at: T0,
  outcome,
  reason: "that is why",
});
const built = [buildSucceeded("linux/amd64"), buildSucceeded("linux/arm64"), finished("succeeded")];
const approvals = (run: Run) => desired(run).filter(({ type }) => type === "approval");

describe("the comment on a pull request", () => {
  test("says how each platform stands", () => {
    const run = runAfter(begun(), buildStarted("linux/amd64"), buildStarted("linux/arm64"), {
      ...buildSucceeded("linux/arm64"),
      at: T0 + 63_000,
    });
    expect(pullRequestComment(run)).toBe(
      [
        "**hello-1** of pipeline hello, commit 1111111: building",
        "",
        "- hello linux/amd64: builds",
        "- hello linux/arm64: built in 63 s",
      ].join("\n"),
    );
  });

  test("shows the end of a failed build's log, without secrets, and as nothing but text", () => {
    const log = { group: "builds", stream: "1", link: "https://console.example.com/log" };
    const lines = [
      ...Array.from({ length: 30 }, (_, at) => `line ${at}`),
      "[x](http://evil) token=abcdef123456",
    ];
    const run = runAfter(
      begun(),
      buildStarted("linux/amd64"),
      buildFailed("linux/amd64", { log }),
      { type: "build.log-read", at: T0, image: "hello", platform: "linux/amd64", attempt: 1, lines },
      finished("failed"),
    );
    const comment = pullRequestComment(run);
    expect(comment).toContain("commit 1111111: **failed**");
    expect(comment).toContain(
      "- hello linux/amd64: failed: failed in BUILD: exit status 1 ([log](https://console.example.com/log))",
    );
    expect(comment).toContain("\n    line 29\n    [x](http://evil) token=…");
    expect(comment).not.toMatch(/line 18|Container/);
  });

  test("names why a run has stopped, or what took its place", () => {
    expect(pullRequestComment(runAfter(begun(), finished("stopped")))).toContain("stopped: that is why");
    const superseded: RunEvent = { type: "run.superseded", at: T0, by: "hello-2" };
    expect(pullRequestComment(runAfter(begun(), superseded))).toContain("superseded by hello-2");
  });

  test("fits into CodeCommit's 10,240 characters, whatever the log holds", () => {
    const lines = Array.from({ length: 12 }, () => "😀".repeat(2000));
    const log = { group: "builds", stream: "1" };
    const platforms = ["linux/amd64", "linux/arm64"] as const;
    const run = runAfter(
      begun(),
      ...platforms.flatMap((platform): readonly RunEvent[] => [
        buildStarted(platform),
        buildFailed(platform, { log }),
        { type: "build.log-read", at: T0, image: "hello", platform, attempt: 1, lines },
      ]),
    );
    expect(pullRequestComment(run).length).toBeLessThanOrEqual(10_240);
  });

  test("is due again only when it would say something else", () => {
    const run = runAfter(begun(), buildStarted("linux/amd64"));
    const said = Object.fromEntries(
      desired(run).map(({ key, state, description }) => [key, { state, description }]),
    );
    const told: RunEvent = { type: "report.made", at: T0, said };
    expect(unsaid(runAfter(begun(), buildStarted("linux/amd64"), told))).toEqual([]);
    const next = runAfter(begun(), buildStarted("linux/amd64"), told, buildStarted("linux/arm64"));
    expect(unsaid(next).map(({ key }) => key)).toEqual(["comment"]);
  });
});

describe("the approval state", () => {
  test("is nothing before the outcome is known", () => {
    expect(approvals(runAfter(begun(), buildStarted("linux/amd64")))).toEqual([]);
  });

  test("approves what was built, and takes an approval back from what was not", () => {
    expect(approvals(runAfter(begun(), ...built))).toEqual([
      {
        type: "approval",
        key: "approval",
        state: "APPROVE",
        description: "hello-1 succeeded",
        revisionId: "c".repeat(64),
      },
    ]);
    expect(approvals(runAfter(begun(), finished("failed")))).toMatchObject([{ state: "REVOKE" }]);
  });

  test("is left alone by a run that a newer one has replaced, and where nobody asks for it", () => {
    expect(approvals(runAfter(begun(), finished("stopped")))).toEqual([]);
    expect(approvals(runAfter(begun({ approvalState: false }), ...built))).toEqual([]);
  });
});

test("pushes have no place in CodeCommit where anything could be shown", () => {
  expect(desired(runAfter(started({ definition: definition({ source: SOURCE }) })))).toEqual([]);
});
