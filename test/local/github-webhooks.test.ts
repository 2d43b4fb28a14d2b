import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commit, git } from "./codebuild-endpoint.ts";
import { isSigned } from "./github-endpoint.ts";
import { type GithubWorld, isFrom, startWorld } from "./github-world.ts";

let github: GithubWorld;
beforeAll(async () => {
  github = await startWorld();
});
afterAll(() => github.stop());

const ZERO = "0".repeat(40);

/** A push of commits that are there already, as git would send it: its own client takes a minute for so many refs. */
async function pushRefs(url: string, commands: readonly string[]): Promise<void> {
  const line = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
  const head = Buffer.from("PACK\0\0\0\u0002\0\0\0\0", "latin1");
  const pack = Buffer.concat([head, createHash("sha1").update(head).digest()]);
  const wanted = commands.map((command, at) => line(at === 0 ? `${command}\0 report-status` : command));
  const response = await fetch(`${url}/git-receive-pack`, {
    method: "POST",
    headers: { "content-type": "application/x-git-receive-pack-request" },
    body: Buffer.concat([Buffer.from(`${wanted.join("")}0000`), pack]),
  });
  const report = await response.text();
  expect(report.match(/ok refs\//g)).toHaveLength(commands.length);
}

/** Makes many commits in one go. */
async function fastImport(path: string, stream: string): Promise<void> {
  const file = join(path, ".git", "stream");
  await writeFile(file, stream);
  await git(path, "-c", "alias.import=!git fast-import --quiet <.git/stream", "import");
}

describe("a push", () => {
  test("makes the repository, says so, greets its webhook, and sends a signed push", async () => {
    const { fullName, repo: name, commit: sha, first } = await github.pushed();
    expect(github.said).toContain(`github: created the repository ${fullName}, as it was pushed to`);
    const ping = await github.receiver.first(isFrom(fullName, "ping"));
    expect(ping.payload).toMatchObject({
      zen: expect.any(String),
      hook: { active: true, config: { secret: "********" } },
    });
    expect(isSigned(first, "local-webhook-secret")).toBe(true);
    expect(isSigned(first, "another secret")).toBe(false);
    expect(first.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": expect.stringMatching(/^GitHub-Hookshot\//),
      "x-github-event": "push",
      "x-github-delivery": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "x-github-hook-id": String(ping.payload.hook_id),
      "x-github-hook-installation-target-type": "repository",
    });
    expect(first.payload).toMatchObject({
      ref: "refs/heads/main",
      before: ZERO,
      after: sha,
      created: true,
      deleted: false,
      forced: false,
      base_ref: null,
      compare: `${github.url}/github/${fullName}/commit/${sha.slice(0, 12)}`,
      repository: {
        id: expect.any(Number),
        name,
        full_name: fullName,
        private: false,
        owner: { login: "octocat", name: "octocat", type: "User" },
        clone_url: `${github.url}/github/${fullName}.git`,
        html_url: `${github.url}/github/${fullName}`,
        default_branch: "main",
      },
      pusher: { name: "octocat", email: "octocat@users.noreply.github.com" },
      sender: { login: "octocat" },
      head_commit: { id: sha },
    });
    expect(first.payload.commits).toEqual([
      {
        id: sha,
        tree_id: expect.stringMatching(/^[0-9a-f]{40}$/),
        distinct: true,
        message: "first",
        timestamp: "2023-11-14T20:45:00-01:30",
        url: `${github.url}/github/${fullName}/commit/${sha}`,
        author: { name: "Ada", email: "ada@example.com", date: "2023-11-15T07:13:20+09:00" },
        committer: { name: "Grace", email: "grace@example.com", date: "2023-11-14T20:45:00-01:30" },
        added: ["a.txt"],
        removed: [],
        modified: [],
      },
    ]);
  });

  test("lists what each commit added, changed and removed, the oldest first", async () => {
    const {
      path,
      url,
      fullName,
      commit: before,
    } = await github.pushed({ "a.txt": "one\n", "old.txt": "old\n" });
    const second = await commit(path, { "a.txt": "two\n", "d/ü b.txt": "new\n" }, "second\n\nwith a body");
    await git(path, "mv", "old.txt", "new.txt");
    const third = await commit(path, {}, "third");
    await git(path, "push", "--quiet", url, "main");
    const { payload } = await github.push(fullName, (one) => one.payload.after === third);
    expect(payload).toMatchObject({ before, created: false, forced: false, base_ref: null });
    expect(payload.compare).toBe(
      `${github.url}/github/${fullName}/compare/${before.slice(0, 12)}...${third.slice(0, 12)}`,
    );
    expect(payload.commits).toMatchObject([
      {
        id: second,
        message: "second\n\nwith a body",
        added: ["d/ü b.txt"],
        removed: [],
        modified: ["a.txt"],
      },
      { id: third, added: ["new.txt"], removed: ["old.txt"], modified: [] },
    ]);
    expect(payload.head_commit).toMatchObject({ id: third });
  });

  test("tells of forced, tagged, branched and deleted refs, and of who pushed", async () => {
    const { path, url, fullName, commit: first } = await github.pushed();
    const second = await commit(path, { "a.txt": "two\n" }, "second");
    await git(path, "tag", "--annotate", "--message", "a tag", "v1");
    await git(path, "push", "--quiet", url, "main", "v1", "main:refs/heads/feature/x");
    const tag = await github.push(fullName, (one) => one.payload.ref === "refs/tags/v1");
    expect(tag.payload).toMatchObject({
      after: await git(path, "rev-parse", "v1"),
      created: true,
      base_ref: "refs/heads/feature/x",
      commits: [{ id: second }],
      head_commit: { id: second },
    });
    await git(path, "push", "--quiet", url, "main:refs/heads/feature/y");
    const branch = await github.push(fullName, (one) => one.payload.ref === "refs/heads/feature/y");
    expect(branch.payload).toMatchObject({
      created: true,
      commits: [],
      base_ref: "refs/heads/feature/x",
      head_commit: { id: second },
      compare: `${github.url}/github/${fullName}/compare/feature/y`,
    });
    await git(path, "reset", "--quiet", "--hard", first);
    const third = await commit(path, { "a.txt": "three\n" }, "third");
    const as = ["-c", `http.extraHeader=Authorization: Basic ${Buffer.from("hubot:x").toString("base64")}`];
    await git(path, ...as, "push", "--quiet", "--force", url, "main");
    const forced = await github.push(fullName, (one) => one.payload.after === third);
    expect(forced.payload).toMatchObject({
      before: second,
      forced: true,
      pusher: { name: "hubot" },
      sender: { login: "hubot" },
      commits: [{ id: third }],
    });
    await git(path, "push", "--quiet", "--delete", url, "feature/x", "v1");
    const deleted = await github.receiver.count(
      2,
      (one) => isFrom(fullName, "push")(one) && one.payload.deleted === true,
    );
    for (const { payload } of deleted) {
      expect(payload).toMatchObject({
        before: expect.any(String),
        after: ZERO,
        head_commit: null,
        commits: [],
      });
    }
    expect(deleted.map(({ payload }) => payload.ref).sort()).toEqual([
      "refs/heads/feature/x",
      "refs/tags/v1",
    ]);
  });

  test("of a merge says which commits were in the repository before", async () => {
    const { path, url, fullName } = await github.pushed();
    await git(path, "checkout", "--quiet", "-b", "side");
    const side = await commit(path, { "side.txt": "s\n" }, "side");
    await git(path, "push", "--quiet", url, "side");
    await git(path, "checkout", "--quiet", "main");
    await git(path, "merge", "--quiet", "--no-ff", "--message", "merged", "side");
    const merge = await git(path, "rev-parse", "HEAD");
    await git(path, "push", "--quiet", url, "main");
    const { payload } = await github.push(fullName, (one) => one.payload.after === merge);
    expect(payload.commits).toMatchObject([
      { id: side, distinct: false, added: ["side.txt"] },
      { id: merge, distinct: true, added: ["side.txt"] },
    ]);
  });

  test("of more than three tags sends none of them, but the branch", async () => {
    const { path, url, fullName } = await github.pushed();
    const second = await commit(path, { "a.txt": "two\n" }, "second");
    for (const tag of ["a", "b", "c", "d"]) await git(path, "tag", tag);
    await git(path, "push", "--quiet", url, "main", "a", "b", "c", "d");
    await github.push(fullName, (one) => one.payload.after === second);
    await git(path, "tag", "e");
    await git(path, "push", "--quiet", url, "e");
    await github.push(fullName, (one) => one.payload.ref === "refs/tags/e");
    const tags = github.receiver.received
      .filter(isFrom(fullName, "push"))
      .map(({ payload }) => String(payload.ref))
      .filter((ref) => ref.startsWith("refs/tags/"));
    expect(tags).toEqual(["refs/tags/e"]);
  });

  test("of more than 5,000 branches sends nothing, and lists at most 2,048 commits", async () => {
    const { path, url, fullName, commit: first } = await github.pushed();
    const commits = Array.from(
      { length: 2_060 },
      (_, at) =>
        `commit refs/heads/long\ncommitter A <a@b> ${1_700_000_000 + at} +0000\ndata 1\nx\n${at === 0 ? `from ${first}\n` : ""}\n`,
    );
    await fastImport(path, commits.join(""));
    const long = await git(path, "rev-parse", "long");
    await git(path, "push", "--quiet", url, "long");
    const { payload } = await github.push(fullName, (one) => one.payload.after === long);
    expect(payload.commits).toHaveLength(2_048);
    expect(payload.head_commit).toMatchObject({ id: long });

    await pushRefs(
      url,
      Array.from({ length: 5_001 }, (_, at) => `${ZERO} ${first} refs/heads/many/${at}`),
    );
    await git(path, "push", "--quiet", url, "main:refs/heads/after");
    await github.push(fullName, (one) => one.payload.ref === "refs/heads/after");
    const refs = github.receiver.received.filter(isFrom(fullName, "push")).map(({ payload: one }) => one.ref);
    expect(refs).toEqual(["refs/heads/main", "refs/heads/long", "refs/heads/after"]);
  }, 60_000);
});

describe("the repository's folder", () => {
  test("is private when it is told to be: git is asked for a token", async () => {
    const { path, url, repo: name, fullName } = await github.pushed();
    await github.octokit()("PATCH /repos/{owner}/{repo}", { owner: "octocat", repo: name, private: true });
    await expect(git(path, "ls-remote", url)).rejects.toThrow(
      /could not read Username|Authentication failed/,
    );
    const second = await commit(path, { "a.txt": "two\n" }, "second");
    const withToken = url.replace("//", "//x-access-token:local-github-token@");
    await git(path, "push", "--quiet", withToken, "main");
    const { payload } = await github.push(fullName, (one) => one.payload.after === second);
    expect(payload).toMatchObject({ sender: { login: "octocat" }, repository: { private: true } });
  });

  test("refuses names that are none, and pushes to where pull requests are kept", async () => {
    const { path, url } = await github.pushed();
    const elsewhere = `${github.url}/github`;
    await expect(git(path, "push", `${elsewhere}/a--b/c.git`, "main")).rejects.toThrow(/400/);
    await expect(git(path, "push", `${elsewhere}/a/b%20c.git`, "main")).rejects.toThrow(/400/);
    await expect(git(path, "ls-remote", `${elsewhere}/octocat/nothing-here.git`)).rejects.toThrow(
      /not found/,
    );
    await expect(git(path, "push", url, "main:refs/pull/1/head")).rejects.toThrow(/hidden ref/);
  });
});
