import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { isOver, type Run } from "./support/api.ts";
import { andThen, sweptInto } from "./support/functions.ts";
import { GitHub, postWebhook, pushOf, signature } from "./support/github.ts";
import { eventually } from "./support/poll.ts";
import { describeWith, output } from "./support/tools.ts";
import { application, git, WorkingCopy } from "./support/working-copy.ts";
import { openWorld, seed, type World } from "./support/world.ts";

const PIPELINE = `name: hello
source:
  github:
    repository: acme/hello
    branches: [main]
    tags: ["v*"]
    pullRequests: build-only
    forks: build-only
    releases: true
images:
  - name: hello
stages:
  - name: staging
    url: https://staging.example.com
    deploy:
      - ecs: { cluster: staging, service: web, containers: { web: hello } }
`;

let world: World;
let github: GitHub;
let copy: WorkingCopy;
beforeAll(async () => {
  world = await openWorld({ pipelines: { "hello.yml": PIPELINE } });
  github = new GitHub(world.url, "acme/hello");
  await github.ask("POST", "/orgs/acme/repos", { name: "hello" });
  copy = await WorkingCopy.clone(github.address(), join(world.folder, "acme"));
  await seed(world, ["staging"]);
}, 90_000);
afterAll(() => world?.close(), 30_000);

let version = 0;

/** Another version on main, pushed as octocat does. */
async function pushed(): Promise<string> {
  version += 1;
  const commit = await copy.commit(application(version));
  await git(copy.folder, ["push", "--quiet", "origin", "main"]);
  return commit;
}

const ended = (id: string): Promise<Run> => world.api.until(id, isOver);

/** What has been recorded of a commit. */
async function recorded(commit: string) {
  const { body } = await world.api.send("GET", `/api/commits/${commit}`);
  const record = z.object({ trigger: z.string(), outcome: z.unknown() });
  return z.object({ deliveries: z.array(record) }).parse(body).deliveries;
}

const callsOf = async (operation: string): Promise<number> =>
  (await world.control.calls()).filter((call) => call.operation === operation).length;

async function imagesInRegistry(): Promise<readonly string[]> {
  const { imageIds = [] } = await world.aws.ecr.listImages({ repositoryName: "hello" });
  return imageIds.map(({ imageDigest, imageTag }) => `${imageDigest} ${imageTag ?? ""}`).sort();
}

/** The names of the CodeBuild projects that built a run. */
async function projectsOf(run: Run): Promise<readonly string[]> {
  const ids = run.images.flatMap(({ builds }) => builds.flatMap(({ buildId }) => buildId ?? []));
  const { builds = [] } = await world.aws.codeBuild.batchGetBuilds({ ids });
  return builds.map(({ projectName = "" }) => projectName).sort();
}

async function proposed(head: string, login?: string): Promise<{ readonly number: number }> {
  const wanted = { title: `From ${head}`, head, base: "main" };
  return z.object({ number: z.number() }).parse(await github.of("POST", "/pulls", wanted, login));
}

describe("a push to GitHub", () => {
  let first: Run;

  test("is answered with its run, delivered, and shown beside the commit", async () => {
    const commit = await pushed();
    const delivery = await github.delivered("push", commit);
    expect(await github.answerTo(delivery)).toEqual({ status: 202, accepted: ["hello-1"] });
    first = await ended("hello-1");
    expect(first).toMatchObject({
      status: "succeeded",
      commit,
      stages: [{ name: "staging", services: [{ tasks: { x86_64: 2, arm64: 2 } }] }],
    });
    const digest = await world.registry.digestOf("main");
    expect(digest).toBe(first.images[0]?.indexDigest);
    const { manifests } = await world.registry.index(digest ?? "");
    expect(manifests.map(({ platform }) => platform.architecture).sort()).toEqual(["amd64", "arm64"]);
    expect(await github.settledChecks(commit, 4)).toEqual({
      "tandem/hello: hello linux/amd64": "success",
      "tandem/hello: hello linux/arm64": "success",
      "tandem/hello: hello index": "success",
      "tandem/hello: staging": "success",
    });
    const shown = await eventually(async () => {
      const found = await github.deployments(commit);
      return found.some(({ state }) => state === "in_progress") ? undefined : found;
    }, `the end of the deployment of ${commit} at GitHub`);
    expect(shown).toEqual([
      { environment: "staging", state: "success", environment_url: "https://staging.example.com" },
    ]);
  });

  test("makes no second run when it is delivered again", async () => {
    const delivery = await github.delivered("push", first.commit);
    expect(await github.redeliver(delivery)).toEqual({ status: 202, accepted: ["hello-1"] });
    expect(await world.api.runs()).toHaveLength(1);
    expect(await recorded(first.commit)).toMatchObject([{ outcome: { runId: "hello-1" } }]);
  });
});

const postSigned = (event: string, body: string) =>
  postWebhook(world.url, event, body, { "x-hub-signature-256": signature(body) });

describe("a request with a hand-made signature", () => {
  let commit: string;
  let body: string;
  beforeAll(async () => {
    const before = await git(copy.folder, ["rev-parse", "HEAD"]);
    version += 1;
    commit = await copy.commit(application(version));
    body = pushOf(commit, before);
  });

  test.each([
    ["none", () => ({})],
    ["one with another secret", () => ({ "x-hub-signature-256": signature(body, "guessed") })],
    ["one of another body", () => ({ "x-hub-signature-256": signature(`${body} `) })],
    ["SHA-1 only", () => ({ "x-hub-signature": signature(body, undefined, "sha1") })],
    ["SHA-1 in the header of SHA-256", () => ({ "x-hub-signature-256": signature(body, undefined, "sha1") })],
  ])("is refused with 401, and nothing is recorded: %s", async (_, headers) => {
    const answer = await postWebhook(world.url, "push", body, headers());
    expect(answer).toMatchObject({ status: 401, body: { error: { code: "bad-signature" } } });
    expect(await recorded(commit)).toEqual([]);
  });

  test.each([
    ["a body that is no JSON", "push", () => "{"],
    ["the body of another event", "pull_request", () => body],
    ["a body without its fields", "push", () => "{}"],
    ["a ref that is none", "push", () => body.replace("heads/main", "heads/a..b")],
  ])("is refused with 400: %s", async (_, event, text) => {
    expect(await postSigned(event, text())).toMatchObject({
      status: 400,
      body: { error: { code: "bad-delivery", message: expect.any(String) } },
    });
    expect(await recorded(commit)).toEqual([]);
  });

  test("is refused with 400 when it is larger than 5 MiB, by the gateway when Lambda or itself takes no more", async () => {
    const large = (mebibytes: number) => postSigned("push", body + " ".repeat(mebibytes * 1024 * 1024));
    expect(await large(5)).toMatchObject({
      status: 400,
      body: {
        error: { code: "too-large", message: expect.stringContaining("the sweep finds the branch's head") },
      },
    });
    expect(await large(7)).toMatchObject({ status: 413 });
    expect(await large(10)).toMatchObject({ status: 413 });
    expect(await recorded(commit)).toEqual([]);
  });

  test.each([
    [
      "issues",
      { action: "opened" },
      "issues events start nothing: Tandem follows push, pull_request and release",
    ],
    ["ping", { zen: "Be calm.", hook_id: 1 }, "pong: the webhook is set up"],
  ])("is answered with 202 and a reason: %s", async (event, content, ignored) => {
    expect(await postSigned(event, JSON.stringify(content))).toEqual({
      status: 202,
      body: { accepted: [], ignored },
    });
  });

  test("starts a run when it is right", async () => {
    await github.lose("push");
    await git(copy.folder, ["push", "--quiet", "origin", "main"]);
    expect(await postSigned("push", body)).toEqual({ status: 202, body: { accepted: ["hello-2"] } });
    expect(await ended("hello-2")).toMatchObject({ status: "succeeded", commit });
    expect(await recorded(commit)).toMatchObject([{ outcome: { runId: "hello-2" } }]);
  });

  describeWith("curl")("sent with curl", () => {
    test("is the same delivery, and no second run", async () => {
      const headers = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-hub-signature-256": signature(body),
      };
      const lines = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
      const said = await output("curl", [
        ...["--silent", "--noproxy", "*", ...lines, "--data-binary", body],
        ...["--write-out", "%{http_code}", `${world.url}/webhooks/github`],
      ]);
      expect(said).toMatch(/has its run already: hello-2"\}202$/);
    });
  });
});

describe("a pull request", () => {
  test("of the repository itself is built, and neither tagged nor deployed", async () => {
    const [updates, tags] = [await callsOf("UpdateService"), await world.registry.digestOf("main")];
    await git(copy.folder, ["switch", "--quiet", "--create", "feature"]);
    const commit = await copy.commit(application(100));
    await git(copy.folder, ["push", "--quiet", "origin", "feature"]);
    await git(copy.folder, ["switch", "--quiet", "main"]);
    const push = await github.answerTo(await github.delivered("push", commit));
    expect(push).toMatchObject({ accepted: [], ignored: "hello follows the branches main" });

    await proposed("feature");
    const { status, accepted } = await github.answerTo(await github.delivered("pull_request", commit));
    expect({ status, accepted }).toEqual({ status: 202, accepted: ["hello-3"] });
    const run = await ended("hello-3");
    expect(run).toMatchObject({ status: "succeeded", commit });
    expect(run.images[0]?.builds.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect(await projectsOf(run)).toEqual([
      expect.stringMatching(/-arm64$/),
      expect.stringMatching(/-x86-64$/),
    ]);
    expect(await callsOf("UpdateService")).toBe(updates);
    expect(await world.registry.digestOf("main")).toBe(tags);
    expect(await github.settledChecks(commit, 2)).toEqual({
      "tandem/hello: hello linux/amd64": "success",
      "tandem/hello: hello linux/arm64": "success",
    });
    expect(await github.deployments(commit)).toEqual([]);
  });

  test("of a fork is built where nothing can be pushed", async () => {
    const [updates, images] = [await callsOf("UpdateService"), await imagesInRegistry()];
    await github.of("POST", "/forks", {}, "mona");
    await git(copy.folder, ["switch", "--quiet", "--create", "idea"]);
    const commit = await copy.commit(application(200));
    await git(copy.folder, ["push", "--quiet", github.address("mona/hello"), "idea"]);
    await git(copy.folder, ["switch", "--quiet", "main"]);

    await proposed("mona:idea", "mona");
    const { status, accepted } = await github.answerTo(await github.delivered("pull_request", commit));
    expect({ status, accepted }).toEqual({ status: 202, accepted: ["hello-4"] });
    const run = await ended("hello-4");
    expect(run).toMatchObject({ status: "succeeded", commit });
    expect(await projectsOf(run)).toEqual([
      expect.stringMatching(/-arm64-untrusted$/),
      expect.stringMatching(/-x86-64-untrusted$/),
    ]);
    expect(await imagesInRegistry()).toEqual(images);
    expect(await callsOf("UpdateService")).toBe(updates);
  });
});

test("a published release and the push of its tag are built and delivered once: the second says so, and ends", async () => {
  await github.of("POST", "/releases", { tag_name: "v1.0.0", target_commitish: "main" });
  const commit = await git(copy.folder, ["rev-parse", "main"]);
  const [push, release] = await Promise.all([
    github.delivered("push", "refs/tags/v1.0.0"),
    github.delivered("release", "v1.0.0"),
  ]);
  const answers = [await github.answerTo(push), await github.answerTo(release)];
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  const accepted = [...new Set(answers.flatMap((answer) => answer.accepted))].sort();
  expect(accepted[0]).toBe("hello-5");
  expect(await ended("hello-5")).toMatchObject({ status: "succeeded", commit });
  for (const again of accepted.slice(1)) {
    expect(await ended(again)).toMatchObject({
      status: "stopped",
      reason: expect.stringContaining("has its run already: hello-5"),
    });
  }
});

test("a push that arrives after a later one ends at once: the newest stays deployed", async () => {
  const before = await git(copy.folder, ["rev-parse", "main"]);
  const [older, newest] = [await copy.commit(application(300)), await pushed()];
  const { accepted } = await github.answerTo(await github.delivered("push", newest));
  const run = await ended(accepted[0] ?? "");
  expect(run).toMatchObject({ status: "succeeded", commit: newest });

  const late = z
    .object({ accepted: z.tuple([z.string()]) })
    .parse((await postSigned("push", pushOf(older, before))).body);
  expect(await ended(late.accepted[0])).toMatchObject({
    status: "stopped",
    reason: `commit ${older.slice(0, 7)} is no longer the tip of main: ${newest.slice(0, 7)} is`,
    images: [{ builds: [{ status: "pending" }, { status: "pending" }] }],
  });
  expect(await world.registry.digestOf("main")).toBe(run.images[0]?.indexDigest);
});

test("a push whose webhook is lost is started by the sweep", async () => {
  const { api, aws, control } = world;
  const swept = () =>
    andThen(aws, /sweep/, async () => {
      await control.runSchedules();
      return 1;
    });
  // The first look only remembers what is there.
  await swept();
  const before = await api.runs();
  await github.lose("push");
  const commit = await pushed();
  await swept();
  const id = await api.runOf(commit);
  expect(await ended(id)).toMatchObject({ status: "succeeded", commit });
  expect(await recorded(commit)).toMatchObject([{ trigger: "head", outcome: { runId: id } }]);
  // Redelivered by hand afterwards, it is no news.
  const late = await github.redeliver(await github.delivered("push", commit));
  expect(late).toMatchObject({ accepted: [], ignored: expect.stringContaining(`already: ${id}`) });
  expect(await api.runs()).toHaveLength(before.length + 1);
});

test("a tag and a pull request whose webhooks are lost are started by the sweep", async () => {
  // The first look only remembers what is there.
  await andThen(world.aws, /sweep/, async () => {
    await world.control.runSchedules();
    return 1;
  });
  await git(copy.folder, ["checkout", "--quiet", "-b", "unheard"]);
  const tagged = await copy.commit(application(version + 50));
  await git(copy.folder, ["tag", "v50.0.0"]);
  await github.lose("push");
  await git(copy.folder, ["push", "--quiet", "origin", "v50.0.0"]);
  const proposedCommit = await copy.commit(application(version + 51));
  await git(copy.folder, ["push", "--quiet", "origin", "unheard"]);
  await github.lose("pull_request");
  await proposed("unheard");
  const built = await ended(await sweptInto(world, proposedCommit));
  expect(built.reason).toMatch(/pull requests are not deployed$/);
  expect(await ended(await sweptInto(world, tagged))).toMatchObject({ status: "succeeded" });
  await git(copy.folder, ["checkout", "--quiet", "main"]);
});
