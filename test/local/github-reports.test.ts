import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commit, git } from "./codebuild-endpoint.ts";
import { type GithubWorld, startWorld } from "./github-world.ts";

let github: GithubWorld;
beforeAll(async () => {
  github = await startWorld();
});
afterAll(() => github.stop());

const owner = "octocat";

describe("statuses", () => {
  test("are listed, combined by context, and bounded", async () => {
    const { at, commit: sha } = await github.pushed();
    const octokit = github.octokit();
    const set = (state: "failure" | "pending" | "success", context: string) =>
      octokit("POST /repos/{owner}/{repo}/statuses/{sha}", {
        ...at,
        sha,
        state,
        context,
        target_url: "https://x.y",
      });
    const combined = async () =>
      (await octokit("GET /repos/{owner}/{repo}/commits/{ref}/status", { ...at, ref: "main" })).data;
    expect(await combined()).toMatchObject({ state: "pending", total_count: 0, sha });
    const { data, status } = await set("pending", "linux/amd64");
    expect([status, data.creator?.login, data.context]).toEqual([201, "octocat", "linux/amd64"]);
    await set("failure", "linux/arm64");
    expect((await combined()).state).toBe("failure");
    await set("success", "linux/amd64");
    await set("success", "linux/arm64");
    expect(await combined()).toMatchObject({ state: "success", total_count: 2 });
    const all = await octokit("GET /repos/{owner}/{repo}/commits/{ref}/statuses", { ...at, ref: sha });
    expect(all.data.map(({ state, context }) => `${context} ${state}`)).toEqual([
      "linux/arm64 success",
      "linux/amd64 success",
      "linux/arm64 failure",
      "linux/amd64 pending",
    ]);
    await expect(
      octokit("POST /repos/{owner}/{repo}/statuses/{sha}", { ...at, sha: "0".repeat(40), state: "success" }),
    ).rejects.toMatchObject({ status: 422 });
    await expect(
      octokit("POST /repos/{owner}/{repo}/statuses/{sha}", {
        ...at,
        sha,
        state: "success",
        description: "x".repeat(141),
      }),
    ).rejects.toMatchObject({
      status: 422,
      response: { data: { errors: [{ field: "description", code: "custom" }] } },
    });
    const raw = await fetch(`${github.url}/github/api/repos/${owner}/${at.repo}/statuses/${sha}`, {
      method: "POST",
      headers: { authorization: "token local-github-token" },
      body: "{",
    });
    expect([raw.status, await raw.json()]).toMatchObject([400, { message: "Problems parsing JSON" }]);
  });

  test("of one commit and context are 1,000", async () => {
    const { at, commit: sha } = await github.pushed();
    const octokit = github.octokit();
    const set = (context: string) =>
      octokit("POST /repos/{owner}/{repo}/statuses/{sha}", { ...at, sha, state: "success", context });
    for (let batch = 0; batch < 25; batch += 1)
      await Promise.all(Array.from({ length: 40 }, () => set("full")));
    await expect(set("full")).rejects.toMatchObject({
      status: 422,
      response: {
        data: { message: "Validation Failed", errors: [{ message: expect.stringContaining("maximum") }] },
      },
    });
    await expect(set("another")).resolves.toMatchObject({ status: 201 });
  }, 60_000);
});

describe("deployments", () => {
  test("have statuses with an address, and replace each other in an environment", async () => {
    const { at, commit: sha } = await github.pushed();
    const octokit = github.octokit();
    const deploy = async (environment: string) => {
      const { data, status } = await octokit("POST /repos/{owner}/{repo}/deployments", {
        ...{ ...at, ref: "main", environment, auto_merge: false, required_contexts: [] },
        payload: { run: "r1" },
      });
      if (!("id" in data)) throw new Error("no deployment");
      expect(status).toBe(201);
      return { ...data, id: Number(data.id) };
    };
    const tell = (deployment_id: number, state: "in_progress" | "success") =>
      octokit("POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", {
        ...{ ...at, deployment_id, state },
        environment_url: "https://staging.example.com",
        log_url: "https://x.y/log",
      });
    const states = async (deployment_id: number) =>
      (
        await octokit("GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses", {
          ...at,
          deployment_id,
        })
      ).data.map(({ state }) => state);
    const first = await deploy("staging");
    expect(first).toMatchObject({
      sha,
      ref: "main",
      environment: "staging",
      production_environment: false,
      payload: { run: "r1" },
    });
    await tell(first.id, "in_progress");
    const { data } = await tell(first.id, "success");
    expect(data).toMatchObject({
      state: "success",
      environment_url: "https://staging.example.com",
      log_url: "https://x.y/log",
    });
    const second = await deploy("staging");
    await tell(second.id, "success");
    expect(await states(first.id)).toEqual(["inactive", "success", "in_progress"]);
    expect(await states(second.id)).toEqual(["success"]);
    const production = await deploy("production");
    expect(production.production_environment).toBe(true);
    const listed = await octokit("GET /repos/{owner}/{repo}/deployments", { ...at, environment: "staging" });
    expect(listed.data.map(({ id }) => Number(id))).toEqual([second.id, first.id]);
  });

  test("wait for the contexts that they require, and do not merge", async () => {
    const { at, path, url, commit: sha } = await github.pushed();
    const octokit = github.octokit();
    await octokit("POST /repos/{owner}/{repo}/statuses/{sha}", {
      ...at,
      sha,
      state: "pending",
      context: "build",
    });
    const deploy = (more: {
      readonly ref?: string;
      readonly required_contexts?: string[];
      readonly auto_merge?: boolean;
    }) => octokit("POST /repos/{owner}/{repo}/deployments", { ...at, ref: "main", ...more });
    await expect(deploy({})).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining("status checks failed"),
    });
    await expect(deploy({ required_contexts: ["other"] })).rejects.toMatchObject({ status: 409 });
    await octokit("POST /repos/{owner}/{repo}/statuses/{sha}", {
      ...at,
      sha,
      state: "success",
      context: "build",
    });
    await expect(deploy({})).resolves.toMatchObject({ status: 201 });
    await expect(deploy({ required_contexts: ["build"] })).resolves.toMatchObject({ status: 201 });
    await expect(deploy({ ref: "nothing" })).rejects.toMatchObject({ status: 422 });
    await git(path, "push", "--quiet", url, "main:refs/heads/behind");
    await commit(path, { "a.txt": "two\n" }, "second");
    await git(path, "push", "--quiet", url, "main");
    await expect(deploy({ ref: "behind" })).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining("auto_merge: false"),
    });
    await expect(deploy({ ref: "behind", auto_merge: false })).resolves.toMatchObject({ status: 201 });
  });
});
