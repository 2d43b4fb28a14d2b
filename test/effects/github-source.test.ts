import { describe, expect, test } from "@jest/globals";
import { githubSource } from "../../shared/effects/github-source.ts";
import { COMMIT } from "../pipeline/given.ts";
import { fakeGitHub, type Reply } from "./fake-github.ts";

const REPOSITORY = "acme/web";
const OLD = "0".repeat(40);

/** A source whose GitHub knows these paths; every other one is 404. */
function given(paths: Readonly<Record<string, Reply>>) {
  const { api, calls } = fakeGitHub(({ path }) => paths[path] ?? { status: 404 });
  return { source: githubSource(api), asked: () => calls.map(({ method, path }) => `${method} ${path}`) };
}

const at = (ref: string) => ({ repository: REPOSITORY, ref, commit: COMMIT });

describe("where a ref is", () => {
  test("a branch, whatever it is called", async () => {
    const path = "/repos/acme/web/git/ref/heads/feature/%C3%BC%20%23%3F";
    const { source } = given({ [path]: { data: { ref: "…", object: { type: "commit", sha: COMMIT } } } });
    expect(await source.head(at("refs/heads/feature/ü #?"))).toEqual({ commit: COMMIT });
  });

  test("a branch that is deleted is gone, and so is one of an empty repository", async () => {
    expect(await given({}).source.head(at("refs/heads/main"))).toBe("gone");
    const empty = given({ "/repos/acme/web/git/ref/heads/main": { status: 409 } });
    expect(await empty.source.head(at("refs/heads/main"))).toBe("gone");
  });

  test("a tag does not move, and is not asked about", async () => {
    const { source, asked } = given({});
    expect(await source.head(at("refs/tags/v1"))).toBe("unknown");
    expect(asked()).toEqual([]);
  });

  test.each([
    ["open", { commit: COMMIT }],
    ["closed", "gone"],
  ])("a pull request that is %s", async (state, head) => {
    const { source } = given({ "/repos/acme/web/pulls/12": { data: { state, head: { sha: COMMIT } } } });
    expect(await source.head(at("refs/pull/12/head"))).toEqual(head);
  });

  test("what GitHub cannot say now is thrown, not guessed", async () => {
    const { source } = given({ "/repos/acme/web/git/ref/heads/main": { status: 503 } });
    await expect(source.head(at("refs/heads/main"))).rejects.toMatchObject({ status: 503 });
  });
});

describe("a commit", () => {
  const path = `/repos/acme/web/commits/${COMMIT}?per_page=1`;
  const person = { name: "Ada", email: "ada@example.com" };

  test.each([
    ["whom GitHub knows", { login: "ada" }, person, { author: "ada" }, ["ada", "ada@example.com"]],
    ["whom it does not know", null, person, { author: "Ada <ada@example.com>" }, ["ada@example.com"]],
    ["of whom it says nothing", {}, person, { author: "Ada <ada@example.com>" }, ["ada@example.com"]],
    ["without an address", null, { name: "Ada", email: "" }, { author: "Ada" }, []],
    ["who is nobody", null, null, {}, []],
  ])("tells its message and its author, %s", async (_who, account, author, people, authors) => {
    const commit = { message: "Do it\n\n[skip ci]", author, committer: null };
    const { source } = given({ [path]: { data: { sha: COMMIT, commit, author: account, committer: null } } });
    expect(await source.commit(REPOSITORY, COMMIT)).toEqual({
      message: "Do it\n\n[skip ci]",
      people,
      authors,
    });
  });

  test.each([404, 422])("that is not there (%d)", async (status) => {
    expect(await given({ [path]: { status } }).source.commit(REPOSITORY, COMMIT)).toBeUndefined();
  });
});

describe("the files that changed", () => {
  const there = `/repos/acme/web/compare/${OLD}...${COMMIT}?per_page=1`;
  const back = `/repos/acme/web/compare/${COMMIT}...${OLD}?per_page=1`;
  const files = (...names: readonly string[]) => names.map((filename) => ({ filename }));
  const changed = (paths: Readonly<Record<string, Reply>>) =>
    given(paths).source.changedFiles(REPOSITORY, OLD, COMMIT);

  test("a renamed file counts under both names", async () => {
    const renamed = { filename: "b", previous_filename: "a", status: "renamed" };
    expect(
      await changed({ [there]: { data: { status: "ahead", files: [renamed, ...files("c")] } } }),
    ).toEqual(["b", "a", "c"]);
  });

  test("after a forced push, what the old commit had brought has changed, too", async () => {
    expect(
      await changed({
        [there]: { data: { status: "diverged", files: files("new", "both") } },
        [back]: { data: { status: "diverged", files: files("both", "old") } },
      }),
    ).toEqual(["new", "both", "old"]);
  });

  test("when the branch was set back, what has gone counts", async () => {
    expect(
      await changed({
        [there]: { data: { status: "behind", files: [] } },
        [back]: { data: { status: "ahead", files: files("gone") } },
      }),
    ).toEqual(["gone"]);
  });

  test("are unknown from as many as GitHub lists at most, and when the old commit is gone", async () => {
    const many = (count: number) => files(...Array.from({ length: count }, (_, i) => `f${i}`));
    expect(await changed({ [there]: { data: { status: "ahead", files: many(300) } } })).toBe("unknown");
    expect(await changed({ [there]: { data: { status: "ahead", files: many(299) } } })).toHaveLength(299);
    expect(await changed({})).toBe("unknown");
    expect(await changed({ [there]: { data: { status: "diverged", files: [] } } })).toBe("unknown");
  });
});

describe("where a commit stands to another", () => {
  const compared = `/repos/acme/web/compare/${OLD}...${COMMIT}?per_page=1`;

  test.each([
    ["identical", "same"],
    ["ahead", "before"],
    ["behind", "after"],
    ["diverged", "apart"],
  ])("%s: the first is %s", async (status, expected) => {
    const { source } = given({ [compared]: { data: { status, files: [] } } });
    expect(await source.relation(REPOSITORY, OLD, COMMIT)).toBe(expected);
  });

  test("with one that GitHub does not know any more is unknown", async () => {
    const { source } = given({ [compared]: { status: 404 } });
    expect(await source.relation(REPOSITORY, OLD, COMMIT)).toBe("unknown");
  });

  test("cannot be told when GitHub is not well", async () => {
    const { source } = given({ [compared]: { status: 502 } });
    await expect(source.relation(REPOSITORY, OLD, COMMIT)).rejects.toThrow("502");
  });
});

describe("the branches", () => {
  const first = "/repos/acme/web/branches?per_page=100";

  test("are those that are wanted, of every page", async () => {
    const { source } = given({
      [first]: { data: [{ name: "main", commit: { sha: COMMIT } }], next: "/repositories/1/branches?page=2" },
      "/repositories/1/branches?page=2": {
        data: [
          { name: "dev", commit: { sha: OLD } },
          { name: "release/1", commit: { sha: OLD } },
        ],
      },
    });
    expect(await source.branches(REPOSITORY, (name) => name !== "dev")).toEqual([
      { ref: "refs/heads/main", commit: COMMIT },
      { ref: "refs/heads/release/1", commit: OLD },
    ]);
  });

  test("of a repository that cannot be seen are an error: none would be wrong", async () => {
    await expect(given({}).source.branches(REPOSITORY, () => true)).rejects.toMatchObject({ status: 404 });
  });
});
