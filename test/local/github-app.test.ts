import { createHash, createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { git, workingCopy } from "./codebuild-endpoint.ts";
import { startGithub } from "./github-endpoint.ts";
import { type GithubWorld, startWorld } from "./github-world.ts";

let github: GithubWorld;
beforeAll(async () => {
  github = await startWorld();
});
afterAll(() => github.stop());

const owner = "octocat";

describe("the App", () => {
  test("proves itself with its key, and gets tokens that last an hour", async () => {
    const { at } = await github.pushed();
    const { data: app } = await github.appRequest()("GET /app");
    expect(app).toMatchObject({ id: 1, slug: "tandem-local" });
    const installed = await github.appRequest()("GET /repos/{owner}/{repo}/installation", at);
    const issued = await github.appRequest()("POST /app/installations/{installation_id}/access_tokens", {
      installation_id: installed.data.id,
    });
    const lasts = Date.parse(issued.data.expires_at) - Date.now();
    expect(lasts).toBeGreaterThan(3_500_000);
    expect(lasts).toBeLessThanOrEqual(3_600_000);
    const octokit = github.octokit(issued.data.token);
    await expect(octokit("GET /repos/{owner}/{repo}", at)).resolves.toMatchObject({ status: 200 });
    await expect(octokit("GET /user")).rejects.toMatchObject({ status: 403 });
    const mine = await octokit("GET /installation/repositories");
    expect(mine.data.repositories.map(({ name }) => name)).toContain(at.repo);
  });

  test("is refused with another key, another id, and a token of the past", async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const seconds = Math.floor(Date.now() / 1000);
    const claims = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iss: 1, iat: seconds, exp: seconds + 60 })}`;
    const forged = `${claims}.${createHmac("sha256", "key").update(claims).digest("base64url")}`;
    const unsigned = `${part({ alg: "none" })}.${part({ iss: 1, iat: seconds, exp: seconds + 60 })}.`;
    for (const token of [forged, unsigned, "a.b.c"]) {
      await expect(github.octokit(token)("GET /app")).rejects.toMatchObject({
        status: 401,
        message: expect.stringContaining("A JSON web token could not be decoded"),
      });
    }
    await expect(github.octokit()("GET /app")).rejects.toMatchObject({ status: 401 });
  });

  test("has check runs, which a person has not", async () => {
    const { at, commit: sha } = await github.pushed();
    const run = { ...at, name: "build", head_sha: sha, details_url: "https://x.y/run" };
    await expect(github.octokit()("POST /repos/{owner}/{repo}/check-runs", run)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("You must authenticate via a GitHub App."),
    });
    const octokit = await github.appOctokit(owner, at.repo);
    const started = await octokit("POST /repos/{owner}/{repo}/check-runs", { ...run, status: "in_progress" });
    expect(started.data).toMatchObject({ status: "in_progress", conclusion: null, head_sha: sha });
    const ended = await octokit("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
      ...at,
      check_run_id: started.data.id,
      conclusion: "success",
      output: { title: "Built", summary: "for two architectures" },
    });
    expect(ended.data).toMatchObject({
      status: "completed",
      conclusion: "success",
      completed_at: expect.any(String),
    });
    const listed = await github.octokit(null)("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
      ...at,
      ref: "main",
    });
    expect(listed.data).toMatchObject({
      total_count: 1,
      check_runs: [{ name: "build", app: { slug: "tandem-local" }, output: { title: "Built" } }],
    });
    await expect(
      octokit("POST /repos/{owner}/{repo}/check-runs", {
        ...at,
        name: "x",
        head_sha: sha,
        status: "completed",
        output: { title: "long", summary: "x".repeat(65_536) },
      }),
    ).rejects.toMatchObject({ status: 422 });
  });

  test("may do no more than its token says, and only where it is installed", async () => {
    const { at, commit: sha } = await github.pushed();
    const other = await github.pushed();
    const narrowed = await github.appOctokit(owner, at.repo, {
      repositoryNames: [at.repo],
      permissions: { statuses: "write" },
    });
    const status = { sha, state: "success" } as const;
    await expect(
      narrowed("POST /repos/{owner}/{repo}/statuses/{sha}", { ...at, ...status }),
    ).resolves.toMatchObject({ status: 201, data: { creator: { login: "tandem-local[bot]", type: "Bot" } } });
    const forbidden = {
      status: 403,
      message: expect.stringContaining("Resource not accessible by integration"),
    };
    await expect(
      narrowed("POST /repos/{owner}/{repo}/check-runs", { ...at, name: "x", head_sha: sha }),
    ).rejects.toMatchObject(forbidden);
    await expect(
      narrowed("POST /repos/{owner}/{repo}/statuses/{sha}", { ...other.at, ...status, sha: other.commit }),
    ).rejects.toMatchObject(forbidden);
    await expect(
      github.appOctokit(owner, at.repo, { permissions: { administration: "write" } }),
    ).rejects.toMatchObject({ status: 422 });
    await git(other.path, "push", "--quiet", `${github.url}/github/somebody/else.git`, "main");
    await expect(
      narrowed("POST /repos/{owner}/{repo}/statuses/{sha}", {
        ...{ owner: "somebody", repo: "else" },
        ...{ ...status, sha: other.commit },
      }),
    ).rejects.toMatchObject(forbidden);
    await expect(
      narrowed("GET /repos/{owner}/{repo}", { owner: "somebody", repo: "else" }),
    ).resolves.toMatchObject({ status: 200 });
  });
});

describe("what is stored", () => {
  test("is there after a restart: repositories, records, deliveries and the App's key", async () => {
    const stateDir = join(github.folder, "restarted");
    const before = await startGithub({ stateDir });
    const copy = await workingCopy(github.folder, "restarted-copy", { "a.txt": "one\n" });
    await git(copy.path, "push", "--quiet", `${before.url}/github/Acme/Shop.git`, "main");
    await before.receiver.first(({ event }) => event === "push");
    const at = { owner: "acme", repo: "shop" };
    await before.octokit()("POST /repos/{owner}/{repo}/statuses/{sha}", {
      ...at,
      sha: copy.commit,
      state: "success",
    });
    const secret = createHash("sha256").update(before.github.secret()).digest("hex");
    await before.stop();

    const after = await startGithub({ stateDir });
    expect(createHash("sha256").update(after.github.secret()).digest("hex")).toBe(secret);
    const { data } = await after.octokit()("GET /repos/{owner}/{repo}/commits/{ref}/status", {
      ...at,
      ref: "main",
    });
    expect(data).toMatchObject({ state: "success", repository: { full_name: "Acme/Shop" } });
    const again = await after.local("POST", "redeliver", { delivery: "last" });
    expect(again).toMatchObject({
      status: 200,
      body: { event: "push", repository: "Acme/Shop", status: "OK" },
    });
    await after.stop();
  });

  test("is refused by name when it is damaged", async () => {
    const stateDir = join(github.folder, "damaged");
    await (await startGithub({ stateDir })).stop();
    const file = join(stateDir, "github", "app.json");
    await writeFile(file, '{"version":1,"data":{"appId":1,"privateKey":"none"}}');
    await expect(startGithub({ stateDir })).rejects.toThrow(file);
  });
});
