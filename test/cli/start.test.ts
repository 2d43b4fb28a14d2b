import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { COMMIT, type FakeApi, type Reply, startFakeApi, tandem, view } from "./support.ts";

const started: Reply = {
  status: 201,
  body: { run: view({ id: "hello-4" }), message: "alice started hello-4" },
};
let api: FakeApi;
const given = async (replies: readonly Reply[]) => {
  let asked = 0;
  api = await startFakeApi(() => {
    asked += 1;
    return replies[Math.min(asked, replies.length) - 1] ?? started;
  });
  return api.url;
};
const bodies = () => api.seen.map(({ body }) => JSON.parse(body));
beforeEach(() => given([started]));
afterEach(() => api.close());

describe("start", () => {
  test("says which run, and how to follow it", async () => {
    const { code, out } = await tandem(["start", "hello"], { url: api.url });
    expect({ code, out }).toEqual({
      code: 0,
      out: "alice started hello-4: main 0123456 of hello\nfollow it: tandem watch hello-4\n",
    });
    expect(api.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(["POST /api/pipelines/hello/runs"]);
    expect(bodies()).toEqual([{ id: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
  });

  test("branch and commit are sent, the pipeline's name is escaped", async () => {
    await tandem(["start", "a/b", "--branch", "fix/x y", "--commit", COMMIT.toUpperCase()], { url: api.url });
    expect(api.seen[0]?.url).toBe("/api/pipelines/a%2Fb/runs");
    expect(bodies()[0]).toMatchObject({ branch: "fix/x y", commit: COMMIT });
  });

  test("two starts are two wishes", async () => {
    await tandem(["start", "hello"], { url: api.url });
    await tandem(["start", "hello"], { url: api.url });
    expect(new Set(bodies().map(({ id }) => id)).size).toBe(2);
  });

  test("--json prints the API's answer", async () => {
    const { out } = await tandem(["start", "hello", "--json"], { url: api.url });
    expect(JSON.parse(out)).toMatchObject({ run: { id: "hello-4" }, message: "alice started hello-4" });
  });

  test("a lost answer is asked for again with the same id", async () => {
    await api.close();
    const url = await given([{ status: 503, body: { message: "Service Unavailable" } }, started]);
    expect((await tandem(["start", "hello"], { url })).code).toBe(0);
    const [first, second] = bodies();
    expect(second).toEqual(first);
  });

  test("it is given up after three", async () => {
    await api.close();
    const url = await given([{ status: 503, body: { message: "Service Unavailable" } }]);
    expect((await tandem(["start", "hello"], { url })).code).toBe(3);
    expect(bodies()).toHaveLength(3);
  });

  test.each([
    [404, "unknown-pipeline", 'there is no pipeline "x"; there are hello', 4],
    [409, "not-started", "0123456 is not the tip of main", 6],
  ])("a refusal with %i is told, and not tried again", async (status, code, message, exit) => {
    await api.close();
    const url = await given([{ status, body: { error: { code, message } } }]);
    const ran = await tandem(["start", "x"], { url });
    expect(ran).toEqual({ code: exit, out: "", err: `tandem: ${message}\n` });
    expect(api.seen).toHaveLength(1);
  });
});

describe("an abbreviated commit", () => {
  let checkout: string;
  beforeEach(async () => {
    checkout = await mkdtemp(join(tmpdir(), "tandem-start-"));
  });
  afterEach(() => rm(checkout, { recursive: true, force: true }));
  const run = (...args: string[]): string => {
    const who = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
    return execFileSync("git", [...who, ...args], { cwd: checkout, encoding: "utf8" }).trim();
  };

  test("is expanded by the repository in the working directory", async () => {
    run("init", "--quiet");
    run("commit", "--quiet", "--allow-empty", "-m", "one");
    const sha = run("rev-parse", "HEAD");
    const args = ["start", "hello", "--commit", sha.slice(0, 8)];
    expect((await tandem(args, { url: api.url, cwd: checkout })).code).toBe(0);
    expect(bodies()[0].commit).toBe(sha);
  });

  test.each([
    ["0123456", /no commit of the repository in .* is abbreviated as 0123456: give all 40 digits/],
    ["HEAD", /"HEAD" is no commit: give its 40 hexadecimal digits/],
    ["--all", /"--all" is no commit/],
  ])("%s is refused, and nothing is sent", async (commit, message) => {
    run("init", "--quiet");
    const { code, err } = await tandem(["start", "hello", `--commit=${commit}`], {
      url: api.url,
      cwd: checkout,
    });
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(api.seen).toEqual([]);
  });

  test("a branch of that name is not what is meant", async () => {
    run("init", "--quiet");
    run("commit", "--quiet", "--allow-empty", "-m", "one");
    const other = run("rev-parse", "HEAD").startsWith("beef") ? "cafe" : "beef";
    run("branch", other);
    const { code } = await tandem(["start", "hello", "--commit", other], { url: api.url, cwd: checkout });
    expect(code).toBe(2);
  });
});
