import { describe, expect, test } from "@jest/globals";
import { reportToCodeCommit } from "../../shared/effects/codecommit-report.ts";
import type { Reviewer } from "../../shared/effects/reviewer.ts";
import type { RunEvent } from "../../shared/pipeline/events.ts";
import { reportsDue } from "../../shared/pipeline/reports.ts";
import { buildStarted, COMMIT, runAfter, started, T0 } from "../pipeline/given.ts";
import { awsError, type Call, contextOf, fakeAws, sha256 } from "./fakes.ts";
import { codecommitPipeline } from "./sources.ts";

const REVISION = "c".repeat(64);
const BEFORE = "a".repeat(40);

const begun = started({
  definition: codecommitPipeline({}, { pullRequests: "build-only", approvalState: true }),
  trigger: { type: "pull-request", number: 7, fork: false, revisionId: REVISION },
  revision: { repository: "hello", ref: "refs/pull/7/head", commit: COMMIT, before: BEFORE },
});
const succeeded: RunEvent = { type: "run.finished", at: T0, outcome: "succeeded", reason: "built" };
const requested: RunEvent = { type: "report.requested", at: T0, lease: 0 };

/** Somebody who speaks as they are told to; every word is written down. */
function reviewer(provided: Partial<Reviewer> = {}): {
  readonly reviewer: (pipeline: string) => Reviewer;
  readonly calls: Call[];
} {
  const calls: Call[] = [];
  const op =
    <Input, Output>(operation: string, answer: (input: Input) => Promise<Output>) =>
    (input: Input) => {
      calls.push({ operation, input });
      return answer(input);
    };
  const speaker: Reviewer = {
    getCommentsForPullRequest: op("get", provided.getCommentsForPullRequest ?? (async () => ({}))),
    postCommentForPullRequest: op(
      "post",
      provided.postCommentForPullRequest ?? (async () => ({ comment: { commentId: "comment-1" } })),
    ),
    updateComment: op("update", provided.updateComment ?? (async () => ({}))),
    updatePullRequestApprovalState: op(
      "approve",
      provided.updatePullRequestApprovalState ?? (async () => ({})),
    ),
  };
  return {
    reviewer: (pipeline) => {
      expect(pipeline).toBe("hello");
      return speaker;
    },
    calls,
  };
}

async function report(events: readonly RunEvent[], voice: Partial<ReturnType<typeof reviewer>>) {
  const run = runAfter(begun, ...events);
  const due = reportsDue(run, () => true);
  if (due === undefined) throw new Error("nothing is to be reported");
  const context = { ...contextOf(fakeAws({}).aws), ...(voice.reviewer ? { reviewer: voice.reviewer } : {}) };
  const { events: made } = await reportToCodeCommit(context, run, { type: "report", ...due });
  const [event] = made;
  if (event?.type !== "report.made") throw new Error("nothing was reported");
  return event;
}

const TOKEN = sha256(`comment hello-1 ${COMMIT} ${T0}`);

describe("a pull request's run", () => {
  test("is commented on once, with a token, and the comment is changed afterwards", async () => {
    const voice = reviewer();
    const first = await report([], voice);
    expect(first.said).toMatchObject({ comment: { state: "building", id: "comment-1" } });
    const second = await report([first, buildStarted("linux/amd64")], voice);
    expect(second.said).toMatchObject({ comment: { id: "comment-1" } });
    expect(voice.calls).toEqual([
      {
        operation: "post",
        input: {
          pullRequestId: "7",
          repositoryName: "hello",
          beforeCommitId: BEFORE,
          afterCommitId: COMMIT,
          content: expect.stringContaining("**hello-1** of pipeline hello"),
          clientRequestToken: TOKEN,
        },
      },
      {
        operation: "update",
        input: { commentId: "comment-1", content: expect.stringContaining("linux/amd64: builds") },
      },
    ]);
  });

  test("that has ended approves the revision it has built", async () => {
    const voice = reviewer();
    await report([succeeded], voice);
    expect(voice.calls.at(-1)).toEqual({
      operation: "approve",
      input: { pullRequestId: "7", revisionId: REVISION, approvalState: "APPROVE" },
    });
  });

  test.each([
    ["its token", { clientRequestToken: TOKEN }],
    ["its first words", { content: "**hello-1** of pipeline hello, commit 1111111: building" }],
  ])("finds the comment of a lost attempt by %s, and posts no second one", async (_what, mark) => {
    const comments = [
      { commentId: "other", content: "LGTM" },
      { commentId: "lost", ...mark },
    ];
    const voice = reviewer({
      getCommentsForPullRequest: async ({ nextToken }) =>
        nextToken === undefined
          ? { nextToken: "2", commentsForPullRequestData: [] }
          : { commentsForPullRequestData: [{ comments }] },
    });
    const made = await report([requested], voice);
    expect(made.said).toMatchObject({ comment: { id: "lost" } });
    expect(voice.calls.map(({ operation }) => operation)).toEqual(["get", "get", "update"]);
  });
});

describe("what CodeCommit refuses", () => {
  test.each(["AccessDenied", "CommentNotCreatedByCallerException"])(
    "%s is kept as the run's problem",
    async (name) => {
      const post = async () => Promise.reject(awsError(name));
      const made = await report([], reviewer({ postCommentForPullRequest: post }));
      expect(made.said).toMatchObject({ comment: { refused: true } });
      expect(made.problem).toMatch(new RegExp(`^CodeCommit was not told of it \\(${name}: said AWS\\)`));
    },
  );

  test.each(["RevisionNotCurrentException", "PullRequestAlreadyClosedException"])(
    "%s is no problem: the pull request has moved on",
    async (name) => {
      const approve = async () => Promise.reject(awsError(name));
      const made = await report([succeeded], reviewer({ updatePullRequestApprovalState: approve }));
      expect(made.said).toMatchObject({ comment: { id: "comment-1" }, approval: { refused: true } });
      expect(made.problem).toBeUndefined();
    },
  );

  test("what may work another time is thrown, for whoever takes the claim over", async () => {
    const post = async () => Promise.reject(awsError("ThrottlingException"));
    await expect(report([], reviewer({ postCommentForPullRequest: post }))).rejects.toMatchObject({
      name: "ThrottlingException",
    });
  });

  test("without a role nobody is asked", async () => {
    const made = await report([], {});
    expect(made.said).toMatchObject({ comment: { refused: true } });
    expect(made.problem).toContain("deploy the stack again");
  });
});
