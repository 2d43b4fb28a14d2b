import { describe, expect, test } from "@jest/globals";
import { codecommitSource } from "../../shared/effects/codecommit.ts";
import { awsError, fakeAws } from "./fakes.ts";

const COMMIT = "d".repeat(40);

describe("where a pull request in CodeCommit is", () => {
  const head = (
    getPullRequest: NonNullable<NonNullable<Parameters<typeof fakeAws>[0]["codecommit"]>["getPullRequest"]>,
  ) =>
    codecommitSource(fakeAws({ codecommit: { getPullRequest } }).aws).head({
      repository: "hello",
      ref: "refs/pull/7/head",
      commit: COMMIT,
    });

  test.each([
    ["OPEN", { commit: COMMIT }],
    ["CLOSED", "gone"],
  ] as const)("%s", async (pullRequestStatus, expected) => {
    const pullRequestTargets = [{ sourceCommit: COMMIT }];
    expect(
      await head(async ({ pullRequestId }) => {
        expect(pullRequestId).toBe("7");
        return { pullRequest: { pullRequestStatus, pullRequestTargets } };
      }),
    ).toEqual(expected);
  });

  test("one that nobody knows is gone; what CodeCommit cannot say now is thrown", async () => {
    const gone = async () => Promise.reject(awsError("PullRequestDoesNotExistException"));
    expect(await head(gone)).toBe("gone");
    const throttled = async () => Promise.reject(awsError("ThrottlingException"));
    await expect(head(throttled)).rejects.toMatchObject({ name: "ThrottlingException" });
  });
});

describe("where a branch in CodeCommit is", () => {
  const head = (name: string, fails: string) =>
    codecommitSource(
      fakeAws({ codecommit: { getBranch: async () => Promise.reject(awsError(fails)) } }).aws,
    ).head({ repository: "hello", ref: `refs/heads/${name}`, commit: COMMIT });

  test.each([
    ["a branch that is not there", "main", "BranchDoesNotExistException"],
    ["a name that no branch can have", "a b", "InvalidBranchNameException"],
  ])("%s is gone", async (_what, name, fails) => {
    expect(await head(name, fails)).toBe("gone");
  });
});
