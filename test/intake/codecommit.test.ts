import { describe, expect, test } from "@jest/globals";
import {
  parseCodeCommitPullRequest,
  pullRequestMismatch,
} from "../../shared/intake/codecommit-pull-request.ts";
import { parseCodeCommitPush } from "../../shared/intake/codecommit-push.ts";
import { codecommitPipeline, githubPipeline } from "../effects/sources.ts";
import { MARY, pullRequest, reference, sha } from "./codecommit-payloads.ts";

describe("a reference of CodeCommit", () => {
  test("that was created is a commit without one before", () => {
    expect(parseCodeCommitPush(reference("referenceCreated"))).toEqual({
      type: "push",
      id: "01234567-0123-0123-0123-012345678901",
      revision: { repository: "hello", ref: "refs/heads/main", commit: sha("b") },
      pusher: MARY,
    });
  });

  test("that was updated is a commit, and the one before", () => {
    expect(parseCodeCommitPush(reference("referenceUpdated"))).toMatchObject({
      type: "push",
      revision: { commit: sha("b"), before: sha("a") },
    });
  });

  test("may be a tag", () => {
    const tag = { referenceType: "tag", referenceName: "v1", referenceFullName: "refs/tags/v1" };
    expect(parseCodeCommitPush(reference("referenceCreated", tag))).toMatchObject({
      revision: { ref: "refs/tags/v1" },
    });
  });

  test.each(["it's", '"quoted"', "$(reboot)", "`reboot`", "rocket-🚀", "x".repeat(255)])(
    "may be called %s",
    (name) => {
      const referenceFullName = `refs/heads/${name}`;
      expect(parseCodeCommitPush(reference("referenceCreated", { referenceFullName }))).toMatchObject({
        type: "push",
        revision: { ref: referenceFullName },
      });
    },
  );

  test("that was deleted starts nothing", () => {
    expect(parseCodeCommitPush(reference("referenceDeleted"))).toEqual({
      type: "ignored",
      reason: "refs/heads/main of hello was deleted",
    });
  });

  test.each([
    ["no event at all", {}, /no CodeCommit event/],
    [
      "a name that git would not allow",
      reference("referenceUpdated", { referenceFullName: "refs/heads/a b\n$(reboot)" }),
      /is no name that git allows/,
    ],
    ["a commit that is none", reference("referenceUpdated", { commitId: "main" }), /"main" is no commit/],
  ])("%s is ignored with a reason", (_what, payload, reason) => {
    expect(parseCodeCommitPush(payload)).toEqual({
      type: "ignored",
      reason: expect.stringMatching(reason),
    });
  });
});

describe("a pull request of CodeCommit", () => {
  test.each(["pullRequestCreated", "pullRequestSourceBranchUpdated"])("%s is to be built", (name) => {
    expect(parseCodeCommitPullRequest(pullRequest(name))).toEqual({
      type: "pull-request",
      id: "01234567-0123-0123-0123-012345678901",
      revision: { repository: "hello", ref: "refs/pull/7/head", commit: sha("d"), before: sha("a") },
      trigger: { type: "pull-request", number: 7, fork: false, revisionId: "c".repeat(64) },
      into: "refs/heads/main",
      pusher: MARY,
    });
  });

  test("may name its branches without refs/heads/, and no revision", () => {
    const payload = pullRequest("pullRequestCreated", {
      destinationReference: "main",
      revisionId: undefined,
    });
    expect(parseCodeCommitPullRequest(payload)).toMatchObject({
      into: "refs/heads/main",
      trigger: { type: "pull-request", number: 7, fork: false },
    });
  });

  test.each([
    ["pullRequestStatusChanged", { pullRequestStatus: "Closed" }],
    ["pullRequestMergeStatusUpdated", { pullRequestStatus: "Closed", isMerged: "True" }],
    ["pullRequestApprovalStateChanged", { approvalStatus: "APPROVE" }],
    ["pullRequestApprovalRuleOverridden", { overrideStatus: "OVERRIDE" }],
    ["pullRequestSourceBranchUpdated", { pullRequestStatus: "Closed" }],
  ])("%s brings nothing to build: %j", (name, change) => {
    expect(parseCodeCommitPullRequest(pullRequest(name, change))).toEqual({
      type: "ignored",
      reason: expect.stringMatching(new RegExp(`^${name} of pull request 7 of hello`)),
    });
  });

  test.each([
    ["of a push", reference("referenceUpdated")],
    ["with a commit that is none", pullRequest("pullRequestCreated", { sourceCommit: "main" })],
    ["with an id that is none", pullRequest("pullRequestCreated", { pullRequestId: "7; rm" })],
    ["without a repository", pullRequest("pullRequestCreated", { repositoryNames: [] })],
  ])("an event %s is none of them", (_what, payload) => {
    expect(parseCodeCommitPullRequest(payload)).toEqual({
      type: "ignored",
      reason: expect.stringMatching(/^no event of a pull request/),
    });
  });

  test("is for the pipelines that follow its destination and ask for pull requests", () => {
    const main = "refs/heads/main";
    const asks = codecommitPipeline({}, { pullRequests: "build-only" });
    expect(pullRequestMismatch(asks, "hello", main)).toBeUndefined();
    expect(pullRequestMismatch(asks, "hello", "refs/heads/other")).toBe("hello follows the branches main");
    expect(pullRequestMismatch(asks, "world", main)).toBe("hello follows the repository hello");
    expect(pullRequestMismatch(codecommitPipeline(), "hello", main)).toBe("hello builds no pull requests");
    expect(pullRequestMismatch(githubPipeline(), "hello", main)).toBe("hello follows GitHub");
  });
});
