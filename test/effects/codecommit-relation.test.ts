import { describe, expect, test } from "@jest/globals";
import { relationOf } from "../../shared/effects/codecommit-relation.ts";
import { fakeAws } from "./fakes.ts";

/** A repository by its commits and their parents; how often it is asked is counted. */
function repository(parents: Readonly<Record<string, string>>) {
  let asked = 0;
  const { aws } = fakeAws({
    codecommit: {
      getCommit: async ({ commitId = "" }) => {
        asked += 1;
        const known = parents[commitId];
        if (known !== undefined) return { commit: { commitId, parents: known.split(" ").filter(Boolean) } };
        const error = new Error(`no commit ${commitId}`);
        error.name = "CommitIdDoesNotExistException";
        throw error;
      },
    },
  });
  return {
    relation: (commit: string, other: string) => relationOf(aws, "hello", commit, other),
    asked: () => asked,
  };
}

/** `c0`, `c1`, … each on top of the one before. */
const line = (length: number) =>
  Object.fromEntries(Array.from({ length }, (_, n) => [`c${n}`, n === 0 ? "" : `c${n - 1}`]));

describe("where a commit of CodeCommit stands to another", () => {
  // a - b - c - d, a - x - y, and m merges d and y.
  const forked = { a: "", b: "a", c: "b", d: "c", x: "a", y: "x", m: "d y" };

  test.each([
    ["itself", "b", "b", "same"],
    ["the one after it", "b", "c", "before"],
    ["one that came out of it later", "a", "d", "before"],
    ["the one before it", "c", "b", "after"],
    ["the first", "d", "a", "after"],
    ["one of another branch", "d", "y", "apart"],
    ["a merge of its branch", "y", "m", "before"],
    ["a merge, by its other parent", "b", "m", "before"],
    ["one that a forced push has brought instead", "b", "x", "apart"],
    ["one that is not there", "b", "gone", "unknown"],
  ])("%s", async (_what, commit, other, expected) => {
    expect(await repository(forked).relation(commit, other)).toBe(expected);
  });

  test("costs a call for each commit between them, in both histories, and no more", async () => {
    const { relation, asked } = repository(line(500));
    expect(await relation("c300", "c303")).toBe("before");
    expect(asked()).toBe(6);
  });

  test("is unknown when it would take too long to find out", async () => {
    const { relation, asked } = repository(line(500));
    expect(await relation("c100", "c499")).toBe("unknown");
    expect(asked()).toBeLessThanOrEqual(202);
  });

  test("an error that is worth another try is thrown", async () => {
    const failing = fakeAws({
      codecommit: { getCommit: () => Promise.reject(new Error("throttled")) },
    });
    await expect(relationOf(failing.aws, "hello", "a", "b")).rejects.toThrow("throttled");
  });
});
