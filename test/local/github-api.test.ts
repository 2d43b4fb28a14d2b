import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { commit, git } from "./codebuild-endpoint.ts";
import { type GithubWorld, startWorld } from "./github-world.ts";

let github: GithubWorld;
beforeAll(async () => {
  github = await startWorld();
});
afterAll(() => github.stop());

const owner = "octocat";

describe("repositories, branches and commits", () => {
  test("page through tags, with the commits that annotated ones point at", async () => {
    const { at, path, url, commit: sha } = await github.pushed();
    await git(path, "tag", "v1");
    await git(path, "tag", "--annotate", "--message", "two", "release/2");
    await git(path, "push", "--quiet", url, "v1", "release/2");
    const first = await github.octokit()("GET /repos/{owner}/{repo}/tags", { ...at, per_page: 1 });
    expect(first.data).toMatchObject([{ name: "v1", commit: { sha } }]);
    const next = /<([^>]+)>; rel="next"/.exec(String(first.headers.link))?.[1] ?? "";
    const second = await github.octokit()(`GET ${next}`);
    expect(second.data).toMatchObject([{ name: "release/2", commit: { sha } }]);
  });

  test("are read without a token when they are public, and are not there when they are private", async () => {
    const { at, commit: sha } = await github.pushed();
    const nobody = github.octokit(null);
    const { data } = await nobody("GET /repos/{owner}/{repo}", at);
    expect(data).toMatchObject({
      full_name: `${owner}/${at.repo}`,
      default_branch: "main",
      visibility: "public",
    });
    const branch = await nobody("GET /repos/{owner}/{repo}/branches/{branch}", { ...at, branch: "main" });
    expect(branch.data.commit.sha).toBe(sha);
    await github.octokit()("PATCH /repos/{owner}/{repo}", { ...at, private: true });
    await expect(nobody("GET /repos/{owner}/{repo}", at)).rejects.toMatchObject({
      status: 404,
      response: { data: { message: "Not Found", documentation_url: expect.any(String), status: "404" } },
    });
    const stranger = github.octokit("local-github-token-hubot");
    await expect(stranger("GET /repos/{owner}/{repo}", at)).rejects.toMatchObject({ status: 404 });
    await expect(github.octokit()("GET /repos/{owner}/{repo}", at)).resolves.toMatchObject({ status: 200 });
  });

  test("refuse bad credentials and what needs some", async () => {
    const { at, commit: sha } = await github.pushed();
    await expect(github.octokit("wrong")("GET /repos/{owner}/{repo}", at)).rejects.toMatchObject({
      status: 401,
      message: expect.stringContaining("Bad credentials"),
    });
    const status = { ...at, sha, state: "success" } as const;
    await expect(
      github.octokit(null)("POST /repos/{owner}/{repo}/statuses/{sha}", status),
    ).rejects.toMatchObject({ status: 401, message: expect.stringContaining("Requires authentication") });
    await expect(
      github.octokit("local-github-token-hubot")("POST /repos/{owner}/{repo}/statuses/{sha}", status),
    ).rejects.toMatchObject({ status: 404 });
    expect((await github.octokit()("GET /user")).data.login).toBe("octocat");
  });

  test("page through branches with Link, and name any branch", async () => {
    const { at, path, url, commit: sha } = await github.pushed();
    const names = ["a", "b", "feature/x", "it's $(here) é"].map((name) => name.replaceAll(" ", "_"));
    await git(path, "push", "--quiet", url, ...names.map((name) => `main:refs/heads/${name}`));
    const octokit = github.octokit();
    const first = await octokit("GET /repos/{owner}/{repo}/branches", { ...at, per_page: 2 });
    expect(first.data.map(({ name }) => name)).toEqual(["a", "b"]);
    const next = /<([^>]+)>; rel="next"/.exec(String(first.headers.link))?.[1] ?? "";
    const second = await octokit(`GET ${next}`);
    expect(second.data).toMatchObject([{ name: "feature/x", commit: { sha } }, { name: names[3] }]);
    expect(second.headers.link).toContain('rel="first"');
    for (const name of [...names, "main"]) {
      const branch = await octokit("GET /repos/{owner}/{repo}/branches/{branch}", { ...at, branch: name });
      expect(branch.data).toMatchObject({
        name,
        commit: { sha, commit: { author: { date: "2023-11-14T22:13:20Z" } } },
      });
      const ref = await octokit("GET /repos/{owner}/{repo}/git/ref/{ref}", { ...at, ref: `heads/${name}` });
      expect(ref.data).toMatchObject({ ref: `refs/heads/${name}`, object: { type: "commit", sha } });
      expect((await octokit("GET /repos/{owner}/{repo}/commits/{ref}", { ...at, ref: name })).data.sha).toBe(
        sha,
      );
    }
    const describedLike = `nope-1-g${sha.slice(0, 8)}`;
    for (const branch of ["nope", "main~1", "HEAD@{0}", "--all", describedLike]) {
      await expect(
        octokit("GET /repos/{owner}/{repo}/branches/{branch}", { ...at, branch }),
      ).rejects.toMatchObject({ status: 404 });
      await expect(
        octokit("GET /repos/{owner}/{repo}/commits/{ref}", { ...at, ref: branch }),
      ).rejects.toMatchObject({ status: 422, message: expect.stringContaining("No commit found for SHA") });
    }
  });

  test("answer a repeated question with 304, and count the others", async () => {
    const { at } = await github.pushed();
    const octokit = github.octokit();
    const first = await octokit("GET /repos/{owner}/{repo}/branches/{branch}", { ...at, branch: "main" });
    const again = octokit("GET /repos/{owner}/{repo}/branches/{branch}", {
      ...at,
      branch: "main",
      headers: { "if-none-match": first.headers.etag },
    });
    await expect(again).rejects.toMatchObject({ status: 304 });
    const after = await octokit("GET /repos/{owner}/{repo}", at);
    expect(Number(after.headers["x-ratelimit-used"])).toBe(Number(first.headers["x-ratelimit-used"]) + 1);
    expect(after.headers).toMatchObject({
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": expect.any(String),
      "x-ratelimit-reset": expect.any(String),
      "x-ratelimit-resource": "core",
    });
  });

  test("give files, folders and raw content at a ref", async () => {
    const { at, path, url, commit: sha } = await github.pushed({ "d/a b.txt": "one\n", "top.txt": "top\n" });
    await commit(path, { "d/a b.txt": "two\n" }, "second");
    await git(path, "push", "--quiet", url, "main");
    const octokit = github.octokit();
    const read = (file: string, ref?: string) =>
      octokit("GET /repos/{owner}/{repo}/contents/{path}", {
        ...at,
        path: file,
        ...(ref === undefined ? {} : { ref }),
      });
    const now = (await read("d/a b.txt")).data;
    expect(now).toMatchObject({
      type: "file",
      encoding: "base64",
      name: "a b.txt",
      content: "dHdvCg==\n",
      size: 4,
    });
    expect((await read("d/a b.txt", sha)).data).toMatchObject({ content: "b25lCg==\n" });
    expect((await read("d", "main")).data).toMatchObject([{ type: "file", path: "d/a b.txt" }]);
    expect((await read("")).data).toMatchObject([
      { type: "dir", path: "d" },
      { type: "file", path: "top.txt" },
    ]);
    const raw = await octokit("GET /repos/{owner}/{repo}/contents/{path}", {
      ...at,
      path: "top.txt",
      headers: { accept: "application/vnd.github.raw" },
    });
    expect(raw.data).toBe("top\n");
    await expect(read("nothing")).rejects.toMatchObject({ status: 404 });
    await expect(read("top.txt", "nothing")).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("No commit found for the ref nothing"),
    });
  });
});

describe("what is not emulated", () => {
  test("is said, with what is there", async () => {
    const { at } = await github.pushed();
    const octokit = github.octokit();
    await expect(octokit("GET /repos/{owner}/{repo}/issues", at)).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("does not emulate GET /repos/octocat/"),
    });
    await expect(octokit(`DELETE /repos/octocat/${at.repo}`)).rejects.toMatchObject({
      status: 405,
      message: expect.stringContaining("but GET, PATCH"),
    });
  });
});

describe("a comparison", () => {
  test("is made from where the histories parted, with renames", async () => {
    const {
      at,
      path,
      url,
      commit: base,
    } = await github.pushed({ "old.txt": "a\nb\nc\nd\n", "gone.txt": "x\n" });
    await git(path, "checkout", "--quiet", "-b", "side");
    await git(path, "mv", "old.txt", "new.txt");
    await git(path, "rm", "--quiet", "gone.txt");
    const head = await commit(path, { "added.txt": "1\n2\n" }, "side");
    await git(path, "checkout", "--quiet", "main");
    await commit(path, { "only-on-main.txt": "m\n" }, "main goes on");
    await git(path, "push", "--quiet", url, "main", "side");
    const octokit = github.octokit();
    const compare = async (basehead: string) =>
      (await octokit("GET /repos/{owner}/{repo}/compare/{basehead}", { ...at, basehead })).data;
    const sides = await compare("main...side");
    expect(sides).toMatchObject({ status: "diverged", ahead_by: 1, behind_by: 1, total_commits: 1 });
    expect(sides.merge_base_commit.sha).toBe(base);
    expect(sides.commits.map(({ sha }) => sha)).toEqual([head]);
    expect(sides.files).toMatchObject([
      { filename: "added.txt", status: "added", additions: 2, deletions: 0, changes: 2 },
      { filename: "gone.txt", status: "removed", deletions: 1 },
      { filename: "new.txt", status: "renamed", previous_filename: "old.txt", changes: 0 },
    ]);
    expect(await compare(`${base}...main`)).toMatchObject({ status: "ahead", ahead_by: 1, behind_by: 0 });
    expect(await compare(`main...${base}`)).toMatchObject({ status: "behind", files: [], commits: [] });
    expect(await compare("main...main")).toMatchObject({ status: "identical", total_commits: 0 });
    await expect(compare("main...nothing")).rejects.toMatchObject({ status: 404 });
  });

  test("names 300 files at most, on the first page, and all commits page by page", async () => {
    const { at, path, url, commit: base } = await github.pushed();
    const many = Object.fromEntries(
      Array.from({ length: 320 }, (_, file) => [`many/${1000 + file}.txt`, "x\n"]),
    );
    await commit(path, many, "many");
    await commit(path, {}, "two");
    await commit(path, {}, "three");
    await git(path, "push", "--quiet", url, "main");
    const octokit = github.octokit();
    const page = (number: number) =>
      octokit("GET /repos/{owner}/{repo}/compare/{basehead}", {
        ...{ ...at, basehead: `${base}...main` },
        ...{ page: number, per_page: 2 },
      });
    const [first, second] = [await page(1), await page(2)];
    expect(first.data).toMatchObject({ total_commits: 3, ahead_by: 3 });
    expect(first.data.files).toHaveLength(300);
    expect(first.data.commits.map((one) => one.commit.message)).toEqual(["many", "two"]);
    expect(first.headers.link).toContain('rel="next"');
    expect(second.data.commits.map((one) => one.commit.message)).toEqual(["three"]);
    expect(second.data.files).toEqual([]);
  });

  test("of histories with nothing in common is refused", async () => {
    const { at, path, url } = await github.pushed();
    await git(path, "checkout", "--quiet", "--orphan", "other");
    await commit(path, { "z.txt": "z\n" }, "other");
    await git(path, "push", "--quiet", url, "other");
    await expect(
      github.octokit()("GET /repos/{owner}/{repo}/compare/{basehead}", { ...at, basehead: "main...other" }),
    ).rejects.toMatchObject({ status: 404, message: expect.stringContaining("No common ancestor") });
  });
});
