import { describe, expect, test } from "@jest/globals";
import { readPipeline } from "../../shared/effects/pipeline-stream.ts";
import { memoryStore } from "../../shared/store/memory-store.ts";
import type { Store } from "../../shared/store/stream-store.ts";
import { deletion, ping, pullRequest, push, release, repository, sha } from "./payloads.ts";
import { atGitHub, hmac, SECRET, webhook } from "./webhook-setting.ts";

const outcomes = async (store: Store, letter: string) =>
  (await store.deliveries.ofCommit(sha(letter))).map(({ id, pipeline, trigger, outcome }) => ({
    id,
    pipeline,
    trigger,
    outcome,
  }));

describe("a delivery that a pipeline wants", () => {
  test("is accepted, stored before the answer, and opened by another function", async () => {
    const { send, store, opened } = webhook();
    expect(await send(push())).toEqual({ status: 202, body: { accepted: ["hello-1"] } });
    const { state } = await readPipeline(store, "hello");
    expect(state.opening).toMatchObject([
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

  test("and that tells of a commit known by another one is ignored, on record", async () => {
    const { send, store } = webhook();
    await send(push());
    const ignored = "hello: commit bbbbbbb of main has its run already: hello-1";
    expect(await send(push(), { id: "delivery-2" })).toEqual({
      status: 202,
      body: { accepted: [], ignored },
    });
    expect(await outcomes(store, "b")).toMatchObject([{ id: "delivery-2", pipeline: "hello" }]);
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
    const { state } = await readPipeline(store, "twin");
    expect(state.opening[0]?.revision.repository).toBe("Acme/Hello");
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
    const { state } = await readPipeline(store, "hello");
    expect(state.opening).toMatchObject([{ trigger, revision: { ref } }]);
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
    expect((await readPipeline(store, "hello")).version).toBe(0);
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
    expect((await readPipeline(store, "hello")).state.opening[0]?.revision.commit).toBe(sha("e"));
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

describe("a signature", () => {
  const body = JSON.stringify(push());

  test("holds for a body that the gateway sends in base64, and for a form", async () => {
    const { send } = webhook();
    expect((await send(push(), { base64: true })).status).toBe(202);
    const form = `payload=${encodeURIComponent(body)}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect(await send(form, { base64: true, headers })).toEqual({
      status: 202,
      body: { accepted: ["hello-1"] },
    });
  });

  test.each([
    ["is wrong", { secret: "guessed" }],
    ["is missing", { headers: { "x-hub-signature-256": "" } }],
    [
      "is SHA-1 only",
      { headers: { "x-hub-signature-256": "", "x-hub-signature": hmac("sha1", SECRET, body) } },
    ],
    ["is SHA-1 in the place of SHA-256", { headers: { "x-hub-signature-256": hmac("sha1", SECRET, body) } }],
    ["is another body's", { headers: { "x-hub-signature-256": hmac("sha256", SECRET, `${body} `) } }],
  ])("that %s is refused: nothing recorded but a counted refusal", async (_what, sent) => {
    const { send, store, opened, lines } = webhook();
    const { status, body: answer } = await send(push(), sent);
    expect(status).toBe(401);
    expect(answer).toMatchObject({ error: { code: "bad-signature" } });
    expect(opened).toEqual([]);
    expect(await outcomes(store, "b")).toEqual([]);
    expect((await readPipeline(store, "hello")).version).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      WebhookRefused: 1,
      service: "tandem",
      _aws: {
        CloudWatchMetrics: [
          {
            Namespace: "Tandem",
            Dimensions: [["service"]],
            Metrics: [{ Name: "WebhookRefused", Unit: "Count" }],
          },
        ],
      },
    });
  });

  test("is refused, and not an error, when no secret has been set", async () => {
    const { send } = webhook({ secret: async () => ({}) });
    expect((await send(push())).status).toBe(401);
  });

  test("is not looked at before it is one: the secret is not read for it", async () => {
    const { send } = webhook({ secret: () => Promise.reject(new Error("not to be read")) });
    expect((await send(push(), { headers: { "x-hub-signature-256": "sha1=00" } })).status).toBe(401);
  });

  test("by either secret holds during a rotation; one that was rotated in holds at once", async () => {
    let now = 0;
    let reads = 0;
    let webhookSecrets = ["old"];
    const secret = async () => {
      reads += 1;
      return { webhookSecrets };
    };
    const { send } = webhook({ secret, now: () => now });
    const status = async (by: string) => (await send(ping(), { event: "ping", secret: by })).status;
    expect([await status("old"), reads]).toEqual([202, 1]);

    webhookSecrets = ["old", "new"];
    expect([await status("new"), reads]).toEqual([401, 1]);
    now = 30_000;
    expect([await status("new"), reads]).toEqual([202, 2]);
    expect([await status("old"), reads]).toEqual([202, 2]);

    webhookSecrets = ["new"];
    expect([await status("guess"), await status("guess"), reads]).toEqual([401, 401, 2]);
    now = 30_000 + 5 * 60_000;
    expect([await status("old"), await status("new"), reads]).toEqual([401, 202, 3]);
  });
});

describe("what GitHub would not send is refused with a reason", () => {
  test.each([
    ["no JSON", "{", {}, "the body is no JSON"],
    ["nothing", "", {}, "the body is no JSON"],
    [
      "another event's body",
      ping(),
      {},
      /^the header X-GitHub-Event says push, but the body is that of a ping/,
    ],
    ["no event", push(), { headers: { "x-github-event": "" } }, "the header X-GitHub-Event is missing"],
    ["no delivery", push(), { id: "" }, "the header X-GitHub-Delivery is missing or no id"],
    ["a strange delivery", push(), { id: "a b" }, "the header X-GitHub-Delivery is missing or no id"],
    ["a bad name", push({ ref: "refs/heads/a b" }), {}, /is no name that git allows/],
  ])("%s", async (_what, payload, sent, message) => {
    const { send, store } = webhook();
    const { status, body } = await send(payload, sent);
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        code: "bad-delivery",
        message: typeof message === "string" ? message : expect.stringMatching(message),
      },
    });
    expect(await outcomes(store, "b")).toEqual([]);
  });

  test("an enormous body, before anything else is done with it", async () => {
    const { send } = webhook({ secret: () => Promise.reject(new Error("not to be read")) });
    const { status, body } = await send(`"${"x".repeat(25 * 1024 * 1024)}"`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: { message: "the body is larger than GitHub sends: 25 MB" } });
  });
});

describe("an error of ours", () => {
  test("is 500 without its details, which are in the log", async () => {
    const { send, lines } = webhook({
      secret: () => Promise.reject(new Error("AccessDenied on arn:secret")),
    });
    const { status, body } = await send(push());
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("arn:secret");
    expect(lines).toContainEqual(expect.objectContaining({ level: "ERROR", delivery: "delivery-1" }));
  });

  test("in one pipeline does not keep another's run from being opened", async () => {
    const store = memoryStore();
    const broken: Store = {
      ...store,
      streams: {
        ...store.streams,
        append: (stream, ...parameters) =>
          stream === "pipeline#broken"
            ? Promise.reject(new Error("the power went"))
            : store.streams.append(stream, ...parameters),
      },
    };
    const both = webhook({ store: broken, pipelines: [atGitHub({}, "broken"), atGitHub()] });
    expect((await both.send(push())).status).toBe(500);
    expect(both.opened).toEqual(["hello hello-1"]);
    // Redelivered when the cause is mended, it is the same run, and the other one's first.
    const mended = webhook({ store, pipelines: [atGitHub({}, "broken"), atGitHub()] });
    expect(await mended.send(push())).toEqual({
      status: 202,
      body: { accepted: ["broken-1", "hello-1"] },
    });
  });
});
