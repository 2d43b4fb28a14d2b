import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commit, type Detail, git, isDetail, temporaryFolder, workingCopy } from "./codebuild-endpoint.ts";
import { type GithubEndpoint, type Received, startGithub } from "./github-endpoint.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let endpoint: GithubEndpoint;
let copies = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  endpoint = await startGithub({ stateDir: join(folder.path, "state") });
});
afterAll(async () => {
  await endpoint.stop();
  await folder.remove();
});

const owner = "octocat";

/** A repository with main, and a branch `feature` that is one commit ahead of it. */
async function withFeature() {
  copies += 1;
  const repo = `pulls-${copies}`;
  const copy = await workingCopy(folder.path, repo, { "a.txt": "one\n" });
  const url = `${endpoint.url}/github/${owner}/${repo}.git`;
  await git(copy.path, "push", "--quiet", url, "main");
  await git(copy.path, "checkout", "--quiet", "-b", "feature");
  const head = await commit(copy.path, { "b.txt": "b\n" }, "feature");
  await git(copy.path, "push", "--quiet", url, "feature");
  return { ...copy, repo, url, head, at: { owner, repo } };
}

const told = (repo: string, action: string): Promise<Received> =>
  endpoint.receiver.first(
    ({ event, payload }) =>
      event === "pull_request" &&
      payload.action === action &&
      isDetail(payload.repository) &&
      payload.repository.name === repo,
  );

const pullOf = (one: Received): Detail =>
  isDetail(one.payload.pull_request) ? one.payload.pull_request : {};

describe("a pull request", () => {
  test("is told of when it is opened, gets commits, is closed and reopened", async () => {
    const { at, repo, path, url, head, commit: base } = await withFeature();
    const octokit = endpoint.octokit();
    const { data } = await octokit("POST /repos/{owner}/{repo}/pulls", {
      ...at,
      ...{ title: "A feature", head: "feature", base: "main", body: "please" },
    });
    expect(data).toMatchObject({
      number: 1,
      state: "open",
      merged: false,
      commits: 1,
      changed_files: 1,
      additions: 1,
    });
    const opened = await told(repo, "opened");
    const repository = { full_name: `${owner}/${repo}` };
    expect(opened.payload).toMatchObject({
      action: "opened",
      number: 1,
      repository,
      sender: { login: owner },
      pull_request: {
        title: "A feature",
        head: { ref: "feature", sha: head, label: "octocat:feature", repo: repository },
        base: { ref: "main", sha: base, repo: repository },
      },
    });
    expect(await git(path, "ls-remote", url, "refs/pull/1/head")).toContain(head);

    const next = await commit(path, { "b.txt": "c\n" }, "more");
    await git(path, "push", "--quiet", url, "feature");
    const synchronize = await told(repo, "synchronize");
    expect(synchronize.payload).toMatchObject({ before: head, after: next, number: 1 });
    expect(pullOf(synchronize)).toMatchObject({ head: { sha: next }, commits: 2 });
    expect(await git(path, "ls-remote", url, "refs/pull/1/head")).toContain(next);

    const number = { ...at, pull_number: 1 };
    await octokit("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...number, state: "closed" });
    expect(pullOf(await told(repo, "closed"))).toMatchObject({
      state: "closed",
      merged: false,
      closed_at: expect.any(String),
    });
    await octokit("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", { ...number, state: "open" });
    expect(pullOf(await told(repo, "reopened"))).toMatchObject({ state: "open", closed_at: null });
  });

  test("is closed as merged when its commits reach the base, and closed when its branch is deleted", async () => {
    const { at, repo, path, url } = await withFeature();
    const octokit = endpoint.octokit();
    await octokit("POST /repos/{owner}/{repo}/pulls", { ...at, title: "One", head: "feature", base: "main" });
    await git(path, "push", "--quiet", url, "feature:main");
    expect(pullOf(await told(repo, "closed"))).toMatchObject({
      number: 1,
      merged: true,
      merged_at: expect.any(String),
    });
    await commit(path, { "c.txt": "c\n" }, "other");
    await git(path, "push", "--quiet", url, "HEAD:refs/heads/other");
    await octokit("POST /repos/{owner}/{repo}/pulls", { ...at, title: "Two", head: "other", base: "main" });
    await git(path, "push", "--quiet", "--delete", url, "other");
    const closed = await endpoint.receiver.first(
      (one) => one.event === "pull_request" && one.payload.number === 2 && one.payload.action === "closed",
    );
    expect(pullOf(closed)).toMatchObject({ merged: false });
    const { data } = await octokit("GET /repos/{owner}/{repo}/pulls", { ...at, state: "all" });
    expect(data.map(({ number, state }) => `${number} ${state}`)).toEqual(["2 closed", "1 closed"]);
  });

  test("from a fork has another repository as its head", async () => {
    const { at, repo, path, url, commit: base } = await withFeature();
    const hubot = endpoint.octokit("local-github-token-hubot");
    const { data: fork, status } = await hubot("POST /repos/{owner}/{repo}/forks", at);
    expect(status).toBe(202);
    expect(fork).toMatchObject({
      full_name: `hubot/${repo}`,
      fork: true,
      parent: { full_name: `${owner}/${repo}` },
    });
    const forkUrl = `${endpoint.url}/github/hubot/${repo}.git`;
    await git(path, "checkout", "--quiet", "-B", "fix", "main");
    const head = await commit(path, { "fix.txt": "f\n" }, "fix");
    await git(path, "push", "--quiet", forkUrl, "fix");
    const { data } = await hubot("POST /repos/{owner}/{repo}/pulls", {
      ...at,
      ...{ title: "From outside", head: "hubot:fix", base: "main" },
    });
    expect(data).toMatchObject({
      user: { login: "hubot" },
      head: { label: "hubot:fix", sha: head, repo: { full_name: `hubot/${repo}`, fork: true } },
      base: { sha: base, repo: { full_name: `${owner}/${repo}`, fork: false } },
    });
    expect(pullOf(await told(repo, "opened"))).toMatchObject({
      head: { repo: { full_name: `hubot/${repo}` } },
    });
    expect(await git(path, "ls-remote", url, "refs/pull/1/head")).toContain(head);
    const compared = await endpoint.octokit()("GET /repos/{owner}/{repo}/compare/{basehead}", {
      ...at,
      basehead: "main...hubot:fix",
    });
    expect(compared.data).toMatchObject({ status: "ahead", files: [{ filename: "fix.txt" }] });
    const next = await commit(path, { "fix.txt": "g\n" }, "fix again");
    await git(path, "push", "--quiet", forkUrl, "fix");
    expect((await told(repo, "synchronize")).payload).toMatchObject({ before: head, after: next });
    expect(endpoint.receiver.received.filter(({ payload }) => payload.after === next)).toHaveLength(1);
  });

  test("is refused when there is nothing to propose, or no such branch", async () => {
    const { at } = await withFeature();
    const octokit = endpoint.octokit();
    const open = (head: string, base: string) =>
      octokit("POST /repos/{owner}/{repo}/pulls", { ...at, title: "x", head, base });
    await expect(open("nothing", "main")).rejects.toMatchObject({
      status: 422,
      response: { data: { errors: [{ resource: "PullRequest", field: "head", code: "invalid" }] } },
    });
    await expect(open("feature", "nothing")).rejects.toMatchObject({ status: 422 });
    await expect(open("main", "feature")).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("No commits between feature and main"),
    });
    await open("feature", "main");
    await expect(open("feature", "main")).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("A pull request already exists for octocat:feature."),
    });
  });
});

describe("a release", () => {
  test("is told of when it is published, and makes its tag, which is a push", async () => {
    const { at, repo, commit: base } = await withFeature();
    const octokit = endpoint.octokit();
    const { data } = await octokit("POST /repos/{owner}/{repo}/releases", {
      ...at,
      ...{ tag_name: "v1.0.0", name: "One", prerelease: false },
    });
    expect(data).toMatchObject({
      tag_name: "v1.0.0",
      target_commitish: "main",
      draft: false,
      published_at: expect.any(String),
    });
    const isHere = ({ payload }: Received) =>
      isDetail(payload.repository) && payload.repository.name === repo;
    const tag = await endpoint.receiver.first((one) => isHere(one) && one.payload.ref === "refs/tags/v1.0.0");
    expect(tag.payload).toMatchObject({ after: base, created: true, base_ref: "refs/heads/main" });
    const release = await endpoint.receiver.first((one) => isHere(one) && one.event === "release");
    expect(release.payload).toMatchObject({
      action: "published",
      release: { tag_name: "v1.0.0", name: "One", author: { login: owner } },
      sender: { login: owner },
    });
    const latest = await octokit("GET /repos/{owner}/{repo}/releases/latest", at);
    expect(latest.data.id).toBe(data.id);
    await expect(
      octokit("POST /repos/{owner}/{repo}/releases", { ...at, tag_name: "v1.0.0" }),
    ).rejects.toMatchObject({ status: 422 });
    for (const tag_name of ["a..b", "two words"]) {
      await expect(octokit("POST /repos/{owner}/{repo}/releases", { ...at, tag_name })).rejects.toMatchObject(
        { status: 422 },
      );
    }
  });

  test("that is a draft is told nobody, and makes no tag", async () => {
    const { at, repo, path, url } = await withFeature();
    await endpoint.octokit()("POST /repos/{owner}/{repo}/releases", { ...at, tag_name: "v2", draft: true });
    await endpoint.octokit()("POST /repos/{owner}/{repo}/releases", { ...at, tag_name: "v3" });
    const isHere = ({ event, payload }: Received) =>
      event === "release" && isDetail(payload.repository) && payload.repository.name === repo;
    const [first] = await endpoint.receiver.count(1, isHere);
    expect(first?.payload).toMatchObject({ release: { tag_name: "v3" } });
    expect(await git(path, "ls-remote", "--tags", url)).not.toContain("v2");
  });
});
