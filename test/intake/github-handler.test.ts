import { describe, expect, test } from "@jest/globals";
import { admit } from "../../shared/admit.ts";
import { loadRun } from "../../shared/advance.ts";
import { findAccepted, openRun } from "../../shared/open-run.ts";
import { deletion, ping, pullRequest, push, release, repository, sha } from "./payloads.ts";
import { atGitHub, outcomes, waiting, webhook } from "./webhook-setting.ts";

describe("a delivery that a pipeline wants", () => {
  test("is accepted, stored before the answer, and opened by another function", async () => {
    const { send, store, opened } = webhook();
    expect(await send(push())).toEqual({ status: 202, body: { accepted: ["hello-1"] } });
    expect(await waiting(store)).toMatchObject([
      {
        runId: "hello-1",
        deliveryId: "delivery-1",
        revision: { repository: "acme/hello", ref: "refs/heads/main", commit: sha("b"), before: sha("a") },
        people: { author: "ada", committer: "web-flow", pusher: "ada" },
        trigger: { type: "push" },
      },
    ]);
    expect(opened).toEqual(["hello hello-1"]);
  });

  test("twice is one run, whose id is said again; it is opened once", async () => {
    const { send, opened } = webhook();
    const answers = [await send(push()), await send(push()), await send(push())];
    for (const answer of answers) expect(answer).toEqual({ status: 202, body: { accepted: ["hello-1"] } });
    expect(opened).toEqual(["hello hello-1"]);
  });

  test("and that tells of a commit that has its run is ignored, on record", async () => {
    const { send, store, deps } = webhook();
    await send(push());
    await admit(deps, "hello");
    const ignored = "commit bbbbbbb of main has its run already: hello-1";
    expect(await send(push(), { id: "delivery-2" })).toEqual({
      status: 202,
      body: { accepted: [], ignored: `hello: ${ignored}` },
    });
    expect((await outcomes(store, "b")).map(({ id, outcome }) => [id, outcome])).toEqual([
      ["delivery-1", { runId: "hello-1" }],
      ["delivery-2", { ignored }],
    ]);
    // The first one again is what it was.
    expect(await send(push())).toEqual({ status: 202, body: { accepted: ["hello-1"] } });
    expect(await waiting(store)).toHaveLength(1);
  });

  test("and that comes at once with another one of the same commit has a run that ends when it is opened", async () => {
    const { send, store, deps } = webhook();
    await send(push());
    expect(await send(push(), { id: "delivery-2" })).toEqual({
      status: 202,
      body: { accepted: ["hello-2"] },
    });
    const started = await findAccepted(deps, "hello-2");
    if (started === undefined) throw new Error("hello-2 was not accepted");
    const gone = () => Promise.reject(new Error("nobody asks GitHub about a double"));
    const source = { head: gone, commit: gone, changedFiles: gone, relation: gone, branches: gone };
    expect(await openRun({ ...deps, perform: async () => ({ events: [], wake: [] }) }, started, source)).toBe(
      true,
    );
    expect((await loadRun(store, "hello-2")).run?.status).toEqual({
      status: "stopped",
      reason: "commit bbbbbbb of main has its run already: hello-1",
    });
  });

  test("stands when the opening cannot be asked for: the sweep does it", async () => {
    const { send, lines } = webhook({ open: () => Promise.reject(new Error("Lambda is not well")) });
    expect(await send(push())).toEqual({ status: 202, body: { accepted: ["hello-1"] } });
    expect(lines).toContainEqual(
      expect.objectContaining({ runId: "hello-1", error: "Error: Lambda is not well" }),
    );
  });

  test("makes a run of each pipeline that wants it, under that pipeline's name of the repository", async () => {
    const pipelines = [
      atGitHub(),
      atGitHub({ repository: "Acme/Hello" }, "twin"),
      atGitHub({ branches: ["release/*"] }, "later"),
      atGitHub({ repository: "acme/other" }, "other"),
    ];
    const { send, store } = webhook({ pipelines });
    expect(await send(push())).toEqual({ status: 202, body: { accepted: ["hello-1", "twin-1"] } });
    expect(await waiting(store, "twin")).toMatchObject([{ revision: { repository: "Acme/Hello" } }]);
  });
});

describe("each event", () => {
  const ALL = atGitHub({ tags: ["v*"], pullRequests: "build-only", forks: "build-only", releases: true });

  test.each([
    ["push of a branch", "push", push(), { type: "push" }, "refs/heads/main"],
    ["push of a tag", "push", push({ ref: "refs/tags/v1" }), { type: "push" }, "refs/tags/v1"],
    ["forced push", "push", push({ forced: true }), { type: "push" }, "refs/heads/main"],
    [
      "pull request",
      "pull_request",
      pullRequest(),
      { type: "pull-request", number: 7, fork: false },
      "refs/pull/7/head",
    ],
    [
      "pull request from a fork",
      "pull_request",
      pullRequest({ from: "mallory/hello" }),
      { type: "pull-request", number: 7, fork: true },
      "refs/pull/7/head",
    ],
    ["release", "release", release(), { type: "release" }, "refs/tags/v1.2.0"],
  ])("%s starts a run", async (_what, event, payload, trigger, ref) => {
    const { send, store } = webhook({ pipelines: [ALL], api: async () => ({ sha: sha("b") }) });
    expect(await send(payload, { event })).toEqual({ status: 202, body: { accepted: ["hello-1"] } });
    expect(await waiting(store)).toMatchObject([{ trigger, revision: { ref } }]);
  });

  test.each([
    ["ping", ping(), ALL, "pong: the webhook is set up"],
    ["push", deletion("refs/heads/main"), ALL, "refs/heads/main of acme/hello was deleted"],
    ["push", push({ ref: "refs/heads/x" }), ALL, "hello follows the branches main"],
    ["push", push({ ref: "refs/tags/x" }), ALL, "hello follows the tags v*"],
    ["push", push({ ref: "refs/tags/v1" }), atGitHub(), "hello follows no tags"],
    [
      "push",
      push({ repository: repository("acme/hello2") }),
      ALL,
      "no pipeline follows the repository acme/hello2 at GitHub",
    ],
    ["pull_request", pullRequest(), atGitHub(), "hello builds no pull requests"],
    [
      "pull_request",
      pullRequest({ from: "mallory/hello" }),
      atGitHub({ pullRequests: "build-only" }),
      "hello builds no pull requests from forks",
    ],
    ["pull_request", pullRequest({ base: "next" }), ALL, "hello follows the branches main"],
    [
      "pull_request",
      pullRequest({ action: "closed" }),
      ALL,
      "pull request 7 of acme/hello was closed: nothing to build",
    ],
    ["release", release(), atGitHub(), "hello starts nothing for releases"],
    ["release", release("published", "x1"), ALL, "hello follows the tags v*"],
    ["release", release("edited"), ALL, "release v1.2.0 of acme/hello was edited, not published"],
    [
      "issues",
      { action: "opened" },
      ALL,
      "issues events start nothing: Tandem follows push, pull_request and release",
    ],
    ["push", push(), atGitHub({ ignoreAuthors: ["Ada"] }), "commits of Ada are ignored"],
    [
      "push",
      push(),
      atGitHub({ ignoreAuthors: ["ada@example.com"] }),
      "commits of ada@example.com are ignored",
    ],
  ])("%s that nobody wants is answered with the reason", async (event, payload, pipeline, ignored) => {
    const { send, store, opened, lines } = webhook({ pipelines: [pipeline] });
    expect(await send(payload, { event })).toEqual({ status: 202, body: { accepted: [], ignored } });
    expect(opened).toEqual([]);
    expect(await waiting(store)).toEqual([]);
    expect(lines).toMatchObject([{ level: "INFO", reason: ignored }]);
  });

  test.each([
    ["push", push({ ref: "refs/heads/x" }), "b"],
    ["push", deletion("refs/heads/main"), "a"],
    ["pull_request", pullRequest({ action: "closed" }), "d"],
    ["push", push({ repository: repository("acme/else") }), "b"],
  ])("%s that is ignored is on record with its commit", async (event, payload, letter) => {
    const { send, store } = webhook();
    const { body } = await send(payload, { event });
    const { ignored } = body as { ignored: string };
    expect(await outcomes(store, letter)).toEqual([
      {
        id: "delivery-1",
        pipeline: "-",
        trigger: event === "push" ? "push" : "pull-request",
        outcome: { ignored },
      },
    ]);
  });
});

describe("what GitHub is asked before the answer", () => {
  const PATHS = atGitHub({ paths: ["src/**"] });

  test("the whole difference, when paths are to be held against it", async () => {
    const asked: string[] = [];
    const changedFiles = async (from: string, to: string) => {
      asked.push(`${from[0]}..${to[0]}`);
      return ["docs/a.md"];
    };
    const { send } = webhook({ pipelines: [PATHS], changedFiles });
    expect(await send(push())).toEqual({
      status: 202,
      body: { accepted: [], ignored: "hello: no changed file matches the paths src/**" },
    });
    expect(asked).toEqual(["a..b"]);
  });

  test.each([
    ["is silent", () => new Promise<never>(() => {}), "no answer within 50 ms"],
    ["fails", () => Promise.reject(new Error("GitHub answered 502")), "GitHub answered 502"],
  ])("builds when GitHub %s, and says so", async (_what, changedFiles, reason) => {
    const { send, lines } = webhook({ pipelines: [PATHS], changedFiles });
    expect(await send(push())).toEqual({ status: 202, body: { accepted: ["hello-1"] } });
    expect(lines[0]).toMatchObject({ level: "WARN", reason });
  });

  test("which commit a release's tag is", async () => {
    const asked: string[] = [];
    const api = async (path: string) => {
      asked.push(path);
      return { sha: sha("e") };
    };
    const { send, store } = webhook({ pipelines: [atGitHub({ releases: true })], api });
    await send(release("published", "a b".replace(" ", "/")), { event: "release" });
    expect(asked).toEqual(["/repos/acme/hello/commits/tags/a/b?per_page=1"]);
    expect(await waiting(store)).toMatchObject([{ revision: { commit: sha("e") } }]);
  });

  test.each([
    ["is silent", () => new Promise<never>(() => {})],
    ["knows no such tag", () => Promise.reject(new Error("404"))],
    ["answers with something else", async () => ({ sha: "main" })],
  ])("and leaves the release to the tag's own push when GitHub %s", async (_what, api) => {
    const { send, opened } = webhook({ pipelines: [atGitHub({ releases: true })], api });
    const { status, body } = await send(release(), { event: "release" });
    expect(status).toBe(202);
    expect(body).toEqual({ accepted: [], ignored: expect.stringMatching(/^GitHub did not say in time/) });
    expect(opened).toEqual([]);
  });
});
