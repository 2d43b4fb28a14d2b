import { describe, expect, test } from "@jest/globals";
import { codecommitSource } from "../../shared/effects/codecommit.ts";
import { githubSource } from "../../shared/effects/github-source.ts";
import type { CodeCommitSource, GitHubSource } from "../../shared/pipeline/definition.ts";
import { fakeGitHub, type Reply } from "./fake-github.ts";
import { awsError, fakeAws, operations } from "./fakes.ts";
import { codecommitPipeline, githubPipeline } from "./sources.ts";

const sha = (letter: string) => letter.repeat(40);

describe("what GitHub has beside branches", () => {
  const answers: Readonly<Record<string, Reply>> = {
    "/repos/acme/web/tags?per_page=100": {
      data: [{ name: "v2", commit: { sha: sha("b") } }],
      next: "/repositories/1/tags?page=2",
    },
    "/repositories/1/tags?page=2": { data: [{ name: "v1", commit: { sha: sha("a") } }] },
    "/repos/acme/web/releases?per_page=100": {
      data: [
        { tag_name: "v2", draft: false, author: { login: "ada" } },
        { tag_name: "v3", draft: true, author: { login: "ada" } },
        { tag_name: "gone", draft: false, author: null },
      ],
    },
    "/repos/acme/web/pulls?state=open&per_page=100": {
      data: [
        pullOf(7, "acme/web"),
        pullOf(8, "eve/web"),
        { ...pullOf(9, "eve/web"), head: { sha: sha("d"), repo: null } },
      ],
    },
  };
  function pullOf(number: number, from: string) {
    return {
      number,
      user: { login: "grace" },
      head: { sha: sha("d"), repo: { full_name: from } },
      base: { ref: "main", sha: sha("a"), repo: { full_name: "acme/web" } },
    };
  }
  async function offers(change: Partial<GitHubSource>, identity: "app" | "anonymous" = "app") {
    const { api, calls } = fakeGitHub(({ path }) => answers[path] ?? { status: 404 }, identity);
    const { source } = githubPipeline({}, { repository: "acme/web", ...change });
    return { found: await githubSource(api).offers?.(source), asked: calls.map(({ path }) => path) };
  }

  test("tags, page by page", async () => {
    const { found } = await offers({ tags: ["v*"] });
    expect(found).toMatchObject([
      { ref: "refs/tags/v2", commit: sha("b"), matched: "refs/tags/v2", trigger: { type: "head" } },
      { ref: "refs/tags/v1", commit: sha("a") },
    ]);
  });

  test("published releases, at their tags", async () => {
    const { found } = await offers({ releases: true });
    expect(found).toEqual([
      {
        ref: "refs/tags/v2",
        commit: sha("b"),
        matched: "refs/tags/v2",
        trigger: { type: "release" },
        people: { author: "ada" },
        authors: ["ada"],
      },
    ]);
  });

  test("open pull requests; one whose fork is gone is a stranger's", async () => {
    const { found } = await offers({ pullRequests: "build-only" });
    expect(found).toMatchObject([
      { ref: "refs/pull/7/head", commit: sha("d"), before: sha("a"), matched: "refs/heads/main" },
      { trigger: { type: "pull-request", number: 8, fork: true } },
      { trigger: { type: "pull-request", number: 9, fork: true } },
    ]);
    expect(found?.[0]).toMatchObject({ trigger: { fork: false }, people: { author: "grace" } });
  });

  test("is not asked about by whom it does not concern, nor by somebody unknown", async () => {
    expect(await offers({})).toEqual({ found: undefined, asked: [] });
    expect(await offers({ tags: ["v*"] }, "anonymous")).toEqual({ found: undefined, asked: [] });
  });

  test("what GitHub cannot say now is thrown, not taken for nothing", async () => {
    const { api } = fakeGitHub(() => ({ status: 404 }));
    const { source } = githubPipeline({}, { repository: "acme/web", tags: ["v*"] });
    await expect(githubSource(api).offers?.(source)).rejects.toMatchObject({ status: 404 });
  });
});

describe("what CodeCommit has beside branches", () => {
  const target = {
    repositoryName: "hello",
    sourceCommit: sha("d"),
    destinationCommit: sha("a"),
    destinationReference: "refs/heads/main",
  };
  async function offers(change: Partial<CodeCommitSource>, fails?: Error) {
    const { aws, calls } = fakeAws({
      codecommit: {
        listPullRequests: async ({ nextToken }) => {
          if (fails !== undefined) throw fails;
          return nextToken === undefined
            ? { pullRequestIds: ["7"], nextToken: "2" }
            : { pullRequestIds: ["8"] };
        },
        getPullRequest: async ({ pullRequestId }) => ({
          pullRequest: {
            revisionId: "r",
            // Closed between the two questions.
            pullRequestStatus: pullRequestId === "8" ? "CLOSED" : "OPEN",
            pullRequestTargets: [target],
          },
        }),
      },
    });
    const { source } = codecommitPipeline({}, change);
    return { found: await codecommitSource(aws).offers?.(source), asked: operations(calls) };
  }

  test("open pull requests, page by page", async () => {
    const { found, asked } = await offers({ pullRequests: "build-only" });
    expect(found).toEqual([
      {
        ref: "refs/pull/7/head",
        commit: sha("d"),
        before: sha("a"),
        trigger: { type: "pull-request", number: 7, fork: false, revisionId: "r" },
        matched: "refs/heads/main",
        people: {},
        authors: [],
      },
    ]);
    expect(asked).toEqual(["ListPullRequests", "ListPullRequests", "GetPullRequest", "GetPullRequest"]);
  });

  test("is not asked about by a pipeline that builds none", async () => {
    expect(await offers({})).toEqual({ found: undefined, asked: [] });
  });

  test("a repository that is not there has none; what fails otherwise is thrown", async () => {
    const gone = awsError("RepositoryDoesNotExistException");
    expect((await offers({ pullRequests: "build-only" }, gone)).found).toEqual([]);
    const fails = offers({ pullRequests: "build-only" }, awsError("ThrottlingException"));
    await expect(fails).rejects.toMatchObject({ name: "ThrottlingException" });
  });
});
