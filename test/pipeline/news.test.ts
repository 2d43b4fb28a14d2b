import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { unsent } from "../../shared/pipeline/messages-due.ts";
import { newsOf, questionOf } from "../../shared/pipeline/news.ts";
import { newsDetail } from "../../shared/pipeline/news-detail.ts";
import { newsText, summaryOf } from "../../shared/pipeline/news-text.ts";
import type { Run } from "../../shared/pipeline/run.ts";
import { anyEvent } from "./any-events.ts";
import {
  approvalBy,
  buildFailed,
  DAY,
  deploymentStarted,
  PRODUCTION,
  prepared,
  refusalBy,
  runAfter,
  service,
  stageOf,
  started,
  T0,
  UNTIL_GATED,
} from "./given.ts";
import { BUS, heard, SLACK, TOPIC, toldRun } from "./told.ts";

const LINK = "https://api.example.com/console/runs/hello-1";

/** `key: state (subjects)`, and `!` for what somebody is to look at. */
const shown = (run: Run) =>
  newsOf(run).map(
    ({ key, state, subjects, manner }) =>
      `${key}: ${state} (${subjects.join(", ")})${manner === "loud" ? "!" : manner === "quiet" ? "?" : ""}`,
  );

const gated = (...more: readonly RunEvent[]) => toldRun([SLACK], [...UNTIL_GATED, ...more]);

const text = (run: Run, key: string): readonly string[] => {
  const news = newsOf(run).find((one) => one.key === key);
  if (news === undefined) throw new Error(`no news of ${key} among ${shown(run).join("; ")}`);
  const { title, lines } = newsText(run, news);
  return [title, ...lines];
};

describe("what there is to say of a run", () => {
  test("that has begun", () => {
    expect(shown(toldRun([SLACK], [started()]))).toEqual(["start: started (runs)"]);
  });

  test("that waits for an approval: of whom, about what, and by when", () => {
    expect(shown(gated())).toEqual([
      "start: started (runs)",
      "stage staging: succeeded (deployments)",
      "approval production: wanted (approvals)!",
    ]);
    expect(text(gated(), "approval production")).toEqual([
      "hello-1: approval wanted for production",
      "1 of 1 approval still wanted from release-managers, by 2026-11-28 09:00 UTC",
      `hello: ${stageOf(gated()).gate?.release}`,
      "commit 1111111 of main in hello by Ada",
    ]);
  });

  test("that is approved, and goes", () => {
    const run = gated(approvalBy("bob"), { type: "stage.deploying", at: T0, stage: "production" });
    expect(shown(run).slice(2)).toEqual([
      "approval production: approved (approvals)",
      "stage production: deploying (deployments)",
    ]);
    expect(text(run, "approval production")).toEqual([
      "hello-1: production is approved",
      "approved by bob",
      "commit 1111111 of main in hello by Ada",
    ]);
  });

  test("whose approval was refused, with the reason; the run's own end is no second failure", () => {
    const run = gated(
      refusalBy("carol", "errors on arm64"),
      { type: "stage.left", at: T0, stage: "production" },
      { type: "run.finished", at: T0, outcome: "failed", reason: "stage production refused" },
    );
    expect(shown(run).slice(-2)).toEqual([
      "approval production: refused (approvals, failures)!",
      "end: failed (runs)",
    ]);
    expect(text(run, "approval production")[1]).toBe("carol refused it: errors on arm64");
  });

  test("whose gate was opened anew: another question, and why", () => {
    const run = gated(
      approvalBy("bob"),
      { type: "stage.deploying", at: T0, stage: "production" },
      { type: "deployment.requested", at: T0, ...service("production"), lease: 0 },
      {
        type: "gate.voided",
        at: T0,
        stage: "production",
        why: "service web has been changed",
        deployments: [prepared("production", 7)],
      },
    );
    expect(questionOf(stageOf(gated()))).toBe("gate 0");
    expect(questionOf(stageOf(run))).toBe("gate 1");
    expect(text(run, "approval production")[2]).toBe(
      "earlier approvals no longer count: service web has been changed",
    );
  });

  test("that was superseded while it waited: nobody is asked any more, which only corrects what was said", () => {
    const run = gated({ type: "run.superseded", at: T0, by: "hello-2" });
    expect(shown(run).slice(-2)).toEqual([
      "approval production: closed (approvals)?",
      "end: superseded (runs)",
    ]);
  });

  test("whose build failed: that is the run's failure", () => {
    const run = toldRun(
      [SLACK],
      [
        started(),
        buildFailed("linux/arm64"),
        { type: "run.finished", at: T0, outcome: "failed", reason: "building failed" },
      ],
    );
    expect(shown(run)).toEqual(["end: failed (runs, failures)!"]);
    expect(text(run, "end")).toEqual([
      "hello-1 has failed",
      "building failed",
      "commit 1111111 of main in hello by Ada",
    ]);
  });

  test("that was rolled back, with the way out", () => {
    const run = gated(
      approvalBy("bob"),
      { type: "stage.deploying", at: T0, stage: "production" },
      { type: "deployment.requested", at: T0, ...service("production"), lease: 0 },
      deploymentStarted("production"),
      {
        type: "deployment.failed",
        at: T0,
        ...service("production"),
        failure: { reason: "ECS rolled it back", remedy: "release the hold" },
        rolledBack: true,
      },
    );
    expect(shown(run)).toContain("stage production: rolled-back (deployments, failures)!");
    expect(text(run, "stage production")[1]).toBe("ECS rolled it back; release the hold");
  });

  test("of a pull request: nothing, it has its own place", () => {
    const trigger = { type: "pull-request", number: 7, fork: false } as const;
    expect(newsOf(runAfter(started({ trigger })))).toEqual([]);
  });
});

describe("words", () => {
  test("hold no secret, no control character, and no address of the author", () => {
    const people = { author: "Eve\u0007 \u202e<script>alert(1)</script> <eve@example.com>" };
    const run = toldRun(
      [SLACK],
      [
        ...[started({ people }), buildFailed("linux/arm64")],
        { type: "run.finished", at: T0, outcome: "failed", reason: `saw ghp_${"a".repeat(36)}\u001b[31m` },
      ],
    );
    const lines = text(run, "end");
    expect(lines[1]).toBe("saw ghp_…[31m");
    expect(lines[2]).toBe("commit 1111111 of main in hello by Eve <script>alert(1)</script>");
  });

  test("end somewhere", () => {
    const run = toldRun(
      [SLACK],
      [started(), { type: "run.finished", at: T0, outcome: "failed", reason: "x".repeat(5_000) }],
    );
    expect([...(text(run, "end")[1] ?? "")]).toHaveLength(600);
    expect(summaryOf(run).length).toBeLessThanOrEqual(600);
  });
});

describe("an event for programs", () => {
  test("says the same in members", () => {
    const run = gated();
    const news = newsOf(run).find(({ key }) => key === "approval production");
    if (news === undefined) throw new Error("nothing is asked");
    expect(newsDetail(run, news, LINK)).toEqual({
      version: 1,
      id: "hello-1/approval production/wanted 0/0 of 1: ",
      pipeline: "hello",
      run: "hello-1",
      sequence: 1,
      stage: "production",
      state: "wanted",
      summary: expect.stringContaining("approval wanted for production"),
      trigger: "push",
      source: { repository: "hello", ref: "refs/heads/main", commit: "1".repeat(40) },
      release: [
        { image: "hello", uri: expect.stringContaining("@sha256:"), digest: stageOf(run).gate?.release },
      ],
      approval: {
        from: PRODUCTION.approval?.from,
        required: 1,
        approvedBy: [],
        expiresAt: "2026-11-28T09:00:00.000Z",
      },
      link: LINK,
    });
  });
});

describe("whatever happens, in any order", () => {
  test("there are words for it, and once everything is said nothing is left to say", () => {
    const story = fc.tuple(fc.nat(), fc.array(anyEvent, { maxLength: 30 }));
    fc.assert(
      fc.property(story, ([length, rest]) => {
        const begun = UNTIL_GATED.slice(0, 1 + (length % UNTIL_GATED.length));
        const run = toldRun([SLACK, TOPIC, BUS], [...begun, ...rest]);
        for (const news of newsOf(run)) {
          expect(newsText(run, news).title).toMatch(/^hello-1[ :]/);
          expect(newsDetail(run, news, LINK).run).toBe("hello-1");
        }
        expect(unsent(heard(run, T0 + DAY))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
